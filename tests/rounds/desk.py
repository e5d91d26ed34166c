"""The service without its server: rounds are begun, and turns taken by hand."""

from dataclasses import replace
from itertools import count

from madseg.client import CampaignPlan, Result, RoundPlan, RunPlan
from madseg.core.messages import VersionRef
from madseg.core.rounds import Step
from madseg.ports import Database
from madseg.rounds import rounds
from madseg.rounds.evaluating import Evaluator
from madseg.rounds.plans import checked
from madseg.rounds.rounds import Beginning, Round
from madseg.rounds.standings import results
from madseg.rounds.steps import Steps
from madseg.rounds.supervise import Supervisor
from tests.rounds.fakes import CLASSES, FakeNeighbours, id_of

PLAN = RoundPlan(
    5,
    CampaignPlan(raters=1, counterexamples=4, test_reserved=3, test_reported=3),
    training=RunPlan(s0="/srv/s0", t0="/srv/t0"),
)


def results_of(database: Database, number: int) -> list[Result]:
    """A test set image by image."""
    found, more = results(database, "small", number, 1000)
    assert not more
    return found


class Desk:
    """`now` is in microseconds and stands still but for `wait`."""

    def __init__(self, database: Database, *, by_itself: bool = True) -> None:
        self.database, self.around = database, FakeNeighbours(by_itself=by_itself)
        self.now, self._ids = 10**15, count(1)
        self.evaluator = Evaluator(database, self.around, CLASSES)
        self.supervisor = Supervisor(
            database,
            self.around,
            Steps(database, self.around, self.evaluator),
            lambda: self.now,
            self.new_id,
            pauses=(0.0,),
            policy_seconds=0.0,
        )

    def new_id(self) -> str:
        """The next round's id."""
        return id_of(f"round {next(self._ids)}")

    def start(self, key: str = "", **changed: object) -> Round:
        """A round that is begun."""
        plan = checked(replace(PLAN, **changed))  # type: ignore[arg-type]

        def begin() -> Beginning:
            found = self.around.target("")
            return Beginning(self.new_id(), VersionRef(found.model, found.version), plan, "otto", key)

        return rounds.start(self.database, key, begin, self.now)

    def turn(self, times: int = 1) -> None:
        """Turns of the supervisor."""
        for _ in range(times):
            self.supervisor()

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += round(seconds * 1e6)

    def round(self, round_id: str = "") -> Round:
        """As it stands."""
        with self.database.snapshot() as tx:
            return rounds.round_of(tx, round_id)

    def until(self, step: Step, times: int = 100) -> Round:
        """The newest round when it has come to a step."""
        for _ in range(times):
            found = self.round()
            if found.step is step:
                return found
            assert found.goes_on, (found.step, found.outcome, found.notes)
            self.turn()
        raise AssertionError(f"the round is still at {found.step}: {found.notes}")

    def to_training(self) -> Round:
        """The newest round when people have done all that it needs them for."""
        self.around.scored(self.until(Step.SCORING).campaign_id)
        self.until(Step.DRAWING)
        self.turn()
        self.around.all_drawn()
        return self.until(Step.TRAINING)
