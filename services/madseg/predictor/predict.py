"""From images to predictions: decode once, ask every version at once, publish one record.

A version that can't answer gives a recorded failure, never an absence, so that whoever counts can tell what is missing
from what failed.
"""

import io
import struct
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import structlog
from numpy.typing import NDArray
from PIL import Image

from madseg.core.errors import MadsegError, NotFound, Unavailable
from madseg.core.label_map import encode, from_dense
from madseg.core.messages import ImageFacts, Prediction, PredictionFailure, PredictionsMade, VersionRef
from madseg.core.preprocess import Size
from madseg.events import PREDICTIONS_MADE, event
from madseg.observing.tracing import about
from madseg.ports import Answer, Blobs, Inference, Record, Stream
from madseg.runtime import Handler
from madseg.wire import MAX_RECORD_BYTES, decode_image, encode_predictions

log = structlog.get_logger("madseg.predictor")

PUBLISH_EVERY = 16
"""Images whose records are published together: few enough to be prompt, enough to share a transaction."""

TURN_SECONDS = 0.1
"""How often it is looked whether an answer's turn has come."""

Asked = Mapping[VersionRef, str | None]
"""The versions to ask, each with the reason why it can't answer, or None where it can."""

Pending = tuple[ImageFacts, dict[VersionRef, Future[Answer] | str]]
"""An image and, per version asked, its answer to come or why there will be none."""


@dataclass(frozen=True, slots=True)
class Question:
    """An image, where its canonical picture is, and whom to ask about it."""

    image: ImageFacts
    canonical_uri: str
    asked: Asked


class Asking:
    """Asks networks about images and publishes what they say.

    `window` images are under way at once, enough to keep every core busy. A version that takes longer than
    `answer_seconds`, once it is at the image, has failed on it.
    """

    def __init__(
        self,
        stream: Stream,
        blobs: Blobs,
        inference: Inference,
        topic: str,
        grid: Size,
        window: int,
        answer_seconds: float,
    ) -> None:
        self._stream, self._blobs, self._inference = stream, blobs, inference
        self._topic, self._grid, self._window, self._seconds = topic, grid, window, answer_seconds

    def __call__(self, questions: Iterable[Question]) -> None:
        """Returns when every answer is durable.

        Raises:
            Unavailable: a part is gone; some may have been answered, and all are to be asked again.
        """
        pending: deque[Pending] = deque()
        made: list[PredictionsMade] = []
        for question in questions:
            with about(question.image.image_id):
                pending.append((question.image, self._ask(question)))
            if len(pending) >= self._window:
                made.append(self._collect(*pending.popleft()))
            if len(made) >= PUBLISH_EVERY:
                self._publish(made)
                made = []
        self._publish(made + [self._collect(*item) for item in pending])

    def _ask(self, question: Question) -> dict[VersionRef, Future[Answer] | str]:
        try:
            picture = decode_canonical(self._blobs.get(question.canonical_uri), self._grid)
        except (NotFound, ValueError) as error:
            return dict.fromkeys(question.asked, f"the canonical picture can't be read: {error}")
        return {
            ref: self._inference.submit(ref, picture) if broken is None else broken
            for ref, broken in question.asked.items()
        }

    def _collect(self, image: ImageFacts, answers: dict[VersionRef, Future[Answer] | str]) -> PredictionsMade:
        return PredictionsMade(image, tuple(self._outcome(image, *item) for item in answers.items()))

    def _outcome(
        self, image: ImageFacts, ref: VersionRef, answer: Future[Answer] | str
    ) -> Prediction | PredictionFailure:
        """The prediction of a version, or its recorded failure.

        Raises:
            Unavailable: the server is gone; the image will be asked again.
        """
        if isinstance(answer, str):
            return PredictionFailure(ref, answer)
        try:
            said = self._said(answer)
            label_map = encode(from_dense(said.labels))
            if len(label_map) <= MAX_RECORD_BYTES:
                return Prediction(ref, label_map, said.mean_entropy)
            reason = f"its label map takes {len(label_map)} bytes, {MAX_RECORD_BYTES} can be sent: it is noise"
        except Unavailable:
            raise
        except NotFound as error:  # it was let go of meanwhile; asked again, the image goes to those who serve now
            raise Unavailable(str(error)) from error
        except FutureTimeout:
            answer.cancel()
            reason = f"no answer within {self._seconds:g} s"
        except MadsegError as error:
            reason = str(error)
        log.warning("prediction_failed", image=image.image_id, version=str(ref), reason=reason)
        return PredictionFailure(ref, reason)

    def _said(self, answer: Future[Answer]) -> Answer:
        """Waits until its turn comes, since being behind others is nobody's failure. Then in two halves, so that a
        process that was stopped for long leaves the network a half to answer in."""
        while not answer.running() and not answer.done():
            with suppress(FutureTimeout):
                return answer.result(TURN_SECONDS)
        try:
            return answer.result(self._seconds / 2)
        except FutureTimeout:
            return answer.result(self._seconds / 2)

    def _publish(self, made: Sequence[PredictionsMade]) -> None:
        records = [
            event(PREDICTIONS_MADE, self._topic, item.image.image_id, value)
            for item in made
            for value in encode_predictions(item)
        ]
        if records:
            self._stream.publish(records)


class Predict(Handler):
    """Handles the records of the images topic: about each image, every version is asked that `asked` gives."""

    def __init__(self, ask: Asking, asked: Callable[[], Asked]) -> None:
        self._ask, self._asked = ask, asked

    def handle(self, records: Sequence[Record]) -> None:
        images = [decode_image(record.value) for record in records if record.value is not None]
        asked = self._asked()
        self._ask(Question(image.image, image.canonical_uri, asked) for image in images)


def decode_canonical(content: bytes, grid: Size) -> NDArray[np.uint8]:
    """The (H, W, 3) uint8 RGB pixels of a canonical picture.

    Raises:
        ValueError: it is no picture, or not one on this grid.
    """
    try:
        with Image.open(io.BytesIO(content)) as picture:
            pixels = np.asarray(picture.convert("RGB"))
    except (OSError, SyntaxError, EOFError, struct.error, zlib.error) as error:  # whatever Pillow says of damage
        raise ValueError(str(error)) from error
    if pixels.shape[:2] != (grid.height, grid.width):
        raise ValueError(f"it is {pixels.shape[0]}x{pixels.shape[1]}, the grid {grid}")
    return pixels
