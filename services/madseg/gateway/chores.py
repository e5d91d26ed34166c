"""What the gateway does by itself: it carries out bans that a kill or a missing part left undone."""

import threading

import structlog

from madseg.core.errors import Unavailable
from madseg.gateway.forget import Forgetting

log = structlog.get_logger("madseg.gateway")

PAUSE_SECONDS = 10.0
"""Between two looks for unfinished bans."""


class Chores:
    """A part of the process: one thread."""

    def __init__(self, forgetting: Forgetting, pause: float = PAUSE_SECONDS) -> None:
        self._forgetting, self._pause = forgetting, pause
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chores", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._pause):
            try:
                if done := self._forgetting.finish():
                    log.info("bans_finished", images=done)
            except Unavailable as error:
                log.warning("bans_unfinished", reason=str(error))
