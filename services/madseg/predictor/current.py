"""Which versions are asked now: the models topic folded, the networks loaded."""

import threading
import time
from collections.abc import Callable, Sequence

import structlog

from madseg.core.competition import Competition
from madseg.core.errors import InvalidModel, NotFound
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Inference, Record
from madseg.runtime import Handler
from madseg.wire import decode_model_event

log = structlog.get_logger("madseg.predictor")

RETRY_SECONDS = 30.0
"""Between two tries to load a version that couldn't be: a server's repository may have come late."""


class CurrentVersions(Handler):
    """Handles the records of the models topic; `asked` is what the predictor goes by. Thread-safe.

    A consumer that is opened anew reads the topic from its beginning. What was handled before is passed over, so that
    no version of the past is asked meanwhile.
    """

    def __init__(
        self, inference: Inference, taxonomy_id: str, grid: Size, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._inference, self._taxonomy_id, self._grid, self._now = inference, taxonomy_id, grid, now
        self._tried = now()
        self._competition = Competition()
        self._lock = threading.Lock()
        self._handled = threading.Condition()
        self._next = 0
        self._asked: dict[VersionRef, str | None] = {}

    @property
    def asked(self) -> dict[VersionRef, str | None]:
        """The versions to ask, ascending, each with the reason why it can't answer, or None where it can."""
        with self._lock:
            return dict(self._asked)

    def handle(self, records: Sequence[Record]) -> None:
        if records[-1].offset < self._next:
            return
        for record in records:
            if record.offset >= self._next and record.value is not None:
                self._competition = self._competition.apply(decode_model_event(record.value))
        self._bring_up()
        self._pass(records[-1])

    def skip(self, record: Record) -> None:
        self._pass(record)

    def idle(self) -> None:
        if any(self.asked.values()) and self._now() >= self._tried + RETRY_SECONDS:
            self._bring_up()

    def _bring_up(self) -> None:
        """Loads what is to be asked and isn't loaded, and lets go of the rest."""
        wanted = self._competition.asked(self._taxonomy_id, self._grid)
        self._warn_of_strangers(wanted)
        before = self.asked
        self._tried = self._now()
        asked = {ref: before[ref] if before.get(ref, "") is None else self._load(ref) for ref in wanted}
        with self._lock:
            self._asked = asked
        for ref in before.keys() - asked.keys():
            self._inference.unload(ref)
        if asked != before:
            log.info("versions_asked", versions=[str(ref) for ref in asked])

    def _pass(self, record: Record) -> None:
        with self._handled:
            self._next = max(self._next, record.offset + 1)
            self._handled.notify_all()

    def wait_for(self, end: int, seconds: float) -> bool:
        """Waits until every record before offset `end` was handled or put aside; False where that took too long."""
        with self._handled:
            return self._handled.wait_for(lambda: self._next >= end, seconds)

    def _warn_of_strangers(self, wanted: Sequence[VersionRef]) -> None:
        """Names the networks that take part and can't be asked: they are of another taxonomy or grid."""
        for ref in self._competition.serving():
            version = self._competition.versions[ref]
            if version.sha256 and ref not in wanted:  # imported versions have no network
                at = {"taxonomy": version.taxonomy_id, "grid": str(version.grid)}
                log.warning("version_does_not_fit", version=str(ref), **at)

    def _load(self, ref: VersionRef) -> str | None:
        """Loads a version; the reason where it can't be."""
        try:
            self._inference.load(ref, self._grid)
        except (InvalidModel, NotFound) as error:
            log.error("version_not_loaded", version=str(ref), reason=str(error))
            return f"not loaded: {error}"
        return None
