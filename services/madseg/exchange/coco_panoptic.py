"""COCO panoptic: a PNG for each image, whose colours R + 256 G + 65536 B are segment ids, and a JSON about them.

Id 0 is void. Read: the JSON, with the PNGs in the folder of its name beside it (or wherever it lies itself).
Written: `panoptic.json` and `panoptic/NAME.png`; a class is one segment.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from madseg.core.errors import InvalidLabelMap, NotFound
from madseg.core.label_map import LabelMap, from_dense
from madseg.core.taxonomy import VOID, Taxonomy
from madseg.exchange.classes import Classes, translated
from madseg.exchange.coco_documents import image_name, json_list, only_json
from madseg.exchange.coco_index import CocoIndex
from madseg.exchange.documents import entry, objects, opened_document
from madseg.exchange.instances import box, layers
from madseg.exchange.limits import whole
from madseg.exchange.masks import Gaps, NamedMask, Policy, Refused, Writer, attempt
from madseg.exchange.pictures import colour_png, packed, png, unpacked_colour
from madseg.exchange.places import Place, opened
from madseg.exchange.writing import put, single_file

_FILE, _FOLDER = "panoptic.json", "panoptic"


class CocoPanoptic:
    """A folder with one panoptic JSON, or the JSON itself."""

    name = "coco-panoptic"

    def read(self, place: Path, taxonomy: Taxonomy, policy: Policy) -> Iterator[NamedMask | Refused]:
        path = only_json(place)
        classes = Classes(taxonomy, policy, Gaps.VOID)
        folder = path.with_suffix("") if path.with_suffix("").is_dir() else path.parent
        with opened_document(path) as stream, opened(folder) as files:
            index = CocoIndex(stream, str(path))
            for item, image in index.annotations():
                yield attempt(partial(image_name, image or item), _mask, files, item, index.categories, classes)

    @contextmanager
    def writer(self, place: Path, taxonomy: Taxonomy, *, overwrite: bool = False) -> Iterator[Writer]:
        def render(stream: IO[bytes], masks: Iterable[NamedMask]) -> None:
            _render(stream, masks, place / _FOLDER, taxonomy)

        if place.is_file():
            raise NotFound(f"{place} is a file: give a folder to write into")
        with single_file(place / _FILE, self.name, taxonomy, render, overwrite=overwrite) as made:
            yield made


def _mask(files: Place, item: Any, names: dict[int, str], classes: Classes) -> LabelMap:
    labels = {0: classes.gap}
    for segment in objects(item, "segments_info"):
        category = whole(entry(segment, "category_id", int), "category_id")
        if category not in names:
            raise InvalidLabelMap(f"category {category} stands in a segment, but not in the categories")
        labels[whole(entry(segment, "id", int), "segment id")] = classes.named(names[category])

    def label(number: int) -> int:
        if number not in labels:
            raise InvalidLabelMap(f"segment {number} is in the PNG, but not in segments_info")
        return labels[number]

    return from_dense(translated(packed(png(files.read(entry(item, "file_name", str)))), label))


def _render(stream: IO[bytes], masks: Iterable[NamedMask], folder: Path, taxonomy: Taxonomy) -> None:
    """One pass for the PNGs and the annotations, one for the images."""
    categories = [
        {"id": label + 1, "name": item.name, "supercategory": item.name, "isthing": 0, "color": list(item.colour)}
        for label, item in enumerate(taxonomy.classes)
    ]
    stream.write(b'{"categories": ' + json.dumps(categories).encode() + b',\n"images": ')
    json_list(stream, (_image(number, mask) for number, mask in enumerate(masks, 1)))
    stream.write(b',\n"annotations": ')
    json_list(stream, (_annotation(number, mask, folder) for number, mask in enumerate(masks, 1)))
    stream.write(b"}\n")


def _image(number: int, mask: NamedMask) -> dict[str, object]:
    return {"id": number, "file_name": f"{mask.name}.png", "height": mask.size.height, "width": mask.size.width}


def _annotation(number: int, mask: NamedMask, folder: Path) -> dict[str, object]:
    segments: list[dict[str, object]] = []
    for label, pixels in layers(mask.label_map, VOID):
        segments.append(
            {
                "id": label + 1,
                "category_id": label + 1,
                "area": int(np.count_nonzero(pixels)),
                "bbox": list(box(pixels)),
                "iscrowd": 0,
            }
        )
    colours = {label: unpacked_colour(label + 1) for label in range(VOID)} | {VOID: (0, 0, 0)}
    put(folder / f"{mask.name}.png", colour_png(mask.label_map.dense(), colours))
    return {"image_id": number, "file_name": f"{mask.name}.png", "segments_info": segments}
