"""What travels on the stream and between the services, free of protobuf. `madseg.wire` turns these into bytes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from madseg.core.errors import InvalidInput
from madseg.core.preprocess import Box, Size

MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
"""Names are folder names, Triton model names and keys: no separator, no leading dot, no upper case."""

_IMAGE_ID = re.compile(r"[0-9a-f]{32}")


class Role(StrEnum):
    """What a model is to the competition."""

    TARGET = "target"
    COMPETITOR = "competitor"
    RETIRED = "retired"


class Defender(StrEnum):
    """Whose label map gives a contest's class subgroups and the content constraint."""

    TARGET = "target"
    COMPETITOR = "competitor"


def checked_model_name(name: str) -> str:
    """`name` itself.

    Raises:
        InvalidInput: it isn't a lower-case letter or digit and up to 62 more of those, dots, dashes, underscores.
    """
    if not MODEL_NAME.fullmatch(name):
        raise InvalidInput(
            f"model name {name!r} must be 1..63 of a-z, 0-9, '.', '_', '-' and begin with a letter or digit",
            field="model",
        )
    return name


def checked_image_id(image_id: str) -> str:
    """`image_id` itself.

    Raises:
        InvalidInput: it isn't 32 lower-case hexadecimal digits.
    """
    if not _IMAGE_ID.fullmatch(image_id):
        raise InvalidInput(f"an image id must be 32 lower-case hexadecimal digits, got {image_id!r}", field="image_id")
    return image_id


@dataclass(frozen=True, slots=True, order=True)
class VersionRef:
    """One version of one model, written `name/1`."""

    model: str
    version: int

    def __str__(self) -> str:
        return f"{self.model}/{self.version}"


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What every service needs to know of an image.

    `image_id` is the first half of the SHA-256 of the original bytes, 32 hexadecimal digits.
    `perceptual_hash` is a 64-bit integer, or None for predictions imported without a picture.
    `captured_at` and `accepted_at` have a time zone. `random_lane` images are never mined.
    `accepted_at` is when the gateway took the image in, None in records that are older than the field.
    """

    image_id: str
    perceptual_hash: int | None
    source: str
    captured_at: datetime
    tags: Mapping[str, str] = field(default_factory=dict)
    random_lane: bool = False
    accepted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ImageAccepted:
    """The gateway took an image in at `image.accepted_at`.

    `crop` is the part of the original that went to the canonical grid.
    """

    image: ImageFacts
    sha256: bytes
    original_uri: str
    canonical_uri: str
    original_size: Size
    crop: Box
    grid_id: str

    @property
    def accepted_at(self) -> datetime:
        """When the gateway took it in."""
        assert self.image.accepted_at is not None
        return self.image.accepted_at


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one model version said of an image.

    `label_map` is the wire form of `madseg.core.label_map`.
    `mean_entropy` is the mean softmax entropy in nats, None for networks without logits.
    """

    version: VersionRef
    label_map: bytes
    mean_entropy: float | None = None


@dataclass(frozen=True, slots=True)
class PredictionFailure:
    """Why one model version has no label map of an image. Counted, never ranked."""

    version: VersionRef
    reason: str


@dataclass(frozen=True, slots=True)
class PredictionsMade:
    """What one or more model versions said of an image."""

    image: ImageFacts
    outcomes: tuple[Prediction | PredictionFailure, ...]


@dataclass(frozen=True, slots=True)
class PredictionRequested:
    """Some versions have yet to be asked about an image that is in already."""

    image: ImageFacts
    versions: tuple[VersionRef, ...]


@dataclass(frozen=True, slots=True)
class VersionPublished:
    """An immutable version of a model exists.

    `covers` are names of the taxonomy's classes that the network can answer; `card` is YAML for people.
    """

    ref: VersionRef
    covers: tuple[str, ...]
    taxonomy_id: str
    grid: Size
    has_entropy: bool
    sha256: bytes
    parent: VersionRef | None = None
    card: str = ""


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """A model's role and the versions of it that take part, ascending, from now on."""

    model: str
    role: Role
    serving: tuple[int, ...]


ModelEvent = VersionPublished | RoleChanged
