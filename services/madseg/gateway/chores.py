"""What the gateway does by itself: it finishes bans that were left undone, and removes what history has passed."""

import structlog

from madseg.gateway.caps import Caps
from madseg.gateway.forget import LATELY_MICROS, Forgetting
from madseg.gateway.history import History
from madseg.runtime import Repeated

log = structlog.get_logger("madseg.gateway")

PAUSE_SECONDS = 10.0
"""Between two looks for something to do."""

TIDY_SECONDS = 600.0

REOPEN_SECONDS = 1200.0
"""Between two openings of the bans of the last hour, which are few."""


def finishing(forgetting: Forgetting, pause: float = PAUSE_SECONDS) -> Repeated:
    """Carries out bans that a kill or a missing part left undone."""

    def finish() -> bool:
        done = forgetting.finish()
        if done:
            log.info("bans_finished", images=done)
        return done > 0

    return Repeated("bans", finish, pause)


def reopening(forgetting: Forgetting, pause: float = REOPEN_SECONDS) -> Repeated:
    """Has the bans of the last hour carried out once more, for uploads that failed after one overtook them."""

    def reopen() -> bool:
        forgetting.reopen(LATELY_MICROS)
        return False

    return Repeated("reopened_bans", reopen, pause)


def tidying(caps: Caps, pause: float = TIDY_SECONDS) -> Repeated:
    """Forgets how many images came in within windows that have ended."""
    return Repeated("caps", caps.tidy, pause)


def expiring(history: History, pause: float = PAUSE_SECONDS) -> Repeated:
    """Removes images as they get older than history goes."""

    def expire() -> bool:
        done = history.expire()
        if done:
            log.info("images_expired", images=done)
        return done > 0

    return Repeated("history", expire, pause)
