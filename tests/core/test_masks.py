"""Masks on the original's grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from madseg.core.errors import InvalidInput, InvalidLabelMap
from madseg.core.label_map import LabelMap, from_dense
from madseg.core.masks import box_to_original, check_mask, empty, to_canonical, to_original
from madseg.core.preprocess import Box, Size, centre_crop
from tests.builders import dense_maps, label_map

VOID = 255

sides = st.integers(1, 12)


def dense_to_original(canonical: NDArray[np.uint8], size: Size, crop: Box) -> NDArray[np.uint8]:
    """The same, pixel by pixel: the middle of each pixel of the crop falls into a pixel of the canonical grid."""
    out = np.full((size.height, size.width), VOID, np.uint8)
    height, width = canonical.shape
    for row in range(crop.height):
        for column in range(crop.width):
            y, x = int((row + 0.5) * height / crop.height), int((column + 0.5) * width / crop.width)
            out[crop.top + row, crop.left + column] = canonical[y, x]
    return out


def dense_to_canonical(original: NDArray[np.uint8], crop: Box, grid: Size) -> NDArray[np.uint8]:
    """The same, pixel by pixel."""
    rows = [crop.top + int((row + 0.5) * crop.height / grid.height) for row in range(grid.height)]
    columns = [crop.left + int((column + 0.5) * crop.width / grid.width) for column in range(grid.width)]
    return original[np.ix_(rows, columns)]


@given(dense_maps(), sides, sides, st.data())
def test_runs_equal_dense_pixels(canonical: NDArray[np.uint8], height: int, width: int, data: st.DataObject) -> None:
    """There and back, for any crop of any picture."""
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    crop = Box(left, top, data.draw(st.integers(1, width - left)), data.draw(st.integers(1, height - top)))
    size, grid = Size(height, width), Size(*canonical.shape)
    original = to_original(from_dense(canonical), size, crop)
    wanted = dense_to_original(canonical, size, crop)
    assert original == from_dense(wanted)
    assert to_canonical(original, crop, grid) == from_dense(dense_to_canonical(wanted, crop, grid))
    check_mask(original, size, crop, 4)


@given(dense_maps(), st.integers(0, 9), st.integers(0, 9))
def test_a_map_comes_back_from_a_picture_that_is_no_smaller(canonical: NDArray[np.uint8], high: int, wide: int) -> None:
    """Canonical to original to canonical is the identity."""
    grid = Size(*canonical.shape)
    size = Size(grid.height + high, grid.width + wide)
    whole = Box(0, 0, size.width, size.height)
    there = from_dense(canonical)
    assert to_canonical(to_original(there, size, whole), whole, grid) == there


@given(st.integers(513, 1600), st.integers(513, 1600), st.integers(0, 2**32 - 1))
def test_a_map_comes_back_on_the_papers_grid(height: int, width: int, seed: int) -> None:
    """With the crop that preprocessing takes."""
    grid, size = Size(513, 513), Size(height, width)
    rng = np.random.default_rng(seed)
    there = from_dense(np.repeat(np.repeat(rng.integers(0, 21, (27, 19), np.uint8), 19, 0), 27, 1))
    crop = centre_crop(size, grid)
    original = to_original(there, size, crop)
    check_mask(original, size, crop, 21)
    assert to_canonical(original, crop, grid) == there


def test_outside_the_crop_it_is_void() -> None:
    """A picture wider than the grid has margins."""
    assert to_original(label_map("cd/dc"), Size(4, 8), Box(1, 0, 4, 4)) == label_map(
        "xccddxxx/xccddxxx/xddccxxx/xddccxxx"
    )
    assert empty(Size(2, 4), Box(1, 1, 2, 1), 0) == label_map("xxxx/x..x")
    assert empty(Size(2, 4), Box(1, 1, 2, 1), VOID) == label_map("xxxx/xxxx")


@pytest.mark.parametrize("crop", [Box(0, 0, 9, 4), Box(5, 0, 4, 4), Box(0, 1, 4, 4), Box(0, 0, 0, 4), Box(-1, 0, 2, 2)])
def test_a_crop_outside_the_picture_is_refused(crop: Box) -> None:
    """In either direction."""
    with pytest.raises(InvalidInput, match="not inside a picture of 4x8"):
        to_original(label_map("cd"), Size(4, 8), crop)
    with pytest.raises(InvalidInput, match="not inside"):
        to_canonical(empty(Size(4, 8), Box(0, 0, 8, 4), 0), crop, Size(2, 2))


@given(dense_maps(height=3, width=4), st.integers(0, 2), st.integers(0, 3), st.data())
def test_a_mask_is_void_outside_the_crop(mask: NDArray[np.uint8], top: int, left: int, data: st.DataObject) -> None:
    """Refused exactly where a pixel outside has a label, and the message tells the first one."""
    crop = Box(left, top, data.draw(st.integers(1, 4 - left)), data.draw(st.integers(1, 3 - top)))
    outside = np.ones((3, 4), bool)
    outside[top : top + crop.height, left : left + crop.width] = False
    wrong = np.argwhere(outside & (mask != VOID))
    if not len(wrong):
        check_mask(from_dense(mask), Size(3, 4), crop, 4)
    else:
        with pytest.raises(InvalidLabelMap, match=f"row {wrong[0][0]}, column {wrong[0][1]} has"):
            check_mask(from_dense(mask), Size(3, 4), crop, 4)


def test_masks_of_another_size_or_class_are_refused() -> None:
    """Turned by a quarter, or with a label that the taxonomy doesn't have."""
    whole = Box(0, 0, 4, 2)
    with pytest.raises(InvalidLabelMap, match="size 2x4, got 4x2"):
        check_mask(label_map("cc/cc/cc/cc"), Size(2, 4), whole, 4)
    with pytest.raises(InvalidLabelMap, match=r"labels must be 0\.\.2.*has 3"):
        check_mask(label_map("ccde/xxxx"), Size(2, 4), whole, 3)
    check_mask(label_map("ccde/xxxx"), Size(2, 4), whole, 4)


