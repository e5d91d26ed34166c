"""What goes between formats: label maps with names, and what to do where a foreign format leaves a choice."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import ParamSpec, Protocol

from madseg.core.errors import InvalidInput
from madseg.core.label_map import LabelMap
from madseg.core.preprocess import Size
from madseg.core.taxonomy import Taxonomy
from madseg.exchange.names import safe

P = ParamSpec("P")


class Overlaps(StrEnum):
    """Which class a pixel gets that instances of several classes cover."""

    REFUSE = "refuse"
    LATER = "later"
    SMALLER = "smaller"
    Z_ORDER = "z-order"


class Gaps(StrEnum):
    """What a pixel is that no instance covers."""

    BACKGROUND = "background"
    VOID = "void"


class Unknown(StrEnum):
    """What becomes of a class that the taxonomy doesn't have."""

    REFUSE = "refuse"
    VOID = "void"


@dataclass(frozen=True)
class Policy:
    """How choices are made; None: as is usual for the format.

    `names` says for a foreign class which class of the taxonomy it is, or "void". Formats without class names call a
    class by its number.
    """

    overlaps: Overlaps | None = None
    gaps: Gaps | None = None
    unknown: Unknown = Unknown.REFUSE
    names: Mapping[str, str] = field(default_factory=dict)

    def on_top(self, usual: Overlaps = Overlaps.REFUSE) -> Overlaps:
        """What settles overlaps, in a format where that is `usual`.

        Raises:
            InvalidInput: it is the z order, which the format doesn't have.
        """
        if self.overlaps is Overlaps.Z_ORDER and usual is not Overlaps.Z_ORDER:
            raise InvalidInput("this format has no z order: let overlaps be refuse, later or smaller", field="overlaps")
        return self.overlaps or usual


@dataclass(frozen=True)
class NamedMask:
    """A mask and its name: the image's path below its folder, with slashes and without ending."""

    name: str
    label_map: LabelMap

    @property
    def size(self) -> Size:
        """Rows and columns."""
        return Size(self.label_map.height, self.label_map.width)


@dataclass(frozen=True)
class Refused:
    """A mask that can't be read, and why."""

    name: str
    reason: str


class Writer(Protocol):
    """Takes masks in, one at a time. What was written whole stays where a run is cut off."""

    def has(self, name: str) -> bool:
        """True where the mask of this name is there, from an earlier run or this one."""

    def write(self, mask: NamedMask) -> None:
        """Writes a mask.

        Raises:
            InvalidInput: the format can't say it; the message says why.
        """


class Format(Protocol):
    """One way to keep masks in files."""

    @property
    def name(self) -> str:
        """What commands call it."""

    def read(self, place: Path, taxonomy: Taxonomy, policy: Policy) -> Iterator[NamedMask | Refused]:
        """The masks of a folder or file, one at a time; one that is wrong is a refusal and the others go on.

        Raises:
            NotFound: nothing is there, or it can't be read.
            InvalidInput: the whole of it can't be read as this format.
        """

    def writer(self, place: Path, taxonomy: Taxonomy, *, overwrite: bool = False) -> AbstractContextManager[Writer]:
        """Writes masks; the format is complete when the context is left without an error.

        After one that was cut off, the next goes on with what is there. `overwrite` replaces what an earlier run
        completed; a format that is a single file is otherwise refused where the file exists.

        Raises:
            AlreadyExists: the file exists.
            InvalidInput: the format can't hold the taxonomy.
        """


def attempt(
    name: str | Callable[[], str], make: Callable[P, LabelMap], *args: P.args, **kwargs: P.kwargs
) -> NamedMask | Refused:
    """The mask that `make` reads from its arguments, or the reason why it can't be read."""
    found = name if isinstance(name, str) else ""
    try:
        found = name if isinstance(name, str) else name()
        return NamedMask(safe(found), make(*args, **kwargs))
    except InvalidInput as error:
        return Refused(found or "a mask without a name", str(error))
