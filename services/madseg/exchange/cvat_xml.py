"""CVAT for images 1.1: one XML; masks are run lengths row by row over their box, background first, or polygons.

What is nearer has the higher `z_order`; of two alike the later is on top. Other shapes are refused.
Written: a class is one mask, and background (without one: void) has none.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from madseg.core.errors import InvalidInput, InvalidLabelMap
from madseg.core.label_map import LabelMap
from madseg.core.preprocess import Size
from madseg.core.taxonomy import VOID, Taxonomy
from madseg.exchange.classes import Classes, colours, gap, name_of
from madseg.exchange.counts import counted, uncounted
from madseg.exchange.instances import Instance, box, compose, instance, layers
from madseg.exchange.limits import MAX_PIXELS, checked_size, whole
from madseg.exchange.masks import NamedMask, Overlaps, Policy, Refused, Writer, attempt
from madseg.exchange.names import stem
from madseg.exchange.places import opened
from madseg.exchange.polygons import polygon
from madseg.exchange.writing import single_file
from madseg.exchange.xml_events import Start, events

_FILE = "annotations.xml"
_OTHER_SHAPES = {"box", "polyline", "points", "ellipse", "cuboid", "skeleton"}


class CvatXml:
    """The XML, or the zip or folder that has it as annotations.xml."""

    name = "cvat-xml"

    def read(self, place: Path, taxonomy: Taxonomy, policy: Policy) -> Iterator[NamedMask | Refused]:
        classes, overlaps = Classes(taxonomy, policy), policy.on_top(Overlaps.Z_ORDER)
        with _stream(place) as stream:
            image: Start | None = None
            shapes: list[Start] = []
            for event in events(stream, str(place)):
                if isinstance(event, Start):
                    if event.tag == "image":
                        image, shapes = event, []
                    elif image is not None:
                        shapes.append(event)
                elif event.tag == "image" and image is not None:
                    yield _read(image, shapes, classes, overlaps)
                    image = None

    @contextmanager
    def writer(self, place: Path, taxonomy: Taxonomy, *, overwrite: bool = False) -> Iterator[Writer]:
        for label in (*range(len(taxonomy)), VOID):
            if not name_of(label, taxonomy).isprintable():
                raise InvalidInput(f"class name {name_of(label, taxonomy)!r} can't stand in XML: rename it")

        def render(stream: IO[bytes], masks: Iterable[NamedMask]) -> None:
            _render(stream, masks, taxonomy)

        with single_file(place, self.name, taxonomy, render, overwrite=overwrite) as made:
            yield made


@contextmanager
def _stream(place: Path) -> Iterator[IO[bytes]]:
    if place.suffix.lower() == ".xml" and place.is_file():
        with place.open("rb") as stream:
            yield stream
    else:
        with opened(place) as files, files.open(_FILE) as stream:
            yield stream


def _read(image: Start, shapes: list[Start], classes: Classes, overlaps: Overlaps) -> NamedMask | Refused:
    def made() -> LabelMap:
        size = checked_size(_number(image, "height"), _number(image, "width"))
        found = [_instance(shape, size, classes) for shape in shapes if _is_shape(shape)]
        return compose(found, size, classes.gap, overlaps, lambda label: name_of(label, classes.taxonomy))

    return attempt(stem(image.attributes.get("name", "")), made)


def _is_shape(shape: Start) -> bool:
    if shape.tag in _OTHER_SHAPES:
        raise InvalidLabelMap(f"it has a {shape.tag}, which is no mask: convert it to a mask or polygon, or delete it")
    return shape.tag in {"mask", "polygon"}


def _instance(shape: Start, size: Size, classes: Classes) -> Instance:
    label = classes.named(shape.attributes.get("label", ""))
    z = _number(shape, "z_order", low=-(1 << 31)) if "z_order" in shape.attributes else 0
    if shape.tag == "polygon":
        return polygon(label, [_points(shape.attributes.get("points", ""))], size, z)
    crop = checked_size(_number(shape, "height"), _number(shape, "width"))
    flat = uncounted(_counts(shape.attributes.get("rle", "")), crop.pixels)
    pixels = flat.reshape(crop.height, crop.width)
    return instance(label, pixels, size, _number(shape, "left"), _number(shape, "top"), z)


def _number(found: Start, name: str, low: int = 0) -> int:
    text = found.attributes.get(name, "")
    try:
        value = int(text)
    except ValueError:
        raise InvalidLabelMap(f"{found.tag} must have a whole number as {name}, got {text[:40]!r}") from None
    return whole(value, name, low, MAX_PIXELS)


def _counts(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InvalidLabelMap(f"rle must be whole numbers with commas, got {text[:40]!r}") from None


def _points(text: str) -> NDArray[np.float64]:
    try:
        return np.array([[float(part) for part in pair.split(",")] for pair in text.split(";")], np.float64).reshape(
            -1, 2
        )
    except ValueError:
        raise InvalidLabelMap(f"points must be written x,y;x,y, got {text[:40]!r}") from None


def _render(stream: IO[bytes], masks: Iterable[NamedMask], taxonomy: Taxonomy) -> None:
    hole, chosen = gap(taxonomy), colours(taxonomy)
    stream.write(b'<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n')
    stream.write(b"    <task>\n      <labels>\n")
    for label in (*range(len(taxonomy)), VOID):
        if label != hole:
            colour = "#" + bytes(chosen[label]).hex()
            name = escape(name_of(label, taxonomy))
            stream.write(f"        <label><name>{name}</name><color>{colour}</color></label>\n".encode())
    stream.write(b"      </labels>\n    </task>\n  </meta>\n")
    for number, mask in enumerate(masks):
        _render_image(stream, number, mask, hole, taxonomy)
    stream.write(b"</annotations>\n")


def _render_image(stream: IO[bytes], number: int, mask: NamedMask, hole: int, taxonomy: Taxonomy) -> None:
    name, size = quoteattr(f"{mask.name}.png"), mask.size
    stream.write(f'  <image id="{number}" name={name} width="{size.width}" height="{size.height}">\n'.encode())
    for label, pixels in layers(mask.label_map, hole):
        left, top, width, height = box(pixels)
        rle = ", ".join(map(str, counted(pixels[top : top + height, left : left + width].reshape(-1))))
        stream.write(
            f'    <mask label={quoteattr(name_of(label, taxonomy))} source="file" occluded="0" rle="{rle}" '
            f'left="{left}" top="{top}" width="{width}" height="{height}" z_order="0"></mask>\n'.encode()
        )
    stream.write(b"  </image>\n")
