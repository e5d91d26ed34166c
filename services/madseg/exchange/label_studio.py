"""Label Studio: a JSON list of tasks, with `brushlabels` (see `brush`) and `polygonlabels` (in percent).

Written: a class is one brush, and background (without one: void) has none.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from madseg.core.errors import InvalidInput, InvalidLabelMap
from madseg.core.label_map import LabelMap
from madseg.core.preprocess import Size
from madseg.core.taxonomy import VOID, Taxonomy
from madseg.exchange.brush import packed, unpacked
from madseg.exchange.classes import Classes, gap, name_of
from madseg.exchange.coco_documents import json_list, only_json
from madseg.exchange.documents import entries, entry, objects, opened_document
from madseg.exchange.instances import Instance, compose, instance, layers
from madseg.exchange.json_walk import items
from madseg.exchange.limits import checked_size
from madseg.exchange.masks import NamedMask, Overlaps, Policy, Refused, Writer, attempt
from madseg.exchange.names import stem
from madseg.exchange.polygons import polygon
from madseg.exchange.writing import single_file

_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-")
_MASKS = ("brushlabels", "polygonlabels")
_PERCENT = 100


class LabelStudio:
    """An export in Label Studio's own JSON, or a folder with one. Written so that it can be imported there."""

    name = "label-studio"

    def read(self, place: Path, taxonomy: Taxonomy, policy: Policy) -> Iterator[NamedMask | Refused]:
        path = only_json(place)
        classes, overlaps = Classes(taxonomy, policy), policy.on_top()
        with opened_document(path) as stream:
            for task in items(stream, str(path)):
                yield attempt(partial(_name, task.value), _mask, task.value, classes, overlaps)

    @contextmanager
    def writer(self, place: Path, taxonomy: Taxonomy, *, overwrite: bool = False) -> Iterator[Writer]:
        name_of(VOID, taxonomy)

        def render(stream: IO[bytes], masks: Iterable[NamedMask]) -> None:
            json_list(stream, (_task(mask, taxonomy) for mask in masks))

        with single_file(place, self.name, taxonomy, render, overwrite=overwrite) as made:
            yield made


def _name(task: Any) -> str:
    """The image's name: of an upload without what Label Studio put in front of it, of a local file its path."""
    address = entry(entry(task, "data", dict), "image", str)
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise InvalidInput(f"its image {address[:80]!r} is no address: {error}") from error
    if local := parse_qs(parts.query).get("d"):
        return stem(local[0])
    if not parts.path.startswith("/data/") and not parts.scheme:
        return stem(address)
    found = unquote(parts.path).rpartition("/")[2]
    return stem(_UPLOAD_PREFIX.sub("", found) if "/upload/" in parts.path else found)


def _mask(task: Any, classes: Classes, overlaps: Overlaps) -> LabelMap:
    done = [item for item in objects(task, "annotations") if not item.get("was_cancelled")]
    if len(done) != 1:
        raise InvalidLabelMap(f"the task has {len(done)} annotations: keep the one that counts")
    results = [item for item in objects(done[0], "result") if _is_mask(item)]
    size = _size(task, results)
    found = [_instance(item, size, classes) for item in results]
    return compose(found, size, classes.gap, overlaps, lambda label: name_of(label, classes.taxonomy))


def _is_mask(item: Any) -> bool:
    kind = entry(item, "type", str)
    if kind.endswith("labels") and kind not in _MASKS and kind != "labels":
        raise InvalidLabelMap(f"it has {kind}, which are no masks: delete them")
    return kind in _MASKS


def _size(task: Any, results: list[Any]) -> Size:
    """The size that all results say; of a task without any, the one in its data."""
    sizes = {
        checked_size(item.get("original_height"), item.get("original_width")) for item in results or [task["data"]]
    }
    if len(sizes) > 1:
        raise InvalidLabelMap("its results have several sizes: export it again")
    return sizes.pop()


def _instance(item: Any, size: Size, classes: Classes) -> Instance:
    if item.get("image_rotation"):
        raise InvalidLabelMap("its image was turned: turn it back and export it again")
    kind, value = item["type"], entry(item, "value", dict)
    names = entries(value, kind)
    if len(names) != 1 or not isinstance(names[0], str):
        raise InvalidLabelMap(f"a result must have one label, got {str(names)[:80]}")
    label = classes.named(names[0])
    if kind == "polygonlabels":
        return polygon(label, [_points(value, size)], size)
    flat = unpacked(entries(value, "rle"), size.pixels)
    return instance(label, flat.reshape(size.height, size.width), size)


def _points(value: Any, size: Size) -> NDArray[np.float64]:
    try:
        shares = np.array(entries(value, "points"), np.float64).reshape(-1, 2) / _PERCENT
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidLabelMap("a polygon's points must be pairs of percentages") from error
    return shares * (size.width, size.height)


def _task(mask: NamedMask, taxonomy: Taxonomy) -> dict[str, object]:
    size = {"original_width": mask.size.width, "original_height": mask.size.height}
    results = [
        {
            "id": f"class-{label}",
            "type": "brushlabels",
            "from_name": "tag",
            "to_name": "image",
            "image_rotation": 0,
            **size,
            "value": {
                "format": "rle",
                "rle": packed(pixels.reshape(-1)),
                "brushlabels": [name_of(label, taxonomy)],
            },
        }
        for label, pixels in layers(mask.label_map, gap(taxonomy))
    ]
    return {"data": {"image": f"{mask.name}.png", **size}, "annotations": [{"result": results}]}
