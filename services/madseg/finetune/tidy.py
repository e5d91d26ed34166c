"""Old runs' folders: what is large goes, the record stays.

A run that has ended keeps its plan, the names of its examples, its progress, log and result. A run that goes on, waits
to be promoted or is being released keeps everything, and one that was released its torch network for ever: the next
run begins from it.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import structlog

from madseg.finetune import runs
from madseg.finetune.runs import Run
from madseg.finetune.sources import GIVEN, LEARNED
from madseg.ports import Database

log = structlog.get_logger("madseg.finetune")

LARGE = ("pictures", "masks", "checkpoint.pt", "served.onnx", "new.onnx", "bare.onnx", GIVEN)
"""What goes. A forgotten image's picture is among it."""

DAY = 86_400 * 10**6
"""Microseconds."""

TIDY_SECONDS = 3600.0
"""Between two looks."""


class Tidying:
    """Keeps the last `most` runs that have ended, none older than `days`; 0 is no bound. `clock` gives microseconds."""

    def __init__(self, database: Database, folder: Path, clock: Callable[[], int], *, days: int, most: int) -> None:
        self._database, self._folder, self._clock = database, folder, clock
        self._days, self._most = days, most

    def __call__(self) -> bool:
        """One look; False: there is nothing more to do at once."""
        with self._database.snapshot() as tx:
            ended = runs.ended(tx)
        for place, run in enumerate(ended):
            old = self._days and self._clock() - run.changed_at > self._days * DAY
            if old or (self._most and place >= self._most):
                self._tidy(run)
        return False

    def _tidy(self, run: Run) -> None:
        names = LARGE if run.state == runs.RELEASED else (*LARGE, LEARNED)
        found = [path for name in names if (path := self._folder / run.id / name).exists()]
        for path in found:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        if found:
            log.info("run_tidied", run=run.id, state=run.state, gone=[path.name for path in found])
