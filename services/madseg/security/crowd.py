"""How much a server takes on at once. What is more is refused before it costs anything, so that what was taken on is
done in time; nothing that was taken on is ever dropped."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from madseg.core.errors import Busy
from madseg.observing.metrics import CALLS_REFUSED

AGAIN_SECONDS = 1.0
"""When to come again: what is under way takes about so long."""


class Room:
    """Room for a number of things (calls, streams or bytes) at once. Thread-safe.

    `reason` is its label among the figures, `sentence` what those hear for whom there is no room, `limit` how many have
    room.
    """

    def __init__(self, reason: str, sentence: str, limit: int) -> None:
        self._sentence, self.limit = sentence, limit
        self._refused = CALLS_REFUSED.labels(reason)
        self._lock, self._held = threading.Lock(), 0

    def check(self) -> None:
        """Raises Busy where it is full."""
        if self._held >= self.limit:
            raise self._full()

    def take(self, size: int = 1) -> None:
        """Raises Busy where it would be too much."""
        with self._lock:
            if self._held + size <= self.limit:
                self._held += size
                return
        raise self._full()

    def give(self, size: int = 1) -> None:
        """Makes room again that was taken."""
        with self._lock:
            self._held -= size

    @contextmanager
    def hold(self) -> Iterator["Hold"]:
        """A share that may grow, given back at the end."""
        hold = Hold(self)
        try:
            yield hold
        finally:
            self.give(hold.held)

    def _full(self) -> Busy:
        self._refused.inc()
        return Busy(f"{self._sentence}: try again in a moment", retry_after=AGAIN_SECONDS)


class Hold:
    """What one call holds of a room."""

    def __init__(self, room: Room) -> None:
        self._room, self.held = room, 0

    def take(self, size: int) -> None:
        """Raises Busy where all together would hold too much."""
        self._room.take(size)
        self.held += size

    def become(self, size: int) -> None:
        """Holds this much instead; raises Busy as `take` does."""
        self._room.give(self.held)
        self.held = 0
        self.take(size)


@dataclass(frozen=True)
class Crowd:
    """Room for the calls of one server: those with one answer, streams apart so that they can't starve them, and the
    bytes of all their requests together."""

    calls: Room
    streams: Room
    bytes: Room


def crowd(calls: int, streams: int, size: int) -> Crowd:
    """Room for so many of each."""
    return Crowd(
        Room("calls", "the server is busy with as many calls as it takes at once", calls),
        Room("streams", "as many streams are open as the server keeps at once", streams),
        room_for_bytes(size),
    )


def room_for_bytes(size: int) -> Room:
    """Room for what requests hold."""
    return Room("bytes", "too many uploads at once", size)
