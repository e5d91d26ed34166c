"""Carries runs out, as a durable state machine: each step is done again where it was cut off, and has its effect once.

    PREPARING -> TRAINING -> PASSED -> RELEASED
        |            |         ^
        +------------+-----> REFUSED (may be let through by name)

One run is prepared or trained at a time, in the order of their beginning. Releases and cancellations don't wait.
Why a run can't go on, as a neighbour or the launcher is away, stands in its row until it gets on.
There is one process of this service in a deployment.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from madseg.core.errors import InvalidInput, MadsegError, Unavailable
from madseg.core.preprocess import Size
from madseg.finetune import runs
from madseg.finetune.neighbours import Neighbours
from madseg.finetune.release import release
from madseg.finetune.runs import Run
from madseg.finetune.sources import LEARNED
from madseg.ports import Database, Ended, Launcher, Running, Unknown

log = structlog.get_logger("madseg.finetune")

LAUNCHES = 5
"""Times that training is launched without getting on in between; one that writes a checkpoint has got on."""

PAUSES = (0.0, 0.0, 2.0, 10.0, 30.0)
"""Seconds before the launch that follows so many: what fails at once may pass."""

TAIL_BYTES = 2000
"""Of the log that are told of training that dies."""

LOOK_SECONDS = 1.0
"""How often a preparation looks whether it was cancelled, and tells that it gets on again."""

INCIDENT = re.compile(r"(?<=internal error )[0-9a-f]{32}")
"""What a defect calls itself: each time by another number, although it is the same."""


class Stopped(Unavailable):
    """The service stops, or the run was cancelled: it isn't prepared on."""


