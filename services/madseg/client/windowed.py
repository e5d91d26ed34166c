"""Streams in both directions with a bounded window: at most so many items are under way without an answer."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from madseg.client.connection import Connection
from madseg.client.pages import Answers

T = TypeVar("T")
Q = TypeVar("Q")
A = TypeVar("A")

WINDOW = 32
"""Items under way without an answer: enough to hide a round trip, few enough to hold in memory."""


class Window(Generic[T, Q]):
    """The requests of a stream, made of items one at a time and only while fewer than `size` wait for an answer.

    gRPC takes requests in a thread of its own; `pending` are the items that it took and that no answer came to.
    """

    def __init__(self, items: Iterable[T], request: Callable[[T], Q], size: int) -> None:
        self._items, self._request, self._size = iter(items), request, size
        self._free = threading.Semaphore(size)
        self._closed = False
        self.pending: deque[T] = deque()
        self.failure: Exception | None = None
        """What the caller's own items raised: told after the answers to those before."""

    def requests(self) -> Iterator[Q]:
        """Ends with the items, with a failure of theirs, or when the window is closed."""
        while True:
            self._free.acquire()
            if self._closed:
                return
            try:
                item = next(self._items)
                request = self._request(item)
            except StopIteration:
                return
            except Exception as error:  # noqa: BLE001 - raised by `exchange` in the caller's thread
                self.failure = error
                return
            self.pending.append(item)
            yield request

    def answered(self) -> T:
        """Takes the oldest item out and lets the next one in."""
        self._free.release()
        return self.pending.popleft()

    def close(self) -> None:
        """Ends the requests, even where they wait for an answer."""
        self._closed = True
        self._free.release()


def exchange(
    window: Window[T, Q], start: Callable[[Iterator[Q]], Answers[A]], connection: Connection
) -> Iterator[tuple[T, A]]:
    """Each item with its answer, in order. Leaving the loop cancels the call."""
    try:
        for answer in connection.stream(lambda: start(window.requests())):
            yield window.answered(), answer
    finally:
        window.close()
    if window.failure is not None:
        raise window.failure
