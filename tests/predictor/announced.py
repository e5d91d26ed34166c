"""Accepted images and announced models, as the stream has them."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from madseg.core.messages import (
    ImageAccepted,
    ImageFacts,
    ModelEvent,
    PredictionsMade,
    Role,
    RoleChanged,
    VersionPublished,
    VersionRef,
)
from madseg.core.preprocess import Box, Size, grid_id
from madseg.core.taxonomy import taxonomy_of
from madseg.ports import Blobs, Record
from madseg.wire import decode_predictions, encode_image, encode_model_event
from tests.contracts.fakes import FakeStream

TAXONOMY = taxonomy_of("tiny", ["ground", "tree"])
GRID = Size(6, 8)
IMAGES, PREDICTIONS, MODELS = "madseg.images", "madseg.predictions", "madseg.models"
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def pixels(value: int, grid: Size = GRID) -> NDArray[np.uint8]:
    """A flat picture."""
    return np.full((grid.height, grid.width, 3), value, np.uint8)


def png(picture: NDArray[np.uint8]) -> bytes:
    """A picture's file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def accepted(blobs: Blobs, number: int, content: bytes | None = None) -> ImageAccepted:
    """An image whose canonical picture is flat and as bright as its number, unless other content is given."""
    uri = blobs.put(f"images/{number}.png", png(pixels(number)) if content is None else content)
    facts = ImageFacts(f"{number:032x}", number, "camera", MOMENT, {"lens": "wide"}, number % 5 == 0, MOMENT)
    return ImageAccepted(facts, bytes(32), uri, uri, GRID, Box(0, 0, 8, 6), grid_id(GRID))


def image_records(images: Sequence[ImageAccepted]) -> list[Record]:
    """The images on their topic."""
    return [
        Record(IMAGES, 0, offset, image.image.image_id, encode_image(image), {}) for offset, image in enumerate(images)
    ]


def model_records(*events: ModelEvent, first: int = 0) -> list[Record]:
    """Model events on their topic, from an offset on."""
    return [Record(MODELS, 0, offset, *encode_model_event(event), {}) for offset, event in enumerate(events, first)]


def version(ref: VersionRef, taxonomy: str = TAXONOMY.id, grid: Size = GRID, sha256: bytes = b"1") -> VersionPublished:
    """A published version."""
    return VersionPublished(ref, TAXONOMY.names, taxonomy, grid, False, sha256)


def plays(ref: VersionRef, role: Role = Role.COMPETITOR) -> RoleChanged:
    """The model serves just this version."""
    return RoleChanged(ref.model, role, () if role is Role.RETIRED else (ref.version,))


def published(stream: FakeStream) -> list[PredictionsMade]:
    """What is on the predictions topic, in order."""
    records = stream.log.topics[PREDICTIONS].partitions[0]
    return [decode_predictions(record.value) for record in records if record.value is not None]
