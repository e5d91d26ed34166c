"""Which classes there are, what they look like on a page, and which of them are ranked.

A label is an index into `Taxonomy.classes`; `VOID` (255) means "not labelled" and never counts.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from madseg.core.errors import InvalidInput

VOID = 255
"""The label of pixels that are left out of every measure (PASCAL VOC's border, a class nobody knows)."""

MAX_CLASSES = 255
"""Labels are bytes and the last one is void."""


@dataclass(frozen=True)
class SegmentationClass:
    """One class: its name, its colour as (R, G, B) in 0..255, and whether it has rankings of its own."""

    name: str
    colour: tuple[int, int, int]
    ranked: bool = True


@dataclass(frozen=True)
class Taxonomy:
    """An ordered list of classes; position is label.

    Raises:
        InvalidInput: no class, more than 255, an empty or doubled name, a colour outside 0..255.
    """

    name: str
    classes: tuple[SegmentationClass, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.classes) <= MAX_CLASSES:
            raise InvalidInput(f"taxonomy {self.name!r} must have 1..{MAX_CLASSES} classes, got {len(self.classes)}")
        seen: set[str] = set()
        for item in self.classes:
            if not item.name or item.name in seen:
                raise InvalidInput(f"taxonomy {self.name!r}: class name {item.name!r} is empty or stands twice")
            if any(not 0 <= part <= 255 for part in item.colour):
                raise InvalidInput(f"taxonomy {self.name!r}: colour {item.colour} of {item.name!r} is outside 0..255")
            seen.add(item.name)

    def __len__(self) -> int:
        return len(self.classes)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Class names in label order."""
        return tuple(item.name for item in self.classes)

    @cached_property
    def ranked(self) -> tuple[int, ...]:
        """Labels of the classes that have rankings, ascending."""
        return tuple(label for label, item in enumerate(self.classes) if item.ranked)

    @cached_property
    def id(self) -> str:
        """`name@hash`: two taxonomies with the same id have the same classes in the same order, ranked alike."""
        text = "\n".join(f"{item.name}\t{int(item.ranked)}" for item in self.classes)
        return f"{self.name}@{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    @property
    def background(self) -> int:
        """The label of what nobody drew, by `background_of`."""
        return background_of(self.classes[0].ranked)

    def label(self, name: str) -> int:
        """The label of the class called `name`.

        Raises:
            InvalidInput: there is no such class; the message lists those there are.
        """
        try:
            return self.names.index(name)
        except ValueError:
            raise InvalidInput(
                f"class {name!r} is not in taxonomy {self.name!r}: {', '.join(self.names)}", field="class"
            ) from None

    def palette(self) -> bytes:
        """768 bytes R, G, B for label 0..255, as paletted PNGs want it; void is VOC's cream (224, 224, 192)."""
        colours = bytearray(768)
        for label, item in enumerate(self.classes):
            colours[3 * label : 3 * label + 3] = bytes(item.colour)
        colours[3 * VOID :] = bytes((224, 224, 192))
        return bytes(colours)


def background_of(first_ranked: bool) -> int:
    """The label of an empty mask: the first class where it isn't ranked, which is a background, else void."""
    return VOID if first_ranked else 0


def voc_colour(label: int) -> tuple[int, int, int]:
    """PASCAL VOC's colour of `label`: three bits of the label at a time, spread over R, G, B from the top bit down."""
    red = green = blue = 0
    for shift in range(7, -1, -1):
        red |= (label & 1) << shift
        green |= (label >> 1 & 1) << shift
        blue |= (label >> 2 & 1) << shift
        label >>= 3
    return red, green, blue


def taxonomy_of(name: str, names: Iterable[str], unranked: Iterable[str] = ()) -> Taxonomy:
    """A taxonomy of class names in label order, in VOC's colours; `unranked` classes get no rankings."""
    skip = set(unranked)
    return Taxonomy(
        name, tuple(SegmentationClass(item, voc_colour(label), item not in skip) for label, item in enumerate(names))
    )


VOC = taxonomy_of(
    "voc",
    "background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person "
    "pottedplant sheep sofa train tvmonitor".split(),
    unranked=["background"],
)
"""The 21 classes of PASCAL VOC; background is not ranked (Wang et al. 2022, section 4.1)."""
