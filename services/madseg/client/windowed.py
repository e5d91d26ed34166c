"""Streams in both directions with a bounded window: at most so many items are under way without an answer."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from google.protobuf.message import Message

from madseg.client.connection import MAX_MESSAGE_BYTES, Connection
from madseg.client.errors import InvalidArgument
from madseg.client.pages import Answers

T = TypeVar("T")
Q = TypeVar("Q", bound=Message)
A = TypeVar("A")
R = TypeVar("R")

WINDOW = 32
"""Items under way without an answer: enough to hide a round trip, few enough to hold in memory."""


class Window(Generic[T, Q, R]):
    """The requests of a stream, made of items one at a time and only while fewer than `size` wait for an answer.

    An item that no message can hold isn't sent: `refuse` makes its result. gRPC takes requests in a thread of its own;
    `pending` are the items that it took and that no answer came to.

    Raises:
        InvalidArgument: `size` is below 1.
    """

    def __init__(
        self,
        items: Iterable[T],
        request: Callable[[T], Q],
        refuse: Callable[[T, InvalidArgument], R],
        size: int,
    ) -> None:
        if size < 1:
            raise InvalidArgument(f"window must be at least 1, got {size}", field="window")
        self._items, self._request, self._refuse = iter(items), request, refuse
        self._free = threading.Semaphore(size)
        self._closed = False
        self._sent = self._answered = 0
        self._refused: deque[tuple[int, R]] = deque()
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
                item, request = self._next()
            except StopIteration:
                return
            except Exception as error:  # noqa: BLE001 - raised by `exchange` in the caller's thread
                self.failure = error
                return
            self.pending.append(item)
            self._sent += 1
            yield request

    def _next(self) -> tuple[T, Q]:
        """The next item that can be sent; those before it that can't be are refused."""
        while True:
            item = next(self._items)
            if self._closed:
                raise StopIteration
            try:
                request = self._request(item)
                _check_size(request)
            except InvalidArgument as error:
                self._refused.append((self._sent, self._refuse(item, error)))
            else:
                return item, request

    def answered(self) -> T:
        """Takes the oldest item out and lets the next one in."""
        self._answered += 1
        self._free.release()
        return self.pending.popleft()

    def refused(self) -> Iterator[R]:
        """The results of items that weren't sent and stand before the next that waits for an answer."""
        while self._refused and self._refused[0][0] <= self._answered:
            yield self._refused.popleft()[1]

    def close(self) -> None:
        """Ends the requests, even where they wait for an answer."""
        self._closed = True
        self._free.release()


def exchange(
    window: Window[T, Q, R],
    start: Callable[[Iterator[Q]], Answers[A]],
    outcome: Callable[[T, A], R],
    connection: Connection,
) -> Iterator[R]:
    """The result of each item, in order. Leaving the loop cancels the call."""
    try:
        for answer in connection.stream(lambda: start(window.requests())):
            yield from window.refused()
            yield outcome(window.answered(), answer)
            yield from window.refused()
        yield from window.refused()
    finally:
        window.close()
    if window.failure is not None:
        raise window.failure


def _check_size(request: Message) -> None:
    """One message that is too large would end the whole stream."""
    size = request.ByteSize()
    if size > MAX_MESSAGE_BYTES:
        raise InvalidArgument(f"it is too large to be sent: {size} bytes, at most {MAX_MESSAGE_BYTES} are taken")
