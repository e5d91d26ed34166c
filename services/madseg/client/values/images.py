"""What intake is given and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from madseg.client.values.common import Box, Size, Version


class PictureKind(StrEnum):
    """Which of the two pictures of an image: on the canonical grid as PNG, or the bytes as they came in."""

    CANONICAL = "canonical"
    ORIGINAL = "original"


@dataclass(frozen=True)
class Upload:
    """A picture to take in: the file as it is (JPEG, PNG, WebP, TIFF, BMP or GIF with one frame).

    `name` is for messages to people, `source` says where it comes from (default "upload"), `captured_at` has a time
    zone (default: now), `tags` are free labels, at most 32.
    """

    content: bytes = field(repr=False)
    name: str = ""
    source: str = ""
    captured_at: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_file(cls, path: str | Path, *, source: str = "", tags: Mapping[str, str] | None = None) -> "Upload":
        """The picture in a file, under the file's name."""
        return cls(Path(path).read_bytes(), Path(path).name, source, None, tags or {})


@dataclass(frozen=True)
class Accepted:
    """An image that is in. `duplicate`: these very bytes were in before; `random_lane`: it will never be mined."""

    name: str
    image_id: str
    duplicate: bool = False
    random_lane: bool = False


@dataclass(frozen=True)
class Refused:
    """An item that was not taken, and why: one sentence for people."""

    name: str
    reason: str


@dataclass(frozen=True)
class ImportedMap:
    """A label map that `version` predicted elsewhere, in the wire form of label maps, on the canonical grid."""

    version: Version
    label_map: bytes = field(repr=False)


@dataclass(frozen=True)
class ImportedMaps:
    """The label maps of one image. `image_id` is an accepted one, or 32 hexadecimal digits of the sender's."""

    image_id: str
    maps: Sequence[ImportedMap]
    name: str = ""
    source: str = ""


@dataclass(frozen=True)
class Image:
    """What intake knows of an image. `crop` is the part of the original that was brought to the grid `grid_id`."""

    image_id: str
    name: str
    original_size: Size
    crop: Box
    grid_id: str
    source: str
    captured_at: datetime | None
    accepted_at: datetime | None
    tags: Mapping[str, str]
    random_lane: bool


@dataclass(frozen=True)
class Picture:
    """A picture's file and its media type, such as image/png."""

    content: bytes = field(repr=False)
    media_type: str


@dataclass(frozen=True)
class Requeued:
    """How many images were published once more, and the ids that were never accepted or are forgotten."""

    requeued: int
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class IntakeStatus:
    """Images accepted, of those in the random lane, forgotten; duplicates and refusals since the process started."""

    accepted: int
    random_lane: int
    forgotten: int
    duplicates: int
    refused: int


@dataclass(frozen=True)
class Receipt:
    """What forgetting an image did: gone now, removed later by retention, and what stays and why."""

    image_id: str
    gone: tuple[str, ...]
    later: tuple[str, ...]
    stays: tuple[str, ...]
