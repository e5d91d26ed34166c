"""A scoring service without its wire: campaigns, raters and a clock that a test turns."""

from dataclasses import dataclass, field
from typing import Any

from madseg.labelling.scoring import assignments, campaigns, choosing, judgements, kept, vetoes
from madseg.labelling.scoring.assignments import Assignment, Tally
from madseg.labelling.scoring.campaigns import Progress
from madseg.labelling.scoring.choosing import ChosenSets
from madseg.labelling.scoring.errands import Errands
from madseg.labelling.scoring.judgements import Said
from madseg.labelling.scoring.opinions import Opinion, Opinions
from madseg.labelling.scoring.plan import Plan
from madseg.ports import Database
from tests.labelling.fakes import FakeNeighbours

SECOND = 1_000_000
"""In the clock's microseconds."""


@dataclass
class Desk:
    """What raters and operators can do, at the time that `now` says."""

    database: Database
    neighbours: FakeNeighbours
    now: int = 1_700_000_000 * SECOND
    opinions_of: Opinions = field(init=False)

    def __post_init__(self) -> None:
        self.opinions_of = Opinions(self.database)

    def open(self, set_id: str = "", *, key: str = "", asked: bytes | None = None, **plan: Any) -> Progress:
        """Opens a campaign; what the plan doesn't say is small: no test set, no repeats."""
        wanted = {"seed": 7, "test_reserved": 0, "test_reported": 0, "repeat_share": 0.0, "counterexamples": 3, **plan}
        made = Plan(**wanted)
        said = {"who": "otto", "note": "", "key": key}
        return campaigns.create(self.database, self.neighbours, set_id, made, **said, now=self.now, asked=asked)

    def take(self, rater: str, count: int = 1, campaign: str = "") -> list[Assignment]:
        """What the rater then holds."""
        return assignments.take(self.database, campaign, rater, count, self.now)[0]

    def tally(self, rater: str, campaign: str = "") -> Tally:
        """The rater's counts."""
        with self.database.snapshot() as tx:
            return assignments.tally(tx, kept.campaign(tx, campaign), rater)

    def grade(self, rater: str, assignment: Assignment, grade: int = 3) -> Tally:
        """Grades an image."""
        return self.say(rater, assignment, Said(grade=grade))

    def veto(self, rater: str, assignment: Assignment, reason: str = "corrupt") -> Tally:
        """Vetoes an image."""
        return self.say(rater, assignment, Said(reason=reason))

    def say(self, rater: str, assignment: Assignment, said: Said) -> Tally:
        """Judges an image."""
        self.now += SECOND
        return judgements.judge(self.database, rater, assignment.id, said, 0, self.now)

    def undo(self, rater: str, campaign: str = "") -> Assignment:
        """Takes the rater's last judgement back."""
        self.now += SECOND
        return judgements.undo(self.database, campaign, rater, self.now)

    def revoke(self, image_id: str, campaign: str = "") -> int:
        """Takes an image's vetoes back."""
        return vetoes.revoke(self.database, campaign, image_id, "otto", self.now)

    def progress(self, campaign: str = "") -> Progress:
        """How far a campaign has come."""
        with self.database.snapshot() as tx:
            return campaigns.progress(tx, kept.campaign(tx, campaign), self.now)

    def opinions(self, campaign: str = "") -> list[Opinion]:
        """All of them, in the order of S."""
        return self.opinions_of.page(campaign, 1000, "")[0]

    def choose(self, campaign: str = "", *, allow_incomplete: bool = False) -> ChosenSets:
        """Chooses S and T."""
        return choosing.choose(self.database, campaign, self.now, allow_incomplete=allow_incomplete)

    def chosen(self, campaign: str = "") -> ChosenSets:
        """What was chosen, as it stands now."""
        with self.database.snapshot() as tx:
            return choosing.chosen(tx, kept.campaign(tx, campaign, kept.CLOSED))

    def run_errands(self) -> None:
        """Tells the selector all that it has to be told."""
        errands = Errands(self.database, self.neighbours, lambda: self.now)
        while errands():
            pass

    def score_all(self, grades: dict[str, list[int]], campaign: str = "") -> None:
        """Raters r0, r1, ... give each image its grades, as long as they are asked."""
        raters = [f"r{number}" for number in range(max(map(len, grades.values())))]
        while sum(self._one(number, rater, grades, campaign) for number, rater in enumerate(raters)):
            pass  # each of them once, and then again

    def _one(self, number: int, rater: str, grades: dict[str, list[int]], campaign: str) -> bool:
        for assignment in self.take(rater, 1, campaign):
            self.grade(rater, assignment, grades[assignment.image_id][number])
            return True
        return False
