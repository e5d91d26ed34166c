"""Asks single versions about images that are in already, as the selector requests it.

This is the work of the group `replay`, behind that of `live`: what has just come in goes first.
"""

import time
from collections.abc import Callable, Sequence

from madseg.core.errors import Unavailable
from madseg.core.messages import PredictionRequested
from madseg.core.preprocess import picture_keys
from madseg.ports import Blobs, Consumer, Record
from madseg.predictor.predict import Asked, Asking, Question
from madseg.runtime import Handler
from madseg.wire import decode_request

LOOK_SECONDS = 0.02
"""How often a replay that gives way looks whether it may go on."""


class Replay(Handler):
    """Handles the records of the requests topic.

    `asked` gives the versions that take part, each with the reason why it can't answer or None, and `known` says
    whether these are all, that is whether the models topic has been read to its end.
    """

    def __init__(self, ask: Asking, blobs: Blobs, asked: Callable[[], Asked], known: Callable[[], bool]) -> None:
        self._ask, self._blobs, self._asked, self._known = ask, blobs, asked, known

    def handle(self, records: Sequence[Record]) -> None:
        events = [decode_request(record.value) for record in records if record.value is not None]
        asked = self._asked()
        if any(ref not in asked for event in events for ref in event.versions):
            asked = self._all()
        questions = [self._question(event, asked) for event in events]
        self._ask(question for question in questions if question.asked)

    def _all(self) -> Asked:
        """The versions that take part now: one that isn't among them takes part no longer, rather than not yet."""
        if not self._known():
            raise Unavailable("a version is requested that isn't known yet: the models are still being read")
        return self._asked()

    def _question(self, event: PredictionRequested, asked: Asked) -> Question:
        """Whom of those requested to ask.

        Raises:
            Unavailable: one of them can't be loaded. It isn't failed over the whole history for that.
        """
        wanted = {ref: asked[ref] for ref in event.versions if ref in asked}
        for ref, broken in wanted.items():
            if broken is not None:
                raise Unavailable(f"{ref} is {broken}")
        _, canonical = picture_keys(event.image.image_id)
        return Question(event.image, self._blobs.uri(canonical), wanted)


class Yielding(Consumer):
    """A consumer that hands records out only while `busy` is false."""

    def __init__(self, inner: Consumer, busy: Callable[[], bool]) -> None:
        self._inner, self._busy = inner, busy

    def poll(self, timeout: float, limit: int) -> list[Record]:
        deadline = time.monotonic() + timeout
        while self._busy():
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return []
            time.sleep(min(remaining, LOOK_SECONDS))
        return self._inner.poll(max(0.0, deadline - time.monotonic()), limit)

    def commit(self, partition: int, offset: int) -> None:
        self._inner.commit(partition, offset)

    def lag(self) -> int:
        return self._inner.lag()

    @property
    def last_poll(self) -> float:
        return self._inner.last_poll

    def close(self) -> None:
        self._inner.close()
