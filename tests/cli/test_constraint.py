"""Learning the content constraint from a folder of masks."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from madseg import project
from madseg.core.preprocess import Size
from madseg.core.taxonomy import VOC
from tests.cli.terminal import Terminal


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    """24 masks of 10 x 20 pixels: number i has 2 + i // 12 rows of cats; five also have a bus."""
    made = tmp_path / "masks"
    made.mkdir()
    for number in range(24):
        pixels = np.zeros((10, 20), np.uint8)
        pixels[: 2 + number // 12] = VOC.label("cat")
        if number < 5:
            pixels[9] = VOC.label("bus")
        picture = Image.fromarray(pixels)
        picture.putpalette(VOC.palette())
        picture.save(made / f"{number}.png")
    return made


def test_bounds_are_written_as_the_project_reads_them(masks: Path, tmp_path: Path, utc: None) -> None:
    """Quartiles of the shares on the grid, for classes with enough masks."""
    path = tmp_path / "constraint.json"
    answer = Terminal()("constraint", masks, "--grid", "10x10", "-o", path)
    assert answer.code == 0
    document = json.loads(path.read_text())
    assert (document["taxonomy"], document["grid"], document["method"]) == (VOC.id, "10x10", "quartiles")
    assert document["bounds"] == {"cat": [pytest.approx(0.2), pytest.approx(0.3)]}
    assert (document["masks"]["cat"], document["masks"]["bus"], document["masks"]["dog"]) == (24, 5, 0)
    assert project.constraint(str(path), VOC, Size(10, 10)).admits(VOC.label("cat"), 0.25)


def test_the_table_tells_bounds_and_counts(masks: Path, tmp_path: Path, utc: None) -> None:
    """And warns of classes that stay free."""
    answer = Terminal()("constraint", masks, "--grid", "10x10", "-o", tmp_path / "constraint.json")
    rows = [line.split() for line in answer.out.splitlines()]
    assert ["cat", "24", "0.200", "0.300"] in rows
    assert ["bus", "5", "–", "–"] in rows
    assert "too few masks contain" in answer.err
    assert "bus" in answer.err


def test_a_mask_that_is_none_is_refused(masks: Path, tmp_path: Path, utc: None) -> None:
    """The others count, and the exit code is 3."""
    (masks / "broken.png").write_bytes(b"no picture")
    words = ("constraint", masks, "--grid", "10x10", "--method", "deviation", "-o", tmp_path / "c.json", "--json")
    answer = Terminal()(*words)
    assert (answer.code, answer.json["read"], answer.json["refused"]) == (3, 24, 1)
    assert "broken" in answer.err


def test_a_folder_without_masks_is_an_error(tmp_path: Path, utc: None) -> None:
    """Nothing is written."""
    answer = Terminal()("constraint", tmp_path, "-o", tmp_path / "c.json")
    assert (answer.code, "has no mask" in answer.err) == (1, True)
    assert not (tmp_path / "c.json").exists()
