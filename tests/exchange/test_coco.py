"""What COCO's own tools write, and what they read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from madseg.core.errors import InvalidLabelMap
from madseg.core.label_map import from_dense
from madseg.core.preprocess import Size
from madseg.exchange import Gaps, NamedMask, Overlaps, Policy, Unknown
from madseg.exchange.counts import compressed, counted, uncompressed, uncounted
from madseg.exchange.pictures import colour_png
from madseg.exchange.polygons import polygon
from tests.builders import label_map, pixels
from tests.exchange.building import COCO_CATEGORIES, PETS, read, write

BLOCK = pixels("........./..ccccc../..c.ccc../..ccccc../..ccccc../........./........c") == 1
BLOCK_COUNTS = "?43MN1220000<M"
"""What pycocotools 2.0 encodes it as."""

TRIANGLE = [1.5, 1.2, 7.6, 2.1, 4.2, 6.3]
TRIANGLE_FILLED = "........./..c....../..ccccc../...ccc.../...ccc.../....c..../........./........."
"""What pycocotools 2.0 fills."""


def document(where: Path, *annotations: dict[str, Any], height: int = 7, width: int = 9) -> Path:
    """A file of one image, photo.jpg."""
    made = {
        "info": {"description": "from elsewhere"},
        "images": [{"id": 17, "file_name": "val/photo.jpg", "height": height, "width": width, "license": 2}],
        "annotations": [{"id": n, "image_id": 17, "iscrowd": 0, **item} for n, item in enumerate(annotations, 1)],
        "categories": COCO_CATEGORIES,
    }
    where.write_text(json.dumps(made))
    return where


def reference(text: str, height: int, width: int) -> NDArray[np.bool_]:
    """Decodes compressed counts in the words of COCO's maskApi.c."""
    counts: list[int] = []
    at = 0
    while at < len(text):
        value, shift, more = 0, 0, True
        while more:
            code = ord(text[at]) - 48
            value |= (code & 0x1F) << 5 * shift
            more = bool(code & 0x20)
            at, shift = at + 1, shift + 1
            if not more and code & 0x10:
                value |= -1 << 5 * shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
    flat = [number % 2 == 1 for number, count in enumerate(counts) for _ in range(count)]
    return np.array(flat, bool).reshape(width, height).T


def test_compressed_text_is_pycocotools() -> None:
    """Byte by byte, and back."""
    assert compressed(counted(BLOCK.T.reshape(-1))) == BLOCK_COUNTS
    assert np.array_equal(reference(BLOCK_COUNTS, 7, 9), BLOCK)
    assert np.array_equal(uncounted(uncompressed(BLOCK_COUNTS), 63).reshape(9, 7).T, BLOCK)


@given(st.lists(st.integers(0, 1 << 40), max_size=9))
def test_counts_of_any_size_are_compressed_without_loss(counts: list[int]) -> None:
    """Differences may be negative."""
    assert uncompressed(compressed(counts)) == counts


@pytest.mark.parametrize("text", ["\x7f", "?43MN1220000<", "é", "P" * 20, "?43M N"])
def test_text_that_is_no_mask_is_refused(text: str) -> None:
    """Also where it is only cut off."""
    with pytest.raises(InvalidLabelMap):
        uncounted(uncompressed(text), 63)


@pytest.mark.parametrize(
    "segmentation",
    [
        {"size": [7, 9], "counts": BLOCK_COUNTS},
        {"size": [7, 9], "counts": [15, 4, 3, 1, 1, 2, 3, 4, 3, 4, 3, 4, 15, 1]},
    ],
)
def test_run_lengths_go_column_by_column(tmp_path: Path, segmentation: object) -> None:
    """As text and as numbers."""
    found = read("coco", document(tmp_path / "a.json", {"category_id": 3, "segmentation": segmentation}))
    assert found == {"val/photo": from_dense(BLOCK.astype(np.uint8))}


def test_polygons_are_filled_as_pycocotools_does(tmp_path: Path) -> None:
    """Several of one annotation are one object."""
    where = document(tmp_path / "a.json", {"category_id": 3, "segmentation": [TRIANGLE, TRIANGLE]}, height=8)
    assert read("coco", where) == {"val/photo": label_map(TRIANGLE_FILLED)}


def test_a_polygon_may_leave_the_picture() -> None:
    """What is outside is cut off; one that is outside altogether covers nothing."""
    square = np.array([(-5.0, -5.0), (2.0, -5.0), (2.0, 2.0), (-5.0, 2.0)])
    assert polygon(1, [square], Size(3, 4)).positions().tolist() == [0, 1, 4, 5]
    assert polygon(1, [square - 50], Size(3, 4)).area == 0


