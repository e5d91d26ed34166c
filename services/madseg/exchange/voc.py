"""PASCAL VOC: paletted PNGs of class numbers, 255 void.

`SegmentationClass/NAME.png`, and lists of names in `ImageSets/Segmentation/*.txt`. `SegmentationObject/` is left
alone: objects are nothing to a label map.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from madseg.core.errors import InvalidInput, NotFound
from madseg.core.label_map import LabelMap, from_dense
from madseg.core.taxonomy import VOID, Taxonomy, voc_colour
from madseg.exchange.classes import Classes
from madseg.exchange.limits import MAX_LINE_BYTES
from madseg.exchange.masks import NamedMask, Policy, Refused, Writer, attempt
from madseg.exchange.pictures import numbers, paletted_png, png
from madseg.exchange.places import Place, below, opened
from madseg.exchange.writing import FilePerMask, put

MASKS, LISTS = "SegmentationClass", "ImageSets/Segmentation"

PALETTE = bytes(part for label in range(VOID + 1) for part in voc_colour(label))
"""The VOC colour map: colours are for people, the numbers are the labels."""


class Voc:
    """Folders as PASCAL VOC has them, or a zip of them."""

    name = "voc"

    def read(self, place: Path, taxonomy: Taxonomy, policy: Policy) -> Iterator[NamedMask | Refused]:
        classes = Classes(taxonomy, policy)
        with opened(place) as files:
            found = below(files, MASKS, ".png")
            if not found:
                raise NotFound(f"{place} has no {MASKS}/*.png: give the folder that {MASKS} is in")
            for name in sorted({*found, *listed(files)}):
                yield attempt(name, _mask, files, found.get(name), classes)

    @contextmanager
    def writer(self, place: Path, taxonomy: Taxonomy, *, overwrite: bool = False) -> Iterator[Writer]:
        root = place / MASKS
        yield FilePerMask(
            taxonomy,
            lambda name: root / f"{name}.png",
            lambda mask: paletted_png(mask.label_map.dense(), PALETTE),
            overwrite=overwrite,
        )
        if root.is_dir():
            with opened(root) as files:
                names = "".join(f"{name}\n" for name in below(files, "", ".png"))
            put(place / LISTS / "all.txt", names.encode())


def listed(files: Place) -> set[str]:
    """All names in the lists of images."""
    names: set[str] = set()
    for path in below(files, LISTS, ".txt").values():
        text = files.read(path, MAX_LINE_BYTES).decode("utf-8", "replace")
        names.update(line.strip() for line in text.splitlines() if line.strip())
    return names


def _mask(files: Place, path: str | None, classes: Classes) -> LabelMap:
    if path is None:
        raise InvalidInput(f"it stands in {LISTS}, but {MASKS} has no mask of it")
    return from_dense(classes.numbered(numbers(png(files.read(path)))))
