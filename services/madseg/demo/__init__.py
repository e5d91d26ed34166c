"""`madseg demo`: the whole main job on a generated world whose truth is known.

folder (made anew), world (the project, the pictures), running (the services, as a child process), streaming (pictures
in, progress), mining and judging (M, and what it is worth), labelling (simulated people score M and draw masks), loop
and rounds (that again and again, with training between), summing_up (Table 1, new against old), staying (the pages,
until Ctrl-C). What is printed: tables, human_tables, round_tables.
"""

import importlib.util
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from madseg.cli.output import headed, remark, show
from madseg.client import Client
from madseg.client.values.rounds import Round
from madseg.core.errors import InvalidInput
from madseg.demo import human_tables
from madseg.demo.course import Course
from madseg.demo.folder import make_anew
from madseg.demo.labelling import label, plan_for
from madseg.demo.loop import Loop
from madseg.demo.mining import Mined, mined, report, report_rounds, show_mined
from madseg.demo.running import Running
from madseg.demo.staying import stay
from madseg.demo.streaming import Streamed, stream
from madseg.demo.summing_up import show_people, show_rounds, sum_up
from madseg.demo.training_sets import write_sets
from madseg.demo.world import LANE, Known, by_id, project, uploads
from madseg.project import remember
from madseg.simulation.taxonomy import TAXONOMY

PER_RANKING = 5
"""n3 of the demo without rounds: images per competitor, defender and class. The paper takes 25 of over 40,000."""


def main(*, output: Path, images: int, course: Course | None = None, quiet: bool = False) -> None:
    """Streams `images` generated images through the shipped networks, reports what they disagree on, and has simulated
    people score and draw what was mined; then the target learns from it, in the rounds of `course`.

    On a terminal the pages stay up at the end, until Ctrl-C.

    Raises:
        Conflict: `output` holds what isn't a demo's, the services don't start, or a round fails; the message says why.
        InvalidInput: there are to be rounds, and torch isn't installed; or the shipped networks aren't here.
    """
    course = course or Course()
    if course.rounds and importlib.util.find_spec("torch") is None:
        raise InvalidInput(
            "rounds train a network and need torch, which isn't installed: `make demo` installs it, `pip install "
            "'.[finetune]'` too, and `madseg demo --rounds 0` does without"
        )
    with _ended_in_order():
        _Demo(output, images, course, quiet).run()


class _Demo:
    """One run of the demo."""

    def __init__(self, output: Path, images: int, course: Course, quiet: bool) -> None:
        self._output, self._state = output, output / "state"
        self._images, self._course, self._quiet = images, course, quiet
        self._began = time.monotonic()
        self._reports = [self._report]

    def run(self) -> None:
        make_anew(self._output)
        settings = project(self._output)
        remember(self._state, settings)
        self._say(f"A generated world of {len(TAXONOMY.ranked)} classes. Starting the services on {self._state}")
        with Running(self._state, settings) as client:
            models = ", ".join(f"{model.name} ({model.role})" for model in client.models())
            self._say(f"Ready, serving {models}")
            self._say(f"Streaming {self._images:,} images, {LANE:.0%} of them into the random lane")
            known: list[Known] = []
            streamed = stream(client, uploads(self._images, known), self._images, quiet=self._quiet)
            if self._course.rounds:
                self._rounds(client, streamed, by_id(streamed, known))
            else:
                self._once(client, streamed, by_id(streamed, known))
            self._say("Done")
            show("", *(headed("Report: ", str(path)) for path in self._reports))
            if sys.stdout.isatty() and not self._quiet:
                stay(self._state)
        show(headed("Pages: ", f"{_command()} up --state {self._state}"))

    @property
    def _report(self) -> Path:
        return self._output / "report.html"

    def _once(self, client: Client, streamed: Streamed, known: dict[str, Known]) -> None:
        """M, its scores and its masks, without training."""
        found = mined(client, client.cut_candidates(per_ranking=PER_RANKING, note="demo"), known)
        lines = show_mined(client, streamed, found)
        report(client, self._report, streamed, found, lines, quiet=self._quiet)
        self._say("People score M and draw masks for S and T")
        truths = {item.image_id: known[item.image_id].truth for item in found.chosen}
        predicted = {image_id: found.predicted[image_id] for image_id in truths}
        done = label(client, self._state / "tokens.json", truths, predicted, plan_for(len(truths)), quiet=self._quiet)
        human_tables.show_all(done, found.judged, truths)

    def _rounds(self, client: Client, streamed: Streamed, known: dict[str, Known]) -> None:
        """The whole loop."""
        sets = write_sets(self._output, self._course.s0, self._course.t0)
        first: list[Mined] = []

        def on_mined(now: Round) -> None:
            cut = next(item for item in client.candidate_sets() if item.id == now.candidate_set_id)
            first.append(mined(client, cut, known))
            lines[:] = show_mined(client, streamed, first[0])
            show("")

        lines: list[str] = []
        loop = Loop(client, self._state, known, self._course, sets, self._clock, on_mined, self._quiet)
        loop.draw_lane(streamed.random_lane)
        loop.run()
        self._say("Comparing the versions on everything, and writing the report")
        show_people(loop, first[0])
        lines += show_rounds(loop, sum_up(loop))
        report(client, self._report, streamed, first[0], lines, quiet=self._quiet)
        self._reports += report_rounds(client, self._output, loop.rounds[: self._course.rounds])

    def _clock(self) -> str:
        return f"[{time.monotonic() - self._began:4.0f} s]"

    def _say(self, text: str) -> None:
        if not self._quiet:
            remark(f"{self._clock()} {text}")


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """SIGTERM ends what was begun, as Ctrl-C does."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _command() -> str:
    """How `madseg` was called here: it may not be on the path."""
    return sys.argv[0] if Path(sys.argv[0]).name == "madseg" else "madseg"
