"""Chores that are done again and again."""

import threading
from collections.abc import Callable

import structlog

from madseg.core.errors import Unavailable
from madseg.observing.working import Working

log = structlog.get_logger("madseg.runtime")


class Repeated:
    """A part that does a chore in a thread of its own: at once again while `act` says there is more, else after a
    pause in seconds. What fails is logged, and done again after the pause. `hurry` has an `act` that takes long end
    soon: it is called first at the stop."""

    def __init__(
        self, name: str, act: Callable[[], bool], pause: float, hurry: Callable[[], None] = lambda: None
    ) -> None:
        self._name, self._act, self._pause, self._hurry = name, act, pause, hurry
        self._figures = Working(name)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._figures.begin()
        self._thread.start()

    def stop(self) -> None:
        self._hurry()
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            if not self._more():
                self._stopping.wait(self._pause)

    def _more(self) -> bool:
        try:
            return self._act()
        except Unavailable as error:
            self._figures.unavailable()
            log.warning("unavailable", chore=self._name, reason=str(error), retry_in_s=self._pause)
        except Exception as error:
            self._figures.defect()
            log.error("chore_failed", chore=self._name, retry_in_s=self._pause, exc_info=error)
        return False
