"""Labelbox: lines of JSON (NDJSON) that name PNGs, one an instance or one an image with a colour for each class.

Read: the lines that are imported into Labelbox, one an annotation, and those that it exports, one a data row.
PNGs stand beside the file; those at a web address are looked up as `masks/FEATURE_ID.png`, since fetching them takes
a key. Written: `annotations.ndjson` to be imported, and `masks/NAME.png`, with the colours of the classes.
"""

import base64
import binascii
import json
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from madseg.core.errors import InvalidInput, InvalidLabelMap, NotFound
from madseg.core.label_map import LabelMap
from madseg.core.preprocess import Size
from madseg.core.taxonomy import VOID, Taxonomy
from madseg.exchange.classes import Classes, colours, gap, name_of
from madseg.exchange.documents import entry, objects, parsed
from madseg.exchange.instances import Instance, compose, instance
from madseg.exchange.limits import MAX_LINE_BYTES, checked_size
from madseg.exchange.masks import NamedMask, Overlaps, Policy, Refused, Writer, attempt
from madseg.exchange.names import safe, stem
from madseg.exchange.pictures import colour_png, packed, packed_colour, png
from madseg.exchange.places import Place, opened
from madseg.exchange.writing import put, single_file

_FILE, _FOLDER = "annotations.ndjson", "masks"
_SPACE = uuid.UUID("6c1f6a5e-7f0c-4f0e-9a53-0a0f0d3a8b11")
"""Names the ids of annotations, so that the same mask has the same ones."""


class Labelbox:
    """A folder with one *.ndjson, or the file itself."""

    name = "labelbox"

    def read(self, place: Path, taxonomy: Taxonomy, policy: Policy) -> Iterator[NamedMask | Refused]:
        path = _lines_file(place)
        classes, overlaps = Classes(taxonomy, policy), policy.on_top()
        with opened(path.parent) as files, path.open("rb") as stream:
            for name, offsets in _rows(stream).items():
                yield attempt(name, _mask, files, stream, offsets, classes, overlaps)

    @contextmanager
    def writer(self, place: Path, taxonomy: Taxonomy, *, overwrite: bool = False) -> Iterator[Writer]:
        name_of(VOID, taxonomy)
        if place.is_file():
            raise NotFound(f"{place} is a file: give a folder to write into")

        def render(stream: IO[bytes], masks: Iterable[NamedMask]) -> None:
            for mask in masks:
                stream.writelines(_lines(mask, place / _FOLDER, taxonomy))

        with single_file(place / _FILE, self.name, taxonomy, render, overwrite=overwrite) as made:
            yield made


def _lines_file(place: Path) -> Path:
    if not place.is_dir():
        if not place.is_file():
            raise NotFound(f"{place} is neither a folder nor a file")
        return place
    found = sorted(path for path in place.glob("*.ndjson") if not path.name.startswith("."))
    if len(found) != 1:
        raise InvalidInput(f"{place} has {len(found)} *.ndjson: give the one to read")
    return found[0]


def _rows(stream: IO[bytes]) -> dict[str, list[int]]:
    """Where the lines of each image begin. Holds names and places, not the lines."""
    found: dict[str, list[int]] = {}
    while True:
        at = stream.tell()
        line = _line_at(stream, at)
        if line is None:
            return found
        if line:
            found.setdefault(_name(line), []).append(at)


def _line_at(stream: IO[bytes], at: int) -> Any:
    """The object of the line that begins there; {} for an empty line, None at the end."""
    stream.seek(at)
    text = stream.readline(MAX_LINE_BYTES + 1)
    if len(text) > MAX_LINE_BYTES:
        raise InvalidInput(f"a line has more than {MAX_LINE_BYTES} bytes: is it one JSON object a line?")
    if not text:
        return None
    return parsed(text, f"the line at byte {at}") if text.strip() else {}


def _name(line: Any) -> str:
    row = line.get("dataRow", line.get("data_row")) if isinstance(line, dict) else None
    if not isinstance(row, dict):
        raise InvalidInput("a line must be an object with dataRow or data_row: give Labelbox's NDJSON")
    keys = ("globalKey", "global_key", "externalId", "external_id", "id")
    name = next((row[key] for key in keys if isinstance(row.get(key), str) and row[key]), "")
    return stem(name)


