"""From foreign classes, by name or number, to labels of the taxonomy."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from madseg.core.errors import InvalidInput, InvalidLabelMap
from madseg.core.label_map import LabelMap
from madseg.core.taxonomy import VOID, Taxonomy, voc_colour
from madseg.exchange.masks import Gaps, Policy, Unknown

BACKGROUND = "background"
"""The class of pixels that no instance covers, where the taxonomy has it."""

VOID_NAME = "void"
"""What void is called in formats that name their classes."""

_VOID_NAMES = {VOID_NAME, "ignored"}

Colour = tuple[int, int, int]


class Classes:
    """Labels for the classes of a foreign format.

    `gap` is the label of pixels that no instance covers; `usual` is what they are where the policy doesn't say.

    Raises:
        InvalidInput: the policy maps to a class that isn't there, or wants a background where there is none.
    """

    def __init__(self, taxonomy: Taxonomy, policy: Policy, usual: Gaps = Gaps.BACKGROUND) -> None:
        self.taxonomy, self._policy = taxonomy, policy
        if policy.gaps is Gaps.BACKGROUND and BACKGROUND not in taxonomy.names:
            raise InvalidInput(f"taxonomy {taxonomy.name!r} has no background: gaps can only be void")
        self.gap = VOID if (policy.gaps or usual) is Gaps.VOID else gap(taxonomy)
        for wanted in policy.names.values():
            if wanted not in _VOID_NAMES:
                taxonomy.label(wanted)

    def named(self, name: str) -> int:
        """The label of a class name. A background that the taxonomy lacks is a gap.

        Raises:
            InvalidLabelMap: the taxonomy doesn't have it, and the policy doesn't say what it is.
        """
        wanted = self._policy.names.get(name, name)
        if wanted in self.taxonomy.names:
            return self.taxonomy.names.index(wanted)
        if wanted in _VOID_NAMES:
            return VOID
        return self.gap if wanted == BACKGROUND else self._unknown(f"class {name[:80]!r}", name)

    def mapped(self, name: str) -> bool:
        """True where the policy says what a class is."""
        return name in self._policy.names

    def numbered(self, values: NDArray[np.generic]) -> NDArray[np.uint8]:
        """Labels of an (H, W) array of class numbers; 255 and -1 are void.

        Raises:
            InvalidLabelMap: as `named`.
        """
        return translated(values, self._number)

    def unknown_colour(self, colour: Colour) -> int:
        """The label of pixels in a colour that no class has."""
        return self._unknown(f"colour {colour[0]},{colour[1]},{colour[2]}", None)

    def _number(self, number: int) -> int:
        if (wanted := str(number)) in self._policy.names:
            return self.named(wanted)
        if number in (VOID, -1):
            return VOID
        return number if 0 <= number < len(self.taxonomy) else self._unknown(f"class number {number}", wanted)

    def _unknown(self, what: str, name: str | None) -> int:
        if self._policy.unknown is Unknown.VOID:
            return VOID
        fix = f"say what it is with --map {name[:80]}=CLASS, or make it" if name is not None else "make it"
        raise InvalidLabelMap(f"{what} is not in taxonomy {self.taxonomy.name!r}: {fix} void with --unknown void")


def gap(taxonomy: Taxonomy) -> int:
    """The label that writers leave out where a format knows gaps: background where there is one, else void."""
    return taxonomy.names.index(BACKGROUND) if BACKGROUND in taxonomy.names else VOID


def name_of(label: int, taxonomy: Taxonomy) -> str:
    """What a label is called in formats that name their classes.

    Raises:
        InvalidInput: it is void, and the taxonomy has a class of that name.
    """
    if label != VOID:
        return taxonomy.names[label]
    if VOID_NAME in taxonomy.names:
        raise InvalidInput(f"taxonomy {taxonomy.name!r} has a class {VOID_NAME!r}, so that void has no name of its own")
    return VOID_NAME


def check_labels(label_map: LabelMap, taxonomy: Taxonomy) -> None:
    """Raises InvalidLabelMap where a label map has one that the taxonomy doesn't."""
    outside = [label for label in label_map.present if label >= len(taxonomy)]
    if outside:
        raise InvalidLabelMap(f"label {outside[0]} is outside taxonomy {taxonomy.name!r} of {len(taxonomy)} classes")


def colours(taxonomy: Taxonomy) -> dict[int, Colour]:
    """A colour of its own for each label and void; black is the gap and nothing else.

    The taxonomy's own where they are so, else PASCAL VOC's, one further on.
    """
    hole = gap(taxonomy)
    own = {label: item.colour for label, item in enumerate(taxonomy.classes)} | {VOID: voc_colour(VOID)}
    own[hole] = (0, 0, 0)
    if len(set(own.values())) == len(own):
        return own
    return {label: (0, 0, 0) if label == hole else voc_colour(label + 1) for label in own}


def translated(values: NDArray[np.generic], label: Callable[[int], int]) -> NDArray[np.uint8]:
    """The array with every number replaced by its label; each number is asked about once."""
    if values.dtype == np.uint8:
        table = np.zeros(256, np.uint8)
        for number in np.flatnonzero(np.bincount(values.reshape(-1), minlength=256)):
            table[number] = label(int(number))
        return np.asarray(table[values])
    numbers, at = np.unique(values, return_inverse=True)
    table = np.array([label(int(number)) for number in numbers], np.uint8)
    return np.asarray(table[at.reshape(values.shape)])
