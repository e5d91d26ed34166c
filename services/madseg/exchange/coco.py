"""COCO instances: one JSON; masks are run lengths column by column, as numbers or compressed text, or polygons.

Written: compressed, a class is one annotation, and background (without one: void) has none.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from madseg.core.errors import InvalidLabelMap
from madseg.core.label_map import LabelMap
from madseg.core.preprocess import Size
from madseg.core.taxonomy import VOID, Taxonomy
from madseg.exchange.classes import Classes, gap, name_of
from madseg.exchange.coco_documents import image_name, json_list, only_json
from madseg.exchange.coco_index import CocoIndex, Span, check_bounded
from madseg.exchange.counts import compressed, counted, uncompressed, uncounted
from madseg.exchange.documents import entries, entry, opened_document
from madseg.exchange.instances import Instance, box, compose, instance, layers
from madseg.exchange.limits import checked_size, whole
from madseg.exchange.masks import NamedMask, Overlaps, Policy, Refused, Writer, attempt
from madseg.exchange.polygons import polygon
from madseg.exchange.writing import single_file


class Coco:
    """An annotations file, or a folder with one."""

    name = "coco"

    def read(self, place: Path, taxonomy: Taxonomy, policy: Policy) -> Iterator[NamedMask | Refused]:
        path = only_json(place)
        classes, overlaps = Classes(taxonomy, policy), policy.on_top()
        with opened_document(path) as stream:
            index = CocoIndex(stream, str(path))
            for image, spans in index.images():
                yield attempt(partial(image_name, image), _mask, index, image, spans, classes, overlaps)
            for lost in index.lost():
                yield Refused(f"image {lost}", "it has annotations, but isn't among the images")

    @contextmanager
    def writer(self, place: Path, taxonomy: Taxonomy, *, overwrite: bool = False) -> Iterator[Writer]:
        name_of(VOID, taxonomy)

        def render(stream: IO[bytes], masks: Iterable[NamedMask]) -> None:
            _render(stream, masks, taxonomy)

        with single_file(place, self.name, taxonomy, render, overwrite=overwrite) as made:
            yield made


def _mask(index: CocoIndex, image: Any, spans: Sequence[Span], classes: Classes, overlaps: Overlaps) -> LabelMap:
    size = checked_size(image.get("height"), image.get("width"))
    check_bounded(spans)
    found = [_instance(index.read(span), size, index.categories, classes) for span in spans]
    return compose(found, size, classes.gap, overlaps, lambda label: name_of(label, classes.taxonomy))


def _instance(item: Any, size: Size, names: Mapping[int, str], classes: Classes) -> Instance:
    category = whole(entry(item, "category_id", int), "category_id")
    if category not in names:
        raise InvalidLabelMap(f"category {category} stands in an annotation, but not in the categories")
    label, what = classes.named(names[category]), entry(item, "segmentation", object)
    if isinstance(what, list):
        return polygon(label, [_points(outline) for outline in what], size)
    return instance(label, _columns(what, size), size)


def _columns(what: Any, size: Size) -> NDArray[np.bool_]:
    """(H, W) bool of run lengths."""
    if entries(what, "size") != [size.height, size.width]:
        raise InvalidLabelMap(f"a segmentation has size {str(what['size'])[:40]}, its image {size}")
    counts = what.get("counts")
    flat = uncounted(uncompressed(counts) if isinstance(counts, str) else entries(what, "counts"), size.pixels)
    return flat.reshape(size.width, size.height).T


def _points(outline: object) -> NDArray[np.float64]:
    try:
        return np.array(outline, np.float64).reshape(-1, 2)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidLabelMap("a polygon must be a list of numbers x, y, x, y, ...") from error


def _render(stream: IO[bytes], masks: Iterable[NamedMask], taxonomy: Taxonomy) -> None:
    """One pass over the masks for the images, one for the annotations."""
    hole = gap(taxonomy)
    labels = [label for label in (*range(len(taxonomy)), VOID) if label != hole]
    categories = [{"id": label + 1, "name": name_of(label, taxonomy), "supercategory": ""} for label in labels]
    stream.write(b'{"categories": ' + json.dumps(categories).encode() + b',\n"images": ')
    json_list(stream, (_image(number, mask) for number, mask in enumerate(masks, 1)))
    stream.write(b',\n"annotations": ')
    json_list(stream, _annotations(masks, hole))
    stream.write(b"}\n")


def _image(number: int, mask: NamedMask) -> dict[str, object]:
    return {"id": number, "file_name": f"{mask.name}.png", "height": mask.size.height, "width": mask.size.width}


def _annotations(masks: Iterable[NamedMask], hole: int) -> Iterator[dict[str, object]]:
    numbers = count(1)
    for image, mask in enumerate(masks, 1):
        for label, pixels in layers(mask.label_map, hole):
            yield {
                "id": next(numbers),
                "image_id": image,
                "category_id": label + 1,
                "iscrowd": 0,
                "area": int(np.count_nonzero(pixels)),
                "bbox": list(box(pixels)),
                "segmentation": {
                    "size": [mask.size.height, mask.size.width],
                    "counts": compressed(counted(pixels.T.reshape(-1))),
                },
            }
