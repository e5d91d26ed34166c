"""The demo's rounds from the first M to the last T: everything that happens in them, in order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from madseg.cli.output import remark, several
from madseg.client import Client
from madseg.client.values.masks import MaskTask
from madseg.client.values.rounds import Round, RoundOutcome, RoundStep
from madseg.core.errors import Conflict
from madseg.demo.course import Course
from madseg.demo.labelling import gather
from madseg.demo.rounds import Simulated, call_off, carry_through, outcome
from madseg.demo.training_sets import TrainingSets
from madseg.demo.world import Known


@dataclass
class Loop:
    """Rounds over a stream that is in. `clock` says how late it is; `mined` is called when the first M is cut."""

    client: Client
    state: Path
    known: Mapping[str, Known]
    course: Course
    sets: TrainingSets
    clock: Callable[[], str]
    mined: Callable[[Round], None]
    quiet: bool
    rounds: list[Round] = field(default_factory=list)
    lane: list[MaskTask] = field(default_factory=list)

    def __post_init__(self) -> None:
        truths = {image_id: item.truth for image_id, item in self.known.items()}
        people = gather(self.client, self.state / "tokens.json")
        self.simulated = Simulated(self.client, people, truths, self.quiet)
        self._shown = False

    def draw_lane(self, image_ids: set[str]) -> None:
        """Has masks drawn of the random lane, before anybody knows what they will be compared on."""
        chosen = sorted(image_ids)[: self.course.lane]  # ids are hashes: any of them is as good as another
        self._say(f"The random lane: {several(len(chosen), 'image')} of {len(image_ids)}, drawn and checked")
        if chosen:
            self.lane = self.simulated.draw_lane(chosen)

    def run(self) -> None:
        """All rounds, and the one behind the last, which evaluates only.

        Raises:
            Conflict: a round failed; the message has what it said.
        """
        for number in range(1, self.course.rounds + 2):
            last = number > self.course.rounds
            self._say(f"Once more M, scores and T({number})" if last else f"Round {number} of {self.course.rounds}")
            plan = self.course.plan(self.sets, number)
            try:
                done = carry_through(self.client, plan, self._act, self.clock, quiet=self.quiet)
            except BaseException:
                call_off(self.client, self.state / "runs")
                raise
            if done.outcome in (RoundOutcome.FAILED, RoundOutcome.CANCELLED):
                raise Conflict(f"round {number} ended: {outcome(done)}")
            self.rounds.append(done)
            if not last:
                self._say(f"Round {number}: {outcome(done)}")

    def _act(self, now: Round) -> None:
        if now.step is RoundStep.SCORING and not self._shown:
            self._shown = True
            self.mined(now)
        self.simulated.act(now)

    def _say(self, text: str) -> None:
        if not self.quiet:
            remark(f"{self.clock()} {text}")
