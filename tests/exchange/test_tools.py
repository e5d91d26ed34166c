"""What CVAT, Label Studio, Labelbox, and the makers of VOC, SS-C and Cityscapes write."""

import base64
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from madseg.core.errors import InvalidInput
from madseg.core.label_map import from_dense
from madseg.exchange import Gaps, NamedMask, Overlaps, Policy
from madseg.exchange.brush import packed, unpacked
from madseg.exchange.cityscapes import EVALUATED, NAMES
from madseg.exchange.pictures import colour_png, grey_png, paletted_png
from madseg.exchange.voc import PALETTE
from tests.builders import label_map, pixels
from tests.exchange.building import BARE, PETS, ROADS, read, write

CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><id>4</id><name>pets</name><labels><label><name>cat</name><color>#fa3253</color><attributes>
  </attributes></label></labels></task><dumped>2026-03-14</dumped></meta>
  <image id="0" name="deep/photo.jpg" width="5" height="3" task_id="4">
    {shapes}
  </image>
  <image id="1" name="empty.jpg" width="2" height="1">
  </image>
</annotations>
"""


def cvat(where: Path, *shapes: str) -> Path:
    """CVAT's XML of a picture of 5 x 3 pixels with these shapes, and of one without any."""
    where.write_text(CVAT.format(shapes="\n".join(shapes)))
    return where


def shape(label: str, rle: str, z: int = 0, box: tuple[int, int, int, int] = (1, 1, 3, 2)) -> str:
    """A mask as CVAT writes it."""
    left, top, width, height = box
    return (
        f'<mask label="{label}" source="manual" occluded="0" rle="{rle}" left="{left}" top="{top}" '
        f'width="{width}" height="{height}" z_order="{z}"><attribute name="old">no</attribute></mask>'
    )


def test_cvat_runs_go_over_the_box(tmp_path: Path) -> None:
    """Row by row, background first; a picture without shapes is background."""
    found = read("cvat-xml", cvat(tmp_path / "annotations.xml", shape("cat", "0, 2, 1, 1, 2")))
    assert found == {"deep/photo": label_map("...../.cc../.c..."), "empty": label_map("..")}
    assert found == read("cvat-xml", tmp_path)
    with zipfile.ZipFile(tmp_path / "task.zip", "w") as archive:
        archive.write(tmp_path / "annotations.xml", "annotations.xml")
    assert found == read("cvat-xml", tmp_path / "task.zip")


def test_cvat_polygons_are_filled(tmp_path: Path) -> None:
    """Points are x,y with semicolons between."""
    made = '<polygon label="dog" occluded="0" points="1.00,0.00;4.00,0.00;4.00,2.00;1.00,2.00" z_order="0"></polygon>'
    assert read("cvat-xml", cvat(tmp_path / "a.xml", made))["deep/photo"] == label_map(".ddd./.ddd./.....")


@pytest.mark.parametrize(
    ("overlaps", "expected"), [(None, "ccc"), (Overlaps.LATER, "ddd"), (Overlaps.REFUSE, "overlap")]
)
def test_cvat_z_order_settles_overlaps(tmp_path: Path, overlaps: Overlaps | None, expected: str) -> None:
    """Unless another policy is wanted."""
    shapes = [shape("cat", "0, 6", z=1), shape("dog", "0, 6", z=-1)]
    found = read("cvat-xml", cvat(tmp_path / "a.xml", *shapes), policy=Policy(overlaps))["deep/photo"]
    wanted = label_map(f"...../.{expected}./.{expected}.") if expected != "overlap" else None
    assert found == wanted if wanted else expected in str(found)


@pytest.mark.parametrize(
    "made",
    [
        shape("cat", "0, 5"),
        shape("cat", "a, b"),
        shape("cat", ""),
        shape("cat", "3, -3, 6"),
        shape("cat", "0, 6", box=(3, 1, 3, 2)),
        shape("cat", "0, 6", box=(-1, 1, 3, 2)),
        shape("cat", "0, 6", box=(0, 0, 99999999, 99999999)),
        shape("cow", "0, 6"),
        '<box label="cat" xtl="1" ytl="1" xbr="2" ybr="2"></box>',
        '<polygon label="cat" points="1,1;2"></polygon>',
        '<polygon label="cat" points="1,1;2,2"></polygon>',
    ],
)
def test_a_broken_cvat_shape_is_a_refusal(tmp_path: Path, made: str) -> None:
    """Of its picture alone."""
    found = read("cvat-xml", cvat(tmp_path / "a.xml", made))
    assert isinstance(found["deep/photo"], str)
    assert found["empty"] == label_map("..")


