"""Cityscapes: grey PNGs `NAME_gtFine_labelIds.png` of its 34 label ids.

Of these, 19 are evaluated (the train ids); the others are void, unless the policy maps them by name. Classes of the
taxonomy are found by their Cityscapes names.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from madseg.core.errors import InvalidInput, InvalidLabelMap, NotFound
from madseg.core.label_map import LabelMap, from_dense
from madseg.core.taxonomy import VOID, Taxonomy
from madseg.exchange.classes import Classes, translated
from madseg.exchange.masks import NamedMask, Policy, Refused, Writer, attempt
from madseg.exchange.pictures import grey_png, numbers, png
from madseg.exchange.places import Place, opened
from madseg.exchange.writing import FilePerMask

NAMES = (
    "unlabeled;ego vehicle;rectification border;out of roi;static;dynamic;ground;road;sidewalk;parking;rail track;"
    "building;wall;fence;guard rail;bridge;tunnel;pole;polegroup;traffic light;traffic sign;vegetation;terrain;sky;"
    "person;rider;car;truck;bus;caravan;trailer;train;motorcycle;bicycle"
).split(";")
"""Class names by label id."""

EVALUATED = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""Label ids in the order of the train ids 0..18."""

_ENDINGS = ("_gtFine_labelIds.png", "_gtCoarse_labelIds.png", "_labelIds.png")
_UNLABELED = 0


class Cityscapes:
    """A folder or zip of label id PNGs, in folders of splits and cities or not."""

    name = "cityscapes"

    def read(self, place: Path, taxonomy: Taxonomy, policy: Policy) -> Iterator[NamedMask | Refused]:
        classes = Classes(taxonomy, policy)
        with opened(place) as files:
            found = {name: path for path in files.files() if (name := _name(path))}
            if not found:
                raise NotFound(f"{place} has no *_labelIds.png: give a folder of Cityscapes' label ids")
            for name, path in sorted(found.items()):
                yield attempt(name, _mask, files, path, classes)

    @contextmanager
    def writer(self, place: Path, taxonomy: Taxonomy, *, overwrite: bool = False) -> Iterator[Writer]:
        table = _table(taxonomy)
        yield FilePerMask(
            taxonomy,
            lambda name: place / f"{name}{_ENDINGS[0]}",
            lambda mask: grey_png(table[mask.label_map.dense()]),
            overwrite=overwrite,
        )


def _mask(files: Place, path: str, classes: Classes) -> LabelMap:
    return from_dense(labels(numbers(png(files.read(path))), classes))


def labels(ids: NDArray[np.generic], classes: Classes) -> NDArray[np.uint8]:
    """Labels of an (H, W) array of label ids."""

    def label(number: int) -> int:
        if number in (-1, VOID):  # the licence plate, as its pixels have it
            return VOID
        if not 0 <= number < len(NAMES):
            raise InvalidLabelMap(f"label id {number} is none of Cityscapes' 0..{len(NAMES) - 1}")
        wanted = number in EVALUATED or classes.mapped(NAMES[number])
        return classes.named(NAMES[number]) if wanted else VOID

    return translated(ids, label)


def _table(taxonomy: Taxonomy) -> NDArray[np.uint8]:
    """(256,) uint8: label ids by label."""
    table = np.full(256, _UNLABELED, np.uint8)
    for label, name in enumerate(taxonomy.names):
        if name not in NAMES or NAMES.index(name) not in EVALUATED:
            raise InvalidInput(f"class {name!r} is none of the 19 that Cityscapes evaluates: choose another format")
        table[label] = NAMES.index(name)
    return table


def _name(path: str) -> str | None:
    return next((path.removesuffix(ending) for ending in _ENDINGS if path.endswith(ending)), None)