class Supervisor:
    """`folder` has a folder for each run; `repository` is Models's, to read."""

    def __init__(
        self,
        database: Database,
        neighbours: Neighbours,
        launcher: Launcher,
        folder: Path,
        repository: Path,
        classes: Sequence[str],
        grid: Size,
        clock: Callable[[], int],
        *,
        threads: int = 0,
        pauses: Sequence[float] = PAUSES,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._database, self._neighbours, self._launcher = database, neighbours, launcher
        self._folder, self._repository, self._classes, self._grid = folder, repository, classes, grid
        self._clock, self._threads, self._pauses, self._look_seconds = clock, threads, pauses, look_seconds
        self._stopping = threading.Event()
        self._reached: tuple[str, int] = ("", 0)

    def stop_soon(self) -> None:
        """Ends what takes long; the next turn does it again."""
        self._stopping.set()

    def __call__(self) -> bool:
        """One turn; whether something got on, so that there may be more to do at once."""
        with self._database.snapshot() as tx:
            waiting = runs.waiting(tx)
        first = next((run.id for run in waiting if run.state in runs.GOING_ON), None)
        more = False
        for run in waiting:
            if (run.state not in runs.GOING_ON or run.id == first) and not self._stopping.is_set():
                more |= self._take(run)
        return more

    def _take(self, run: Run) -> bool:
        try:
            return self._turn(run)
        except Stopped:
            pass
        except Unavailable as error:
            log.warning("run_waits", run=run.id, state=run.state, reason=str(error))
            self._say(replace(run, waits_for=self._now(run).waits_for), str(error))
        return False

    def _turn(self, run: Run) -> bool:
        try:
            if run.stopping:
                self._launcher.stop(run.id)
                return self._change(run, stopping=False)
            if run.releasing:
                return self._release(run)
            return self._prepare(run) if run.state == runs.PREPARING else self._train(run)
        except Unavailable:
            raise
        except MadsegError as error:
            return self._refuse(run, str(error))

    def _prepare(self, run: Run) -> bool:
        from madseg.finetune.prepare import prepare  # what reads masks takes a tenth of a second to load

        where = (self._folder / run.id, self._repository, self._classes, self._grid, self._threads)
        counts = prepare(run, self._neighbours, *where, self._tick(run), self._learned(run))
        return self._change(run, state=runs.TRAINING, examples=counts)

    def _learned(self, run: Run) -> Path | None:
        """The torch network of the run that the target came about by, if it is of the same kind."""
        wanted = run.plan.network
        with self._database.snapshot() as tx:
            before = runs.released_as(tx, run.plan.target)
        if before is None or wanted is None or before.plan.network is None:
            return None
        return self._folder / before.id / LEARNED if before.plan.network.factory == wanted.factory else None

    def _train(self, run: Run) -> bool:
        folder = self._folder / run.id
        result = _result(folder)
        if result is not None:
            passed = bool(result["passed"])
            state = runs.PASSED if passed else runs.REFUSED
            releasing = passed and run.plan.promote
            who = run.started_by if releasing else None
            told = {"result": result, "reasons": result["reasons"], "releasing": releasing, "promoted_by": who}
            return self._change(run, state=state, **told)
        found = self._launcher.state(run.id)
        if not isinstance(found, Running):
            return self._launch(run, folder, found)
        self._say(run, "")
        return False

    def _launch(self, run: Run, folder: Path, found: Ended | Unknown) -> bool:
        mark = _mark(folder)
        launches = run.launches if mark == run.mark else 0
        if launches >= LAUNCHES:
            raise InvalidInput(_died(launches, found, folder))
        if self._clock() - run.changed_at < self._pauses[min(launches, len(self._pauses) - 1)] * 1e6:
            return False
        # Counted afterwards: a launch that was cut off before it is found to go on, and one that wasn't begun is free.
        self._launcher.launch(run.id, folder)
        self._change(run, launches=launches + 1, mark=mark)
        return False

    def _release(self, run: Run) -> bool:
        number = release(run, self._neighbours, self._folder / run.id)
        return self._change(run, state=runs.RELEASED, releasing=False, released=number)

    def _refuse(self, run: Run, reason: str) -> bool:
        reasons = [*(run.reasons if run.releasing else ()), reason]
        return self._change(run, state=runs.REFUSED, releasing=False, reasons=reasons)

    def _change(self, run: Run, **values: Any) -> bool:
        done = runs.change(self._database, run, self._clock(), **{"waits_for": "", **values})
        if done and "state" in values:
            log.info("run", run=run.id, state=values["state"], before=run.state, reasons=values.get("reasons", []))
        return done

    def _say(self, run: Run, reason: str) -> None:
        """Keeps what a run waits for, where it isn't as it was read; the same defect's next number changes nothing."""
        kept = reason.replace("\0", "")  # PostgreSQL takes no NUL, and what is said comes from elsewhere
        if INCIDENT.sub("", run.waits_for) != INCIDENT.sub("", kept):
            runs.change(self._database, run, self._clock(), waits_for=kept)

    def _now(self, run: Run) -> Run:
        with self._database.snapshot() as tx:
            return runs.run(tx, run.id)

    def _tick(self, run: Run) -> Callable[[], None]:
        looked, ticks = time.monotonic(), 0
        before = self._reached[1] if self._reached[0] == run.id else 0

        def tick() -> None:
            nonlocal looked, ticks
            ticks += 1
            self._reached = (run.id, max(before, ticks))
            if self._stopping.is_set():
                raise Stopped("the service stops")
            if time.monotonic() - looked >= self._look_seconds:
                looked, now = time.monotonic(), self._now(run)
                if now.state != run.state:
                    raise Stopped("it was cancelled")
                if ticks > before:  # up to there it came before, too, and then had to wait
                    self._say(now, "")

        return tick


def _result(folder: Path) -> dict[str, Any] | None:
    """What came of training; None where it isn't through."""
    try:
        return dict(json.loads((folder / "result.json").read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InvalidInput(f"the result of training in {folder} can't be read: {error}") from error


def _mark(folder: Path) -> str:
    """Changes with every checkpoint."""
    try:
        return str((folder / "checkpoint.pt").stat().st_mtime_ns)
    except OSError:
        return ""


def _died(launches: int, found: Ended | Unknown, folder: Path) -> str:
    status = f"with status {found.status}" if isinstance(found, Ended) and found.status is not None else "unseen"
    try:
        tail = (folder / "log.txt").read_bytes()[-TAIL_BYTES:].decode(errors="replace").strip()
    except OSError:
        tail = ""
    return f"training ended {launches} times without a result, the last time {status}; its log ends: {tail or '–'}"
