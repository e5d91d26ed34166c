"""Run-length label maps and their wire form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madseg.core.errors import InvalidLabelMap
from madseg.core.label_map import MAX_PIXELS, LabelMap, decode, encode, from_dense
from tests.builders import dense_maps, label_map, pixels


@given(dense_maps())
def test_runs_and_wire_form_give_the_pixels_back(dense: np.ndarray) -> None:
    """decode(encode(from_dense(x))).dense() == x, and runs are maximal."""
    runs = from_dense(dense)
    again = decode(encode(runs))
    assert np.array_equal(again.dense(), dense)
    assert again == runs
    assert hash(again) == hash(runs)
    assert (runs.labels[1:] != runs.labels[:-1]).all()


def test_the_wire_form_is_as_documented() -> None:
    """Version, height, width, then label and length of each run, over the end of the rows."""
    assert encode(label_map("..c/ccd")) == bytes([1, 2, 3, 0, 2, 1, 3, 2, 1])


def test_long_runs_take_more_than_one_length_byte() -> None:
    """513 x 513 pixels of one label are one run of 263,169."""
    empty = from_dense(np.zeros((513, 513), np.uint8))
    assert encode(empty) == bytes([1, 0x81, 4, 0x81, 4, 0, 0x81, 0x88, 0x10])
    assert decode(encode(empty)) == empty


@given(dense_maps())
def test_areas_count_every_pixel(dense: np.ndarray) -> None:
    """Areas per label equal those of the dense map."""
    assert np.array_equal(from_dense(dense).areas(), np.bincount(dense.reshape(-1), minlength=256))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no bytes"),
        (bytes([2, 1, 1, 0, 1]), "format version 2"),
        (bytes([1]), "middle of a run"),
        (bytes([1, 1, 1]), "fewer"),
        (bytes([1, 1, 1, 0]), "middle of a run"),
        (bytes([1, 1, 2, 0, 1]), "fewer"),
        (bytes([1, 1, 1, 0, 2]), "more than height x width"),
        (bytes([1, 1, 2, 0, 1, 0, 1]), "same label"),
        (bytes([1, 1, 1, 0, 0, 1, 1]), "length 0"),
        (bytes([1, 1, 1, 0, 0x81, 0x00]), "shortest form"),
        (bytes([1, 0, 1, 0, 1]), "height or width is 0"),
        (bytes([1, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 1, 0, 1]), "too large"),
        (bytes([1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]), "shortest form or longer"),
    ],
)
def test_broken_bytes_are_refused_with_the_reason(data: bytes, says: str) -> None:
    """Each way to break the form has its own message."""
    with pytest.raises(InvalidLabelMap, match=says):
        decode(data)


@given(st.binary(max_size=60))
def test_no_bytes_crash_the_decoder(data: bytes) -> None:
    """Hostile bytes are refused or are exactly one canonical map."""
    try:
        found = decode(b"\x01" + data)
    except InvalidLabelMap:
        return
    assert encode(found) == b"\x01" + data


@given(dense_maps(), st.data())
def test_every_truncation_is_refused(dense: np.ndarray, data: st.DataObject) -> None:
    """A cut-off map is never taken for a smaller one."""
    wire = encode(from_dense(dense))
    with pytest.raises(InvalidLabelMap):
        decode(wire[: data.draw(st.integers(0, len(wire) - 1))])


def test_arrays_that_are_no_label_maps_are_refused() -> None:
    """Wrong type, wrong dimensions and no pixels at all."""
    for array in (np.zeros((2, 2), np.int64), np.zeros((2, 2, 3), np.uint8), np.zeros((0, 5), np.uint8)):
        with pytest.raises(InvalidLabelMap, match="must"):
            from_dense(array)  # type: ignore[arg-type]
    assert MAX_PIXELS > 8192 * 8192


def test_a_label_map_differs_from_other_things() -> None:
    """Equality is by pixels, and never with another type."""
    assert label_map("..") != label_map(".c")
    assert label_map("../..") != label_map("....")
    assert label_map("..") != pixels("..").tobytes()
    assert isinstance(label_map("."), LabelMap)