def _mask(files: Place, stream: IO[bytes], offsets: list[int], classes: Classes, overlaps: Overlaps) -> LabelMap:
    lines = [_line_at(stream, at) for at in offsets]
    size = _declared(lines)
    pictures = _Pictures(files)
    found = []
    for item in (item for line in lines for item in _annotations(line)):
        made = _instance(item, pictures, size, classes)
        size = made[1]
        found.append(made[0])
    if size is None:
        raise InvalidLabelMap("nothing says how large it is: neither a mask nor media_attributes")
    return compose(found, size, classes.gap, overlaps, lambda label: name_of(label, classes.taxonomy))


def _declared(lines: list[Any]) -> Size | None:
    media = lines[0].get("media_attributes")
    return checked_size(media.get("height"), media.get("width")) if isinstance(media, dict) else None


def _annotations(line: Any) -> list[Any]:
    """The annotations of a line: itself, or the objects of an exported row's only label."""
    if "dataRow" in line:
        return [line]
    labels = [label for project in entry(line, "projects", dict).values() for label in objects(project, "labels")]
    if len(labels) > 1:
        raise InvalidLabelMap(f"the data row has {len(labels)} labels: keep the one that counts")
    return [item for label in labels for item in objects(entry(label, "annotations", dict), "objects")]


def _instance(item: Any, pictures: "_Pictures", size: Size | None, classes: Classes) -> tuple[Instance, Size]:
    label = classes.named(entry(item, "name", str))
    mask = item.get("composite_mask") or item.get("mask")
    if not isinstance(mask, dict):
        raise InvalidLabelMap(f"{item.get('annotation_kind', 'an annotation')} is no mask: delete it")
    values = pictures.of(mask, str(item.get("feature_id", "")))
    found = Size(*values.shape)
    if size is not None and found != size:
        raise InvalidLabelMap(f"a mask is {found}, its image {size}")
    colour = mask.get("colorRGB", mask.get("color_rgb"))
    return instance(label, values == _packed(colour) if colour is not None else values > 0, found), found


def _packed(colour: object) -> int:
    if isinstance(colour, list) and len(colour) == 3 and all(type(part) is int and 0 <= part <= 255 for part in colour):
        return packed_colour((colour[0], colour[1], colour[2]))
    raise InvalidLabelMap(f"a colour must be three numbers in 0..255, got {str(colour)[:40]}")


class _Pictures:
    """The PNGs of one image; the last is kept, since a composite is asked for once a class."""

    def __init__(self, files: Place) -> None:
        self._files = files
        self._last: tuple[object, Any] = (None, None)

    def of(self, mask: dict[str, Any], feature: str) -> Any:
        """(H, W) int32 packed colours."""
        text = mask.get("imBytes") or mask.get("instanceURI") or mask.get("url")
        if not isinstance(text, str):
            raise InvalidLabelMap("a mask must have instanceURI, url or imBytes")
        if self._last[0] != (text, feature):
            self._last = (text, feature), packed(png(self._content(text, feature, inline="imBytes" in mask)))
        return self._last[1]

    def _content(self, text: str, feature: str, *, inline: bool) -> bytes:
        if inline or text.startswith("data:image/png;base64,"):
            try:
                return base64.b64decode(text.rpartition(",")[2], validate=True)
            except (binascii.Error, ValueError) as error:
                raise InvalidLabelMap("a mask's bytes are no base64: export it again") from error
        if "://" not in text:
            return self._files.read(safe(text))
        path = f"{_FOLDER}/{safe(feature)}.png"
        if path not in self._files.files():
            raise InvalidInput(f"its mask is at {text[:120]}: download it to {path} beside the NDJSON")
        return self._files.read(path)


def _lines(mask: NamedMask, folder: Path, taxonomy: Taxonomy) -> Iterator[bytes]:
    """A line a class. An image that is nothing but gap has a line of that, so that it isn't lost."""
    hole, chosen = gap(taxonomy), colours(taxonomy)
    put(folder / f"{mask.name}.png", colour_png(mask.label_map.dense(), chosen))
    present = np.flatnonzero(mask.label_map.areas()).tolist()
    for label in [label for label in present if label != hole] or [hole]:
        document = {
            "uuid": str(uuid.uuid5(_SPACE, f"{mask.name}\n{label}")),
            "dataRow": {"globalKey": f"{mask.name}.png"},
            "name": name_of(label, taxonomy),
            "mask": {"instanceURI": f"{_FOLDER}/{mask.name}.png", "colorRGB": list(chosen[label])},
        }
        yield json.dumps(document, ensure_ascii=False).encode() + b"\n"
