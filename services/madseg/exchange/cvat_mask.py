"""CVAT "Segmentation mask 1.1": a zip of colour PNGs, and `labelmap.txt` that says the colour of each class.

`labelmap.txt` has a line `name:r,g,b:parts:actions` a class; `SegmentationClass/NAME.png` is the label map,
`SegmentationObject/NAME.png` the objects, here one a class; `ImageSets/Segmentation/default.txt` lists the names.
"""

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from madseg.core.errors import InvalidInput, NotFound
from madseg.core.label_map import LabelMap, from_dense
from madseg.core.taxonomy import VOID, Taxonomy, voc_colour
from madseg.exchange.classes import BACKGROUND, Classes, colours, gap, name_of, translated
from madseg.exchange.limits import MAX_LINE_BYTES
from madseg.exchange.masks import NamedMask, Policy, Refused, Writer, attempt
from madseg.exchange.pictures import colour_png, packed, packed_colour, png, unpacked_colour
from madseg.exchange.places import Place, below, opened
from madseg.exchange.voc import LISTS, MASKS, listed
from madseg.exchange.writing import single_file

_LABELS, _OBJECTS = "labelmap.txt", "SegmentationObject"


class CvatMask:
    """The zip, or the folder of it unpacked."""

    name = "cvat-mask"

    def read(self, place: Path, taxonomy: Taxonomy, policy: Policy) -> Iterator[NamedMask | Refused]:
        classes = Classes(taxonomy, policy)
        with opened(place) as files:
            names = label_map_names(files.read(_LABELS, MAX_LINE_BYTES))
            found = below(files, MASKS, ".png")
            if not found:
                raise NotFound(f"{place} has no {MASKS}/*.png: export it as Segmentation mask 1.1")
            for name in sorted({*found, *listed(files)}):
                yield attempt(name, _mask, files, found.get(name), names, classes)

    @contextmanager
    def writer(self, place: Path, taxonomy: Taxonomy, *, overwrite: bool = False) -> Iterator[Writer]:
        lines = _lines(taxonomy)

        def render(stream: IO[bytes], masks: Iterable[NamedMask]) -> None:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
                _render(archive, masks, lines, taxonomy)

        with single_file(place, self.name, taxonomy, render, overwrite=overwrite) as made:
            yield made


def label_map_names(content: bytes) -> dict[int, str]:
    """Class names by packed colour, of a `labelmap.txt`.

    Raises:
        InvalidInput: a line is none, or two classes have one colour.
    """
    found: dict[int, str] = {}
    for line in content.decode("utf-8", "replace").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, colour = _line(line)
        if found.setdefault(colour, name) != name:
            raise InvalidInput(f"{_LABELS}: {name!r} and {found[colour]!r} have the same colour: change one")
    return found


def _line(line: str) -> tuple[str, int]:
    parts = line.strip().split(":")
    colour = parts[1].split(",") if len(parts) > 1 else []
    if len(colour) != 3 or not all(part.strip().isdecimal() and int(part) <= 255 for part in colour):
        raise InvalidInput(f"{_LABELS} must have lines such as cat:64,0,0::, got {line[:80]!r}")
    red, green, blue = map(int, colour)
    return parts[0].strip(), packed_colour((red, green, blue))


def _mask(files: Place, path: str | None, names: dict[int, str], classes: Classes) -> LabelMap:
    if path is None:
        raise InvalidInput(f"it stands in {LISTS}, but {MASKS} has no mask of it")

    def label(value: int) -> int:
        name = names.get(value)
        if name is None:
            return classes.unknown_colour(unpacked_colour(value))
        # What nobody drew on is this class in CVAT.
        return classes.gap if name == BACKGROUND and not classes.mapped(name) else classes.named(name)

    return from_dense(translated(packed(png(files.read(path))), label))


def _lines(taxonomy: Taxonomy) -> str:
    """The `labelmap.txt` of a taxonomy, void included."""
    chosen, hole = colours(taxonomy), gap(taxonomy)
    lines = ["# label:color_rgb:parts:actions"]
    for label, colour in sorted(chosen.items(), key=lambda pair: pair[0] != hole):
        name = BACKGROUND if label == hole else name_of(label, taxonomy)
        if name != name.strip() or ":" in name or name.startswith("#") or not name.isprintable():
            raise InvalidInput(f"class name {name!r} can't stand in {_LABELS}: rename it or choose another format")
        lines.append(f"{name}:{','.join(map(str, colour))}::")
    return "\n".join(lines) + "\n"


def _render(archive: zipfile.ZipFile, masks: Iterable[NamedMask], lines: str, taxonomy: Taxonomy) -> None:
    chosen, names = colours(taxonomy), []
    objects = {label: voc_colour(label) for label in range(VOID + 1)}
    for mask in masks:
        names.append(mask.name)
        pixels = mask.label_map.dense()
        _put(archive, f"{MASKS}/{mask.name}.png", colour_png(pixels, chosen))
        _put(archive, f"{_OBJECTS}/{mask.name}.png", colour_png(_numbered(pixels, gap(taxonomy)), objects))
    _put(archive, _LABELS, lines.encode())
    _put(archive, f"{LISTS}/default.txt", "".join(f"{name}\n" for name in names).encode())


def _numbered(pixels: NDArray[np.uint8], hole: int) -> NDArray[np.uint8]:
    """Objects of a label map, one a class, numbered from 1 on; 0 is no object."""
    order = iter(range(1, VOID + 2))
    return translated(pixels, lambda label: 0 if label == hole else next(order))


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    # A fixed date: the same masks are the same bytes.
    item = zipfile.ZipInfo(name)
    item.compress_type = zipfile.ZIP_DEFLATED
    item.external_attr = 0o644 << 16
    archive.writestr(item, content)