def test_a_z_order_where_there_is_none_is_an_error(tmp_path: Path) -> None:
    """Only CVAT's XML has one."""
    (tmp_path / "a.json").write_text('{"images": [], "annotations": [], "categories": []}')
    with pytest.raises(InvalidInput, match="no z order"):
        read("coco", tmp_path / "a.json", policy=Policy(Overlaps.Z_ORDER))


def test_cvat_masks_are_read_by_colour(tmp_path: Path) -> None:
    """Of an RGB or paletted PNG; the background is what nobody drew on."""
    labels = "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:250,50,83:ear,tail:purr\ndog:61,61,245::\n"
    dense, colours = pixels(".cd"), {0: (0, 0, 0), 1: (250, 50, 83), 2: (61, 61, 245)}
    paletted = bytes(part for number in range(256) for part in colours.get(number, (9, 9, 9)))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("labelmap.txt", labels)
        archive.writestr("ImageSets/Segmentation/default.txt", "deep/a\nb\nlost\n")
        archive.writestr("SegmentationClass/deep/a.png", colour_png(dense, colours))
        archive.writestr("SegmentationClass/b.png", paletted_png(dense, paletted))
        archive.writestr("SegmentationClass/c.png", colour_png(dense, {**colours, 2: (1, 2, 3)}))
        archive.writestr("SegmentationObject/b.png", b"whatever")
    found = read("cvat-mask", tmp_path / "a.zip")
    assert (found["deep/a"], found["b"]) == (label_map(".cd"), label_map(".cd"))
    assert "colour 1,2,3" in str(found["c"])
    assert "has no mask of it" in str(found["lost"])
    assert read("cvat-mask", tmp_path / "a.zip", policy=Policy(gaps=Gaps.VOID))["b"] == label_map("xcd")
    assert read("cvat-mask", tmp_path / "a.zip", BARE)["b"] == from_dense(np.array([[255, 0, 1]], np.uint8))


def test_cvat_gets_what_it_asks_for(tmp_path: Path) -> None:
    """The background is black and first, objects are numbered in VOC's colours, names are listed."""
    write("cvat-mask", tmp_path / "a.zip", [NamedMask("a", label_map(".xd"))], PETS)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.read("labelmap.txt").decode().splitlines()[1] == "background:0,0,0::"
        assert b"void:224,224,192::" in archive.read("labelmap.txt")
        assert archive.read("ImageSets/Segmentation/default.txt") == b"a\n"
        objects = np.asarray(Image.open(archive.open("SegmentationObject/a.png")))
    assert objects.tolist() == [[[0, 0, 0], [0, 128, 0], [128, 0, 0]]]


BRUSH = [0, 0, 0, 252, 57, 27, 254, 43, 0, 194, 127, 247, 192, 35, 255, 140]
BRUSH += [2, 223, 253, 240, 12, 39, 255, 124, 3, 9, 255, 228, 176, 8, 255, 192]
"""What label-studio-converter 0.0.59 encodes the 9 x 7 picture below as."""

BLOCK = pixels("........./..ccccc../..c.ccc../..ccccc../..ccccc../........./........c") == 1


def task(rle: list[int], **changes: Any) -> dict[str, Any]:
    """A task with one brush, as Label Studio exports it."""
    result = {
        "id": "X7d2",
        "type": "brushlabels",
        "from_name": "tag",
        "to_name": "image",
        "original_width": 9,
        "original_height": 7,
        "image_rotation": 0,
        "value": {"format": "rle", "rle": rle, "brushlabels": ["cat"]},
    }
    return {
        "id": 1,
        "file_upload": "3ac2082c-photo.jpg",
        "data": {"image": "/data/upload/1/3ac2082c-photo.jpg"},
        "annotations": [{"id": 5, "was_cancelled": False, "result": [result | changes]}],
        "predictions": [],
    }


def test_a_brush_is_read_as_its_tool_writes_it() -> None:
    """Ours has no byte too much, and is the same otherwise."""
    assert np.array_equal(unpacked(BRUSH, 63).reshape(7, 9), BLOCK)
    assert packed(BLOCK.reshape(-1)) == BRUSH


def test_a_brush_may_list_words() -> None:
    """The editor doesn't repeat what is short: 3 pixels with alpha 0, 255, 127, other channels at will."""
    words = [9, 9, 9, 0, 1, 2, 3, 255, 0, 0, 0, 127]
    bits = f"{12:032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    bits += "0" + "01" + f"{11:04b}" + "".join(f"{word:08b}" for word in words)
    bits += "0" * (-len(bits) % 8)
    rle = [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]
    assert unpacked(rle, 3).tolist() == [False, True, False]


