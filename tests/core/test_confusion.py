"""Confusion from runs equals confusion from pixels, and the measures that follow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madseg.core.confusion import class_iou, confusion, frequency_weighted_iou, mean_iou, mean_pixel_accuracy
from madseg.core.errors import InvalidLabelMap
from madseg.core.label_map import from_dense
from tests import reference
from tests.builders import dense_maps, label_map


@given(st.data())
def test_runs_count_as_dense_numpy_does(data: st.DataObject) -> None:
    """The matrix equals a bincount over the pixels that both maps know."""
    first, second = data.draw(dense_maps(height=5, width=7)), data.draw(dense_maps(height=5, width=7))
    valid = (first < 4) & (second < 4)
    expected = np.bincount(first[valid].astype(int) * 4 + second[valid], minlength=16).reshape(4, 4)
    assert np.array_equal(confusion(from_dense(first), from_dense(second), 4), expected)


@given(st.data(), st.sampled_from([0.0, 0.05, 0.2]))
def test_mean_iou_equals_the_dense_reference_to_the_bit(data: st.DataObject, share: float) -> None:
    """1 - mIoU from runs is the very float of the reference."""
    first, second = data.draw(dense_maps(height=6, width=6)), data.draw(dense_maps(height=6, width=6))
    matrix = confusion(from_dense(first), from_dense(second), 4)
    pixels = max(1, int(np.ceil(share * 36)))
    assert 1.0 - mean_iou(matrix, pixels) == reference.discrepancy(first, second, 4, share)


@given(st.data())
def test_mean_iou_is_symmetric(data: st.DataObject) -> None:
    """One discrepancy serves both roles of a contest."""
    first, second = (from_dense(data.draw(dense_maps(height=4, width=4))) for _ in range(2))
    assert mean_iou(confusion(first, second, 4)) == mean_iou(confusion(second, first, 4))


def test_a_class_in_one_map_only_counts_zero() -> None:
    """One stray pixel of an extra class halves the mean of two otherwise equal maps, unless specks are left out."""
    first, second = label_map("..../...."), label_map("..../...c")
    matrix = confusion(first, second, 4)
    assert mean_iou(matrix) == (7 / 8 + 0) / 2
    assert mean_iou(matrix, min_pixels=2) == 7 / 8


def test_nothing_in_common_is_no_disagreement() -> None:
    """Where no pixel is known to both, the mean IoU is 1."""
    assert mean_iou(confusion(label_map("xx.."), label_map("..xx"), 4)) == 1.0


def test_measures_of_a_small_example() -> None:
    """Per-class IoU, mean pixel accuracy and frequency-weighted IoU by hand."""
    matrix = confusion(label_map("..cc"), label_map("..c."), 3)
    assert class_iou(matrix).tolist()[:2] == [2 / 3, 1 / 2]
    assert np.isnan(class_iou(matrix)[2])
    assert mean_pixel_accuracy(matrix) == (1 + 0.5) / 2
    assert frequency_weighted_iou(matrix) == pytest.approx(0.5 * 2 / 3 + 0.5 * 0.5)
    assert mean_pixel_accuracy(np.zeros((3, 3), np.int64)) == 1.0
    assert frequency_weighted_iou(np.zeros((3, 3), np.int64)) == 1.0


def test_maps_of_different_sizes_are_refused() -> None:
    """Even where they have as many pixels."""
    with pytest.raises(InvalidLabelMap, match="one size, got 1 x 4 and 2 x 2"):
        confusion(label_map("...."), label_map("../.."), 4)
