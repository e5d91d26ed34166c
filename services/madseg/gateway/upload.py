"""What a sender hands over and what it gets back, without protobuf, HTTP or pictures."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from madseg.core.errors import InvalidInput
from madseg.core.messages import VersionRef

MAX_TEXT = 200
"""Characters of a source, of a tag's name and of a tag's value."""

MAX_TAGS = 32
"""Tags of one image."""

MAX_NAME = 1000
"""Characters of a name that are kept; longer ones lose their beginning, since paths differ at the end."""


@dataclass(frozen=True, slots=True)
class ImageUpload:
    """One picture to take in. `name` is for messages; `captured_at` None means the time of acceptance."""

    content: bytes
    name: str = ""
    source: str = "upload"
    captured_at: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A picture is in. `duplicate` says that these very bytes had been in before."""

    image_id: str
    duplicate: bool
    random_lane: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """An item of a source or a stream that was not taken, and why, in one sentence for people."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportedMaps:
    """Label maps of one image that were predicted elsewhere.

    `maps` pairs versions with the wire form of `madseg.core.label_map` on the canonical grid.
    `photograph` is the file that `image_id` was made from, so that it can be sent too; None for maps without pictures.
    """

    image_id: str
    maps: tuple[tuple[VersionRef, bytes], ...]
    name: str = ""
    source: str = "import"
    photograph: str | None = None


def checked(upload: ImageUpload) -> ImageUpload:
    """The upload itself.

    Raises:
        InvalidInput: a source, a tag or a time outside its bounds; the message names it.
    """
    checked_text("source", upload.source)
    if not upload.source:
        raise InvalidInput("source must not be empty", field="source")
    if len(upload.tags) > MAX_TAGS:
        raise InvalidInput(f"an image has at most {MAX_TAGS} tags, got {len(upload.tags)}", field="tags")
    for key, value in upload.tags.items():
        if not key:
            raise InvalidInput("a tag's name must not be empty", field="tags")
        checked_text("tags", key)
        checked_text("tags", value)
    if upload.captured_at is not None:
        checked_moment(upload.captured_at)
    return upload


def checked_moment(captured_at: datetime) -> datetime:
    """The time itself.

    Raises:
        InvalidInput: it has no time zone, or is no time of the years 1 to 9999 in UTC.
    """
    if captured_at.tzinfo is None:
        raise InvalidInput(f"captured_at needs a time zone, got {captured_at.isoformat()}", field="captured_at")
    try:
        captured_at.astimezone(UTC)
    except OverflowError as error:
        raise InvalidInput(
            f"captured_at is no time of the years 1 to 9999 in UTC, got {captured_at.isoformat()}", field="captured_at"
        ) from error
    return captured_at


def checked_text(name: str, text: str, limit: int = MAX_TEXT) -> str:
    """`text` itself.

    Raises:
        InvalidInput: it is longer than `limit` characters or holds control characters, which databases refuse.
    """
    if len(text) > limit:
        raise InvalidInput(f"{name} has at most {limit} characters, got {len(text)}", field=name)
    if text != printable(text):
        raise InvalidInput(f"{name} must hold no control characters, got {text!r}", field=name)
    return text


def printable(text: str) -> str:
    """`text` with what no message or database should carry replaced: control characters and broken Unicode."""
    if text.isprintable():
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text)


def shown(name: str, otherwise: str) -> str:
    """A sender's name for an item as messages carry it; `otherwise` where there is none."""
    return printable(name[-MAX_NAME:]) or otherwise
