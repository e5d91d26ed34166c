"""What every service's process does alike: consume with dead letters, back off, log, stop in order."""

from madseg.runtime.logs import configure_logging
from madseg.runtime.repeated import Repeated
from madseg.runtime.running import Part, run, spare_the_collector
from madseg.runtime.topics import ensure_topics
from madseg.runtime.worker import BACKOFF_SECONDS, POLL_SECONDS, Handler, Worker

__all__ = [
    "BACKOFF_SECONDS",
    "POLL_SECONDS",
    "Handler",
    "Part",
    "Repeated",
    "Worker",
    "configure_logging",
    "ensure_topics",
    "run",
    "spare_the_collector",
]