@pytest.mark.parametrize("rle", [BRUSH[:-1], BRUSH[:6], [], BRUSH[4:], [256], ["a"], [255] * 40])
def test_a_broken_brush_is_a_refusal(tmp_path: Path, rle: list[Any]) -> None:
    """Cut off, of another size, or no bytes."""
    (tmp_path / "a.json").write_text(json.dumps([task(rle)]))
    assert isinstance(read("label-studio", tmp_path)["photo"], str)


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("/data/upload/1/3ac2082c-photo.jpg", "photo"),
        ("/data/local-files/?d=deep/photo.jpg", "deep/photo"),
        ("https://example.org/a/photo%20b.jpg?x=1", "photo b"),
        ("deep/photo.jpg", "deep/photo"),
    ],
)
def test_label_studio_names_images_in_several_ways(tmp_path: Path, image: str, name: str) -> None:
    """Uploads have a prefix, local files their path in the query."""
    (tmp_path / "a.json").write_text(json.dumps([{**task(BRUSH), "data": {"image": image}}]))
    assert read("label-studio", tmp_path) == {name: from_dense(BLOCK.astype(np.uint8))}


def test_a_label_studio_image_without_an_address_is_one_refusal(tmp_path: Path) -> None:
    """The tasks behind it are read."""
    odd = {**task(BRUSH), "data": {"image": "http://[x/a.png"}}
    (tmp_path / "a.json").write_text(json.dumps([odd, task(BRUSH)]))
    found = read("label-studio", tmp_path)
    assert "its image 'http://[x/a.png' is no address" in str(found.pop("a mask without a name"))
    assert found == {"photo": from_dense(BLOCK.astype(np.uint8))}


def test_label_studio_polygons_are_in_percent(tmp_path: Path) -> None:
    """Of width and height."""
    value = {"points": [[0, 0], [100 / 3, 0], [100 / 3, 100], [0, 100]], "polygonlabels": ["dog"]}
    (tmp_path / "a.json").write_text(json.dumps([task([], type="polygonlabels", value=value)]))
    assert read("label-studio", tmp_path)["photo"] == label_map("/".join(["ddd......"] * 7))


@pytest.mark.parametrize(
    "changes", [{"type": "rectanglelabels"}, {"image_rotation": 90}, {"original_width": 8}, {"value": {}}]
)
def test_what_is_no_mask_is_a_refusal(tmp_path: Path, changes: dict[str, Any]) -> None:
    """With the reason."""
    (tmp_path / "a.json").write_text(json.dumps([task(BRUSH, **changes)]))
    assert isinstance(read("label-studio", tmp_path)["photo"], str)


CAT, DOG = (255, 0, 0), (0, 255, 0)


def labelbox(root: Path, *lines: object) -> Path:
    """A folder with these lines and a composite of a picture of 3 x 1 pixels."""
    (root / "masks").mkdir()
    (root / "masks" / "both.png").write_bytes(colour_png(pixels(".cd"), {1: CAT, 2: DOG}))
    (root / "masks" / "f1.png").write_bytes(grey_png(np.array([[0, 255, 0]], np.uint8)))
    (root / "export.ndjson").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return root


def test_labelbox_composites_have_a_colour_a_class(tmp_path: Path) -> None:
    """Lines of one data row needn't stand together."""
    row, mask = {"globalKey": "photo.jpg"}, {"instanceURI": "masks/both.png"}
    lines = [
        {"uuid": "1", "dataRow": row, "name": "cat", "mask": {**mask, "colorRGB": CAT}},
        {"uuid": "2", "dataRow": {"id": "other"}, "name": "cat", "mask": {**mask, "colorRGB": DOG}},
        {"uuid": "3", "dataRow": row, "name": "dog", "mask": {**mask, "colorRGB": DOG}},
    ]
    assert read("labelbox", labelbox(tmp_path, *lines)) == {"photo": label_map(".cd"), "other": label_map("..c")}


def test_labelbox_masks_may_be_in_the_line(tmp_path: Path) -> None:
    """As base64."""
    text = base64.b64encode(colour_png(pixels("c."), {1: (255, 255, 255)})).decode()
    line = {"dataRow": {"globalKey": "a"}, "name": "dog", "mask": {"imBytes": text, "colorRGB": [255, 255, 255]}}
    assert read("labelbox", labelbox(tmp_path, line)) == {"a": label_map("d.")}


