"""Label maps in folders, as other people's code writes them."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from madseg.core.label_map import decode, from_dense
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.core.taxonomy import VOC
from madseg.gateway.sources.label_maps import label_maps, name_id
from madseg.gateway.upload import ImportedMaps, Refused
from tests.gateway.pictures import encoded, gradient, turned

GRID = Size(4, 6)
A, B = VersionRef("fcn", 1), VersionRef("pspnet", 1)
LABELS = np.arange(24, dtype=np.uint8).reshape(4, 6) % 21


def paletted(labels: NDArray[np.uint8]) -> bytes:
    """A PNG as PASCAL VOC has it."""
    picture = Image.fromarray(labels, "L")
    picture.putpalette(VOC.palette())
    return encoded(picture)


def array(values: NDArray[np.generic]) -> bytes:
    """A .npy file."""
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def one(root: Path, name: str, content: bytes, photographs: Path | None = None) -> ImportedMaps | Refused:
    """The only item of a folder with one file."""
    (root / "m").mkdir()
    (root / "m" / name).write_bytes(content)
    (item,) = label_maps({A: root / "m"}, GRID, VOC, photographs=photographs)
    return item


def labels_of(item: ImportedMaps | Refused) -> NDArray[np.uint8]:
    """The dense form of an item's only map."""
    assert isinstance(item, ImportedMaps), item
    ((_, data),) = item.maps
    return decode(data).dense()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", paletted(LABELS)),
        ("a.png", encoded(LABELS)),
        ("a.PNG", encoded(LABELS)),
        ("a.npy", array(LABELS)),
        ("a.npy", array(LABELS.astype(np.int64))),
        ("a.npy", array(LABELS.astype(">i2"))),
        ("a.npy", array(np.asfortranarray(LABELS))),
    ],
)
def test_every_way_to_write_labels(tmp_path: Path, name: str, content: bytes) -> None:
    """Palette or grey, any integers, any order in memory: the values are the labels."""
    item = one(tmp_path, name, content)
    assert np.array_equal(LABELS, labels_of(item))
    assert isinstance(item, ImportedMaps)
    assert (name_id("a"), "a", "import", None) == (item.image_id, item.name, item.source, item.photograph)


def test_minus_one_and_255_are_void(tmp_path: Path) -> None:
    """Both mean: not labelled."""
    values = LABELS.astype(np.int16)
    values[0, 0], values[0, 1] = -1, 255
    assert labels_of(one(tmp_path, "a.npy", array(values)))[0, :2].tolist() == [255, 255]


def test_other_sizes_are_cropped_and_take_the_nearest_label(tmp_path: Path) -> None:
    """The same crop as the picture's, and no label that wasn't there."""
    large = np.repeat(np.repeat(LABELS, 5, 0), 5, 1)
    wide = np.hstack([np.full((20, 7), 3, np.uint8), large, np.full((20, 7), 3, np.uint8)])
    assert np.array_equal(LABELS, labels_of(one(tmp_path, "a.png", paletted(wide))))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.png", paletted(np.where(LABELS == 9, 21, LABELS).astype(np.uint8)), "label 21 at row 1, column 3"),
        ("a.npy", array(np.full((4, 6), -2)), "label -2 at row 0, column 0"),
        ("a.npy", array(np.full((4, 6), 300)), "label 300 at row 0, column 0"),
        ("a.npy", array(np.zeros((4, 6))), "integers, got .* float64"),
        ("a.npy", array(np.zeros((21, 4, 6), np.int32))[:-1], "H, W"),
        ("a.npy", array(LABELS)[:-3], "truncated .npy file: 21 bytes of 24"),
        ("a.npy", array(LABELS)[:20], "broken or truncated .npy"),
        ("a.npy", b"", "broken or truncated .npy"),
        ("a.npy", array(np.array([[object()]], object)), "integers"),
        ("a.png", encoded(gradient(4, 6)), "in RGB holds colours"),
        ("a.png", paletted(LABELS)[:-30], "truncated"),
        ("a.png", b"", "empty"),
    ],
)
def test_what_is_no_label_map_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """The refusal names the image, the version and what is wrong."""
    item = one(tmp_path, name, content)
    assert isinstance(item, Refused)
    assert item.name == "a"
    assert item.reason.startswith("fcn/1: ")
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(item.reason)


