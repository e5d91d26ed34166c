"""Large files are read in little memory."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from madseg.exchange.coco_documents import json_list

READ = """
import resource, sys
from pathlib import Path
from madseg.core.taxonomy import taxonomy_of
from madseg.exchange import FORMATS, NamedMask, Policy

form, place = FORMATS[sys.argv[1]], Path(sys.argv[2])
pets = taxonomy_of("pets", ["background", "cat", "dog", "eel"])
masks = sum(isinstance(item, NamedMask) for item in form.read(place, pets, Policy()))
print(masks, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
"""

EACH, WORDS = 8, 20_000
"""Annotations an image, of 30 kB: 150 images have 36 MB, which take seven times that as Python's lists."""

SIDE = 200
HALF = [1] * (WORDS // 2)


def coco(path: Path, images: int) -> None:
    """Annotations of the images in turn, before the images."""
    counts = [0, *HALF]
    counts.append(SIDE * SIDE - sum(counts))
    with path.open("wb") as stream:
        stream.write(b'{"annotations": ')
        segmentation = {"size": [SIDE, SIDE], "counts": counts}
        one = {"category_id": 1, "segmentation": segmentation}
        json_list(stream, ({"image_id": number % images, **one} for number in range(EACH * images)))
        stream.write(b', "images": ')
        json_list(stream, ({"id": n, "file_name": f"{n}.jpg", "height": SIDE, "width": SIDE} for n in range(images)))
        stream.write(b', "categories": [{"id": 1, "name": "cat"}]}')


def label_studio(path: Path, images: int) -> None:
    """A task an image, whose brush has each of its words written out: the longest that there may be."""
    words, most = 4 * SIDE * SIDE, 1 << 16
    bits = f"{words:032b}{7:05b}{2:04b}{3:04b}{7:04b}{15:04b}"
    for start in range(0, words, most):
        length = min(most, words - start)
        bits += f"011{length - 1:016b}{'1' * 8 * length}"
    bits += "0" * (-len(bits) % 8)
    value = {"format": "rle", "rle": list(int(bits, 2).to_bytes(len(bits) // 8, "big")), "brushlabels": ["cat"]}
    result = {"type": "brushlabels", "value": value, "original_width": SIDE, "original_height": SIDE}

    def tasks() -> Iterator[object]:
        for number in range(images):
            yield {"data": {"image": f"{number}.png"}, "annotations": [{"result": [result]}]}

    with path.open("wb") as stream:
        json_list(stream, tasks())


def peak(form: str, path: Path) -> tuple[int, int]:
    """Masks read in a process of their own, and its largest memory in MiB."""
    answer = subprocess.run([sys.executable, "-c", READ, form, str(path)], check=True, capture_output=True, text=True)
    masks, mebibytes = map(int, answer.stdout.split())
    return masks, mebibytes


@pytest.mark.parametrize(("form", "write", "images"), [("coco", coco, 150), ("label-studio", label_studio, 50)])
def test_ten_times_as_many_images_need_no_more_memory(
    form: str, write: Callable[[Path, int], None], images: int, tmp_path: Path
) -> None:
    """A file is never held; read whole, the larger one would take hundreds of MiB more."""
    write(tmp_path / "small.json", images // 10)
    write(tmp_path / "large.json", images)
    size = (tmp_path / "large.json").stat().st_size >> 20
    (few, before), (many, after) = peak(form, tmp_path / "small.json"), peak(form, tmp_path / "large.json")
    assert (few, many) == (images // 10, images)
    assert after - before < size / 2, f"{before} MiB for a tenth, {after} MiB for {size} MiB"


def test_the_places_of_small_annotations_take_little(tmp_path: Path) -> None:
    """Where there are very many, of panoptic files as well."""
    path = tmp_path / "a.json"
    with path.open("wb") as stream:
        stream.write(b'{"images": [], "categories": [], "annotations": ')
        json_list(stream, ({"image_id": number % 9} for number in range(400_000)))
        stream.write(b"}")
    size = path.stat().st_size
    empty = tmp_path / "b.json"
    empty.write_text(json.dumps({"images": [], "categories": [], "annotations": []}))
    (_, before), (_, after) = peak("coco", empty), peak("coco", path)
    assert after - before < 40, f"{size >> 20} MiB"