def exported(*objects: object) -> dict[str, Any]:
    """A data row as Labelbox exports it."""
    label = {"annotations": {"objects": objects, "classifications": []}}
    return {
        "data_row": {"id": "c1", "external_id": "photo.jpg"},
        "media_attributes": {"height": 1, "width": 3},
        "projects": {"p1": {"name": "pets", "labels": [label]}},
    }


def test_labelbox_exports_are_read(tmp_path: Path) -> None:
    """Masks at an address are looked up beside the file; one that isn't there is named."""
    kind = {"feature_id": "f1", "name": "cat", "annotation_kind": "ImageSegmentationMask"}
    here = {**kind, "mask": {"url": "https://api.labelbox.com/masks/f1"}}
    assert read("labelbox", labelbox(tmp_path, exported(here))) == {"photo": label_map(".c.")}
    (tmp_path / "export.ndjson").write_text(json.dumps(exported({**here, "feature_id": "f2"})))
    assert "download it to masks/f2.png" in str(read("labelbox", tmp_path)["photo"])
    (tmp_path / "export.ndjson").write_text(json.dumps(exported()))
    assert read("labelbox", tmp_path) == {"photo": label_map("...")}


@pytest.mark.parametrize("uri", ["../secret.png", "/etc/passwd", "file:///etc/passwd", "masks/none.png"])
def test_labelbox_masks_lie_nowhere_else(tmp_path: Path, uri: str) -> None:
    """Neither above the folder nor at an address of the machine."""
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.png").write_bytes(grey_png(np.zeros((1, 3), np.uint8)))
    line = {"dataRow": {"globalKey": "a"}, "name": "cat", "mask": {"instanceURI": uri, "colorRGB": CAT}}
    assert isinstance(read("labelbox", labelbox(root, line))["a"], str)


def test_cityscapes_ids_become_classes(tmp_path: Path) -> None:
    """By name; what isn't evaluated is void, unless it is mapped."""
    (tmp_path / "aachen").mkdir()
    ids = np.array([[0, 7, 8, 29, 3, 255]], np.uint8)
    (tmp_path / "aachen" / "a_gtFine_labelIds.png").write_bytes(grey_png(ids))
    (tmp_path / "aachen" / "a_gtFine_color.png").write_bytes(b"whatever")
    void = 255
    found = read("cityscapes", tmp_path, ROADS)
    assert found == {"aachen/a": from_dense(np.array([[void, 0, 1, void, void, void]], np.uint8))}
    mapped = read("cityscapes", tmp_path, ROADS, Policy(names={"caravan": "wall"}))
    assert mapped == {"aachen/a": from_dense(np.array([[void, 0, 1, 3, void, void]], np.uint8))}
    assert [NAMES[number] for number in EVALUATED][::9] == ["road", "terrain", "bicycle"]


def test_cityscapes_takes_its_own_classes_alone(tmp_path: Path) -> None:
    """Others have no id."""
    with pytest.raises(InvalidInput, match="'background' is none of the 19"):
        write("cityscapes", tmp_path, [], PETS)


def test_voc_has_lists_and_its_colours(tmp_path: Path) -> None:
    """Names are listed; a listed mask that isn't there is a refusal."""
    write("voc", tmp_path, [NamedMask("a", label_map(".cx")), NamedMask("b", label_map("d"))], PETS)
    lists = tmp_path / "ImageSets" / "Segmentation"
    assert (lists / "all.txt").read_text() == "a\nb\n"
    with Image.open(tmp_path / "SegmentationClass" / "a.png") as picture:
        assert (picture.mode, bytes(picture.getpalette() or ())) == ("P", PALETTE)
        assert picture.convert("RGB").tobytes() == bytes((0, 0, 0, 128, 0, 0, 224, 224, 192))
    (lists / "val.txt").write_text("a\nlost\n")
    assert "has no mask of it" in str(read("voc", tmp_path)["lost"])


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.int16, np.int64, ">i4", np.uint16])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_have_many_types(tmp_path: Path, kind: Any, order: Any) -> None:
    """-1 is void, and 255 where it fits."""
    void = -1 if np.dtype(kind).kind == "i" else 255
    np.save(tmp_path / "a.npy", np.asarray(np.array([[0, 1, void], [2, 2, 0]]).astype(kind), order=order))
    assert read("npy", tmp_path) == {"a": label_map(".cx/dd.")}
