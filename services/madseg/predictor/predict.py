"""From accepted images to predictions: decode once, ask every version at once, publish one record.

A version that can't answer gives a recorded failure, never an absence, so that whoever counts can tell what is missing
from what failed.
"""

import io
import struct
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout

import numpy as np
import structlog
from numpy.typing import NDArray
from PIL import Image

from madseg.core.errors import MadsegError, NotFound, Unavailable
from madseg.core.label_map import encode, from_dense
from madseg.core.messages import ImageAccepted, Prediction, PredictionFailure, PredictionsMade, VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Answer, Blobs, Inference, Outgoing, Record, Stream
from madseg.runtime import Handler
from madseg.wire import MAX_RECORD_BYTES, decode_image, encode_predictions

log = structlog.get_logger("madseg.predictor")

PUBLISH_EVERY = 16
"""Images whose records are published together: few enough to be prompt, enough to share a transaction."""

Pending = tuple[ImageAccepted, dict[VersionRef, Future[Answer] | str]]
"""An image and, per version asked, its answer to come or why there will be none."""


class Predict(Handler):
    """Handles the records of the images topic.

    `asked` gives the versions to ask, each with the reason why it can't answer or None. `window` images are under way
    at once, enough to keep every core busy. A version that takes longer than `answer_seconds` has failed on the image.
    """

    def __init__(
        self,
        stream: Stream,
        blobs: Blobs,
        inference: Inference,
        asked: Callable[[], dict[VersionRef, str | None]],
        topic: str,
        grid: Size,
        window: int,
        answer_seconds: float,
    ) -> None:
        self._stream, self._blobs, self._inference, self._asked = stream, blobs, inference, asked
        self._topic, self._grid, self._window, self._seconds = topic, grid, window, answer_seconds

    def handle(self, records: Sequence[Record]) -> None:
        images = [decode_image(record.value) for record in records if record.value is not None]
        asked = self._asked()
        pending: deque[Pending] = deque()
        made: list[PredictionsMade] = []
        for image in images:
            pending.append(self._ask(image, asked))
            if len(pending) >= self._window:
                made.append(self._collect(*pending.popleft()))
            if len(made) >= PUBLISH_EVERY:
                self._publish(made)
                made = []
        self._publish(made + [self._collect(*item) for item in pending])

    def _ask(self, image: ImageAccepted, asked: dict[VersionRef, str | None]) -> Pending:
        try:
            picture = decode_canonical(self._blobs.get(image.canonical_uri), self._grid)
        except (NotFound, ValueError) as error:
            return image, dict.fromkeys(asked, f"the canonical picture can't be read: {error}")
        return image, {
            ref: self._inference.submit(ref, picture) if broken is None else broken for ref, broken in asked.items()
        }

    def _collect(self, image: ImageAccepted, answers: dict[VersionRef, Future[Answer] | str]) -> PredictionsMade:
        return PredictionsMade(image.image, tuple(self._outcome(image, *item) for item in answers.items()))

    def _outcome(
        self, image: ImageAccepted, ref: VersionRef, answer: Future[Answer] | str
    ) -> Prediction | PredictionFailure:
        """The prediction of a version, or its recorded failure.

        Raises:
            Unavailable: the server is gone; the image will be asked again.
        """
        if isinstance(answer, str):
            return PredictionFailure(ref, answer)
        try:
            said = answer.result(self._seconds)
            label_map = encode(from_dense(said.labels))
            if len(label_map) <= MAX_RECORD_BYTES:
                return Prediction(ref, label_map, said.mean_entropy)
            reason = f"its label map takes {len(label_map)} bytes, {MAX_RECORD_BYTES} can be sent: it is noise"
        except Unavailable:
            raise
        except FutureTimeout:
            answer.cancel()
            reason = f"no answer within {self._seconds:g} s"
        except MadsegError as error:
            reason = str(error)
        log.warning("prediction_failed", image=image.image.image_id, version=str(ref), reason=reason)
        return PredictionFailure(ref, reason)

    def _publish(self, made: Sequence[PredictionsMade]) -> None:
        records = [
            Outgoing(self._topic, event.image.image_id, value) for event in made for value in encode_predictions(event)
        ]
        if records:
            self._stream.publish(records)


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
