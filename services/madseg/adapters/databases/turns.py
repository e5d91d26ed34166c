"""Turns of threads, in the order in which they asked.

A lock of Python's or a pool of connections gives no order: under a hundred writers some waited for half a minute while
others had a turn every second.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock


class Turns:
    """One thread at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken = False
        self._waiting: deque[Event] = deque()

    @contextmanager
    def take(self, seconds: float) -> Iterator[None]:
        """Waits for its turn and has it for the block.

        Raises:
            TimeoutError: it didn't come in `seconds`.
        """
        self._wait(seconds)
        try:
            yield
        finally:
            self._give()

    def _wait(self, seconds: float) -> None:
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            mine = Event()
            self._waiting.append(mine)
        if mine.wait(seconds):
            return
        with self._lock:
            if not mine.is_set():
                self._waiting.remove(mine)
                raise TimeoutError(f"no turn in {seconds:g} s")

    def _give(self) -> None:
        """To the one who has waited longest."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False
