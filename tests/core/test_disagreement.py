"""Where label maps disagree."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madseg.core.disagreement import disagreements
from madseg.core.errors import InvalidInput
from madseg.core.preprocess import Box

VOID = 255


def test_regions_come_largest_first() -> None:
    """A boundary that is off by a pixel and a speck are no regions, nor is an edge that only just enters a cell."""
    one = np.zeros((64, 96), np.uint8)
    other = one.copy()
    other[3:13, 9:21] = 1
    other[28:60, 41:90] = 2
    other[20, 80] = 3
    one[:, 0] = 4
    assert disagreements([one, other, one], 10) == [Box(41, 28, 47, 32), Box(9, 3, 12, 10)]
    assert disagreements([one, other], 1) == [Box(41, 28, 47, 32)]
    assert disagreements([one], 10) == disagreements([one, one], 10) == []


def test_void_agrees_with_everything() -> None:
    """A class that a network doesn't know is no dispute; a label map says something only where it has one."""
    one, other = np.full((16, 16), VOID, np.uint8), np.full((16, 16), 3, np.uint8)
    assert disagreements([one, other], 10) == []
    assert disagreements([one, other, np.zeros((16, 16), np.uint8)], 10) == [Box(0, 0, 16, 16)]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_regions_hold_what_is_in_dispute(height: int, width: int, seed: int) -> None:
    """On any size: boxes are inside, and no two regions have a disputed pixel of a loud cell in common."""
    rng = np.random.default_rng(seed)
    one, other = (rng.integers(0, 2, (height, width), np.uint8) for _ in range(2))
    boxes = disagreements([one, other], 1000)
    for box in boxes:
        inside = one[box.top : box.top + box.height, box.left : box.left + box.width]
        assert inside.shape == (box.height, box.width)
        assert (inside != other[box.top : box.top + box.height, box.left : box.left + box.width]).any()


def test_maps_of_several_sizes_are_refused() -> None:
    """And none at all."""
    for maps in ([], [np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8)]):
        with pytest.raises(InvalidInput, match="one size"):
            disagreements(maps, 5)