@given(st.integers(0, 6), st.integers(0, 5), st.data())
def test_a_box_covers_the_pixels_that_show_it(left: int, top: int, data: st.DataObject) -> None:
    """On a picture that is no smaller than the grid these are exactly the pixels whose nearest one is in the box."""
    box = Box(left, top, data.draw(st.integers(1, 7 - left)), data.draw(st.integers(1, 6 - top)))
    marked = np.zeros((6, 7), np.uint8)
    marked[top : top + box.height, left : left + box.width] = 1
    size, crop = Size(20, 30), Box(4, 2, 21, 13)
    found = box_to_original(box, Size(6, 7), crop)
    shown = np.argwhere(to_original(from_dense(marked), size, crop).dense() == 1)
    (low, first), (high, last) = shown.min(0), shown.max(0)
    assert found == Box(int(first), int(low), int(last - first) + 1, int(high - low) + 1)


def test_a_box_has_at_least_a_pixel() -> None:
    """Also on a picture smaller than the grid, at its edge."""
    assert box_to_original(Box(510, 512, 3, 1), Size(513, 513), Box(7, 3, 20, 10)) == Box(26, 12, 1, 1)


def test_twelve_megapixels_have_few_steps() -> None:
    """A mask of many runs goes there and back; what it costs is told by the runs, not by the pixels."""
    grid, size = Size(513, 513), Size(3000, 4000)
    rng = np.random.default_rng(5)
    there: LabelMap = from_dense(np.repeat(rng.integers(0, 21, (513, 27), np.uint8), 19, 1))
    crop = centre_crop(size, grid)
    assert crop == Box(500, 0, 3000, 3000)
    original = to_original(there, size, crop)
    assert original.runs < 3000 * 29
    assert to_canonical(original, crop, grid) == there
