"""Who did what, when: a line of JSON for each call that changes something, and for each that was refused for want of a
token or a role.

    {"at": "2026-05-01T12:00:00.000Z", "method": "/madseg.v1.IntakeService/ForgetImage", "principal": "ada",
     "roles": ["operator"], "peer": "10.0.0.7", "code": "OK", "touched": {"image_id": "0f3a..."}, "trace_id": "0af7..."}

What is in it is listed here, field by field, so that no token, picture or text of people can get in. A line that can't
be written stops nobody's work: it is counted, and the log says so.
"""

import json
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog

from madseg.core.errors import InvalidInput
from madseg.observing.metrics import AUDIT_LOST
from madseg.security.access import Principal

log = structlog.get_logger("madseg.security")

STDOUT = "stdout"

DENIED = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED", "401", "403"})
"""Codes of what is noted even where it would have changed nothing."""

TOO_MANY = frozenset({"RESOURCE_EXHAUSTED", "429"})
"""Codes of what is never noted: nothing was done, and lines without end would fill the disk."""

READING = ("Get", "List", "Watch", "Compare", "Diff", "Explain", "Find", "Export", "Place")
"""Methods whose names begin so change nothing."""


@dataclass(frozen=True, slots=True)
class Event:
    """A call that has ended. `who` is None where nobody knows, `peer` the address that it came from, `code` gRPC's or
    HTTP's, `touched` ids by the names of their fields."""

    method: str
    who: Principal | None
    peer: str
    code: str
    touched: Mapping[str, object] = field(default_factory=dict)
    trace_id: str | None = None


def changes(method: str) -> bool:
    """Whether a gRPC method changes something, by its path."""
    return not method.rpartition("/")[2].startswith(READING)


class Place(ABC):
    """Where lines go. For one thread at a time."""

    @abstractmethod
    def write(self, line: bytes) -> None:
        """Appends a whole line, its end included. Raises OSError."""


class Stdout(Place):
    """The process' standard output."""

    def write(self, line: bytes) -> None:
        _write(1, line)


class File(Place):
    """The end of a file that its owner alone can read. One that was moved away is begun anew."""

    def __init__(self, path: Path) -> None:
        """Raises OSError where it can't be opened."""
        self._path, self._torn = path, False
        self._open()

    def write(self, line: bytes) -> None:
        if not self._is_there():
            os.close(self._descriptor)
            self._open()
        begun, self._torn = self._torn, True
        _write(self._descriptor, b"\n" + line if begun else line)
        self._torn = False

    def _open(self) -> None:
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _is_there(self) -> bool:
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False


def _write(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]


class Audit:
    """Writes events down. Thread-safe. `clock` tells the time in UTC."""

    def __init__(self, place: Place | None, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._place, self._clock = place, clock
        self._lock, self._lost = threading.Lock(), 0

    def note(self, event: Event, *, changing: bool) -> None:
        """Writes an event down that changes something or was refused; leaves out all others."""
        if self._place is None or event.code in TOO_MANY or not (changing or event.code in DENIED):
            return
        line = json.dumps(self._document(event), ensure_ascii=False).encode() + b"\n"
        with self._lock:
            try:
                self._place.write(line)
            except OSError as error:
                AUDIT_LOST.inc()
                if not self._lost:
                    log.error("audit_lost", reason=str(error))
                self._lost += 1
                return
            if self._lost:
                log.warning("audit_goes_on", lost=self._lost)
                self._lost = 0

    def _document(self, event: Event) -> dict[str, object]:
        found: dict[str, object] = {
            "at": self._clock().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "method": event.method,
            "principal": event.who.name if event.who else None,
            "roles": sorted(role.value for role in event.who.roles) if event.who else [],
            "peer": event.peer,
            "code": event.code,
            "touched": dict(event.touched),
        }
        return {**found, "trace_id": event.trace_id} if event.trace_id else found


NOWHERE = Audit(None)


def open_audit(target: str) -> Audit:
    """The audit log at the path of a file, at `stdout`, or nowhere for "".

    Raises:
        InvalidInput: the file can't be opened.
    """
    if not target:
        return NOWHERE
    try:
        return Audit(Stdout() if target == STDOUT else File(Path(target)))
    except OSError as error:
        raise InvalidInput(f"the audit log {target} can't be written: {error.strerror}", field="audit") from error