@pytest.mark.parametrize(
    ("overlaps", "expected"),
    [(Overlaps.LATER, "ddd"), (Overlaps.SMALLER, "dcd"), (None, "dog and cat overlap at row 0, column 1")],
)
def test_overlaps_follow_the_policy(tmp_path: Path, overlaps: Overlaps | None, expected: str) -> None:
    """Refused unless said otherwise."""
    small = {"category_id": 3, "segmentation": {"size": [1, 3], "counts": [1, 1, 1]}}
    large = {"category_id": 9, "segmentation": {"size": [1, 3], "counts": [0, 3]}}
    found = read("coco", document(tmp_path / "a.json", small, large, height=1, width=3), policy=Policy(overlaps))
    assert (found["val/photo"] == label_map(expected)) if overlaps else (expected in str(found["val/photo"]))


def test_gaps_are_void_where_that_is_wanted(tmp_path: Path) -> None:
    """Background is the default."""
    where = document(tmp_path / "a.json", height=1, width=2)
    assert read("coco", where) == {"val/photo": label_map("..")}
    assert read("coco", where, policy=Policy(gaps=Gaps.VOID)) == {"val/photo": label_map("xx")}


def test_a_class_may_have_another_name(tmp_path: Path) -> None:
    """Mapped, made void, or refused."""
    where = document(tmp_path / "a.json", {"category_id": 3, "segmentation": {"size": [1, 1], "counts": [0, 1]}})
    text = where.read_text().replace('"cat"', '"Katze"').replace('"height": 7, "width": 9', '"height": 1, "width": 1')
    where.write_text(text)
    assert "--map Katze=CLASS" in str(read("coco", where)["val/photo"])
    assert read("coco", where, policy=Policy(names={"Katze": "cat"})) == {"val/photo": label_map("c")}
    assert read("coco", where, policy=Policy(unknown=Unknown.VOID)) == {"val/photo": label_map("x")}


@pytest.mark.parametrize(
    "change",
    [
        {"category_id": 4},
        {"segmentation": {"size": [9, 7], "counts": [63]}},
        {"segmentation": {"size": [7, 9], "counts": [64, -1]}},
        {"segmentation": {"size": [7, 9], "counts": [1 << 70]}},
        {"segmentation": {"size": [7, 9], "counts": ["a"]}},
        {"segmentation": {"size": [7, 9], "counts": [[1], [2, 3]]}},
        {"segmentation": [[1, 2, 3]]},
        {"segmentation": [["a", "b"]]},
        {"segmentation": [[0, 0, 1e300, 0, 0, 1e300]]},
        {"segmentation": [[0, 0, float("nan"), 0, 0, 9]]},
        {"segmentation": []},
        {"segmentation": None},
    ],
)
def test_a_broken_annotation_is_a_refusal(tmp_path: Path, change: dict[str, Any]) -> None:
    """Of its image alone."""
    good = {"category_id": 3, "segmentation": {"size": [7, 9], "counts": [63]}}
    assert isinstance(read("coco", document(tmp_path / "a.json", {**good, **change}))["val/photo"], str)


def test_what_is_written_is_what_pycocotools_reads(tmp_path: Path) -> None:
    """By a decoder of our own, with areas and boxes; void is a category."""
    mask = label_map("..cc/x.dc")
    write("coco", tmp_path / "a.json", [NamedMask("a", mask)], PETS)
    found = json.loads((tmp_path / "a.json").read_text())
    names = {item["id"]: item["name"] for item in found["categories"]}
    painted = np.full((2, 4), "background", object)
    for item in found["annotations"]:
        shape = reference(item["segmentation"]["counts"], *item["segmentation"]["size"])
        painted[shape] = names[item["category_id"]]
        assert item["area"] == shape.sum()
    assert painted.tolist() == [["background", "background", "cat", "cat"], ["void", "background", "dog", "cat"]]
    assert [item["bbox"] for item in found["annotations"]] == [[2, 0, 2, 2], [2, 1, 1, 1], [0, 1, 1, 1]]


def test_panoptic_ids_are_colours(tmp_path: Path) -> None:
    """R + 256 G + 65536 B; 0 is void, and PNGs lie in the folder of the JSON's name."""
    (tmp_path / "panoptic_val").mkdir()
    picture = colour_png(np.array([[0, 1], [2, 2]], np.uint8), {0: (0, 0, 0), 1: (7, 1, 0), 2: (0, 0, 2)})
    (tmp_path / "panoptic_val" / "photo.png").write_bytes(picture)
    segments = [{"id": 7 + 256, "category_id": 3, "area": 1}, {"id": 2 << 16, "category_id": 9, "area": 2}]
    made = {
        "images": [{"id": 17, "file_name": "photo.jpg", "height": 2, "width": 2}],
        "annotations": [{"image_id": 17, "file_name": "photo.png", "segments_info": segments}],
        "categories": COCO_CATEGORIES,
    }
    (tmp_path / "panoptic_val.json").write_text(json.dumps(made))
    assert read("coco-panoptic", tmp_path) == {"photo": label_map("xc/dd")}
    assert read("coco-panoptic", tmp_path, policy=Policy(gaps=Gaps.BACKGROUND)) == {"photo": label_map(".c/dd")}
    segments.pop()
    (tmp_path / "panoptic_val.json").write_text(json.dumps(made))
    assert "not in segments_info" in str(read("coco-panoptic", tmp_path)["photo"])
