"""Parts that break on purpose."""

from collections.abc import Callable, Mapping, Sequence

from madseg.ports import Consumer, Outgoing, Stream, Topic, TopicIdentity


class Killed(BaseException):
    """The process ended here."""


class Tapped(Stream):
    """A stream that calls `before` and `after` around every publishing."""

    def __init__(
        self,
        inner: Stream,
        before: Callable[[], None] = lambda: None,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        self._inner, self._before, self._after = inner, before, after

    def publish(self, records: Sequence[Outgoing]) -> None:
        self._before()
        self._inner.publish(records)
        self._after()

    def create(self, topic: Topic) -> None:
        self._inner.create(topic)

    def identity(self, topic: str) -> TopicIdentity:
        return self._inner.identity(topic)

    def check(self, topic: Topic) -> None:
        self._inner.check(topic)

    def consume(self, topic: str, group: str | None = None, positions: Callable[[int], int] | None = None) -> Consumer:
        return self._inner.consume(topic, group, positions)

    def waiting(self, topic: str, group: str) -> int:
        return self._inner.waiting(topic, group)

    def end_offsets(self, topic: str) -> Mapping[int, int]:
        return self._inner.end_offsets(topic)

    def close(self) -> None:
        self._inner.close()
