"""What the services have in common: versions, contests, filters."""

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from madseg.client.errors import InvalidArgument

_NEWEST = (1 << 32) - 1
"""The largest number of a version that a message holds."""

_DIGITS = len(str(_NEWEST))


class Role(StrEnum):
    """What a model is to the competition."""

    TARGET = "target"
    COMPETITOR = "competitor"
    RETIRED = "retired"


class Defender(StrEnum):
    """Whose label map gives the class subgroup of a ranking.

    TARGET: images on which the target may have found a class that isn't there.
    COMPETITOR: images on which the target may have missed a class.
    """

    TARGET = "target"
    COMPETITOR = "competitor"


class ContestState(StrEnum):
    """How far a contest has come."""

    UNKNOWN = "unknown"
    FILLING = "filling"
    COMPLETE = "complete"
    RETIRED = "retired"


@dataclass(frozen=True, order=True)
class Version:
    """One version of one model. In an argument, version 0 means the newest; answers hold 1 or more."""

    model: str
    version: int = 0

    def __str__(self) -> str:
        return f"{self.model}/{self.version}" if self.version else self.model

    @classmethod
    def of(cls, text: "str | Version") -> "Version":
        """The version written `name` or `name/3`.

        Raises:
            InvalidArgument: what follows the stroke is not a whole number of 1 .. 2^32 - 1.
        """
        if isinstance(text, Version):
            return text
        name, stroke, number = text.partition("/")
        plain = number.isascii() and number.isdigit() and len(number) <= _DIGITS
        if stroke and not (plain and 1 <= int(number) <= _NEWEST):
            told = f"a version must be written name or name/3, of 1..{_NEWEST}, got {reprlib.repr(text)}"
            raise InvalidArgument(told)
        return cls(name, int(number or 0))


@dataclass(frozen=True)
class Contest:
    """One target version against one competitor version.

    `compared` images have both label maps, on `failed` at least one of the two could not predict,
    `missing` still lack an answer of one of them.
    """

    target: Version
    competitor: Version
    state: ContestState
    compared: int
    failed: int
    missing: int


@dataclass(frozen=True)
class ImageFilter:
    """Which images a query looks at; what is left out doesn't filter.

    Captured at or after `since` and before `until` (both with a time zone), from `source`, with all of `tags`.
    """

    since: datetime | None = None
    until: datetime | None = None
    source: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Size:
    """Rows and columns in pixels."""

    height: int
    width: int


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels: first column and row inside, columns and rows."""

    left: int
    top: int
    width: int
    height: int