def test_a_header_can_not_ask_for_memory(tmp_path: Path) -> None:
    """An array that claims a billion values in a hundred bytes."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": (9999, 9999)})
    item = one(tmp_path, "a.npy", stream.getvalue())
    assert isinstance(item, Refused)
    assert "0 bytes of 99980001" in item.reason


def test_maps_of_several_models_belong_together_by_name(tmp_path: Path) -> None:
    """One item an image; a map that is missing or wrong is a refusal of its own and the rest goes on."""
    for folder, names in (("a", ["x/1.png", "x/2.png", "3.png"]), ("b", ["x/1.npy", "3.npy"])):
        for name in names:
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(array(LABELS) if name.endswith("npy") else paletted(LABELS))
    (tmp_path / "b" / "3.npy").write_bytes(b"?")
    (tmp_path / "a" / "readme.txt").write_text("not a map")
    items = list(label_maps({A: tmp_path / "a", B: tmp_path / "b"}, GRID, VOC))
    assert [(item.name, tuple(ref for ref, _ in item.maps)) for item in items if isinstance(item, ImportedMaps)] == [
        ("3", (A,)),
        ("x/1", (A, B)),
        ("x/2", (A,)),
    ]
    refused = [item for item in items if isinstance(item, Refused)]
    assert [item.name for item in refused] == ["3", "x/2"]
    assert "pspnet/1: no file for it" in refused[1].reason


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    """Nobody knows which counts."""
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a.npy").write_bytes(array(LABELS))
    item = one_more(tmp_path)
    assert isinstance(item, Refused)
    assert "a.npy and a.png; keep one" in item.reason


def one_more(root: Path) -> ImportedMaps | Refused:
    """The only item of a folder in which a second file of the same name was put."""
    (root / "m" / "a.png").write_bytes(paletted(LABELS))
    (item,) = label_maps({A: root / "m"}, GRID, VOC)
    return item


def test_with_photographs_the_id_is_theirs(tmp_path: Path) -> None:
    """A map may have the photograph's size as people see it, turned."""
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    photograph = encoded(gradient(12, 8), "JPEG", exif=turned(6))
    (photographs / "a.jpg").write_bytes(photograph)
    large = np.repeat(np.repeat(LABELS, 2, 0), 2, 1)
    item = one(tmp_path, "a.png", paletted(large), photographs=photographs)
    assert np.array_equal(LABELS, labels_of(item))
    assert isinstance(item, ImportedMaps)
    assert (hashlib.sha256(photograph).hexdigest()[:32], str(photographs / "a.jpg")) == (item.image_id, item.photograph)


def test_a_map_of_neither_size_is_refused(tmp_path: Path) -> None:
    """It is of another picture."""
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    (photographs / "a.png").write_bytes(encoded(gradient(9, 9)))
    item = one(tmp_path, "a.png", paletted(np.zeros((8, 8), np.uint8)), photographs=photographs)
    assert isinstance(item, Refused)
    assert "a.png is 8x8, its photograph is 9x9 and the grid is 4x6" in item.reason


def test_a_map_without_photograph_is_refused(tmp_path: Path) -> None:
    """Where photographs are given."""
    (tmp_path / "photographs").mkdir()
    item = one(tmp_path, "a.png", paletted(LABELS), photographs=tmp_path / "photographs")
    assert isinstance(item, Refused)
    assert "its photograph: no file for it" in item.reason


def test_the_wire_form_is_the_one_of_the_core(tmp_path: Path) -> None:
    """Equal maps are equal bytes whatever file they came from."""
    ((_, data),) = item.maps if isinstance(item := one(tmp_path, "a.npy", array(LABELS)), ImportedMaps) else ((A, b""),)
    assert from_dense(LABELS) == decode(data)
