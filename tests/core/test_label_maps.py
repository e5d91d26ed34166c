"""Many label maps at once say what each says alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madseg.core.confusion import confusion, mean_iou
from madseg.core.discrepancy import Metric, compare, known_table
from madseg.core.errors import InvalidLabelMap
from madseg.core.label_map import LabelMap, decode, encode, from_dense
from madseg.core.label_maps import decode_all
from tests.builders import dense_maps

CLASSES = 4


@st.composite
def many(draw: st.DrawFn) -> list[np.ndarray]:
    """Maps of one size; labels 0..3 and void."""
    height, width, number = draw(st.integers(1, 6)), draw(st.integers(1, 9)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return [rng.choice(np.array([0, 1, 2, 3, 255], np.uint8), (height, width)) for _ in range(number)]


@given(st.lists(dense_maps(), max_size=6))
def test_columns_hold_what_the_maps_hold(maps: list[np.ndarray]) -> None:
    """Runs, sizes and areas of every map are those of decoding it alone."""
    wires = [encode(from_dense(dense)) for dense in maps]
    columns = decode_all(wires)
    for number, wire in enumerate(wires):
        start, count = columns.starts[number], columns.counts[number]
        height, width = columns.sizes[number].tolist()
        found = LabelMap(height, width, columns.labels[start : start + count], columns.ends[start : start + count])
        assert found == decode(wire)
        assert np.array_equal(columns.areas[number], decode(wire).areas())
        assert columns.problem(number) is None


@pytest.mark.parametrize("cut", [b"", bytes([2, 1, 1, 0, 1]), bytes([1, 1]), bytes([1, 1, 1, 0, 2]), bytes([1, 0, 1])])
def test_a_broken_map_harms_no_other(cut: bytes) -> None:
    """It has a reason, and its neighbours decode as ever."""
    wire = encode(from_dense(np.eye(3, dtype=np.uint8)))
    columns = decode_all([wire, cut, wire])
    assert columns.problem(1)
    assert columns.problem(0) is columns.problem(2) is None
    assert compare(columns, [0], [2], Metric(2)).discrepancy == 0.0
    with pytest.raises(InvalidLabelMap):
        decode(cut)


@given(many(), st.sets(st.integers(0, 3), min_size=1), st.sampled_from([0.0, 0.2]))
def test_comparing_equals_comparing_the_pixels(maps: list[np.ndarray], known: set[int], share: float) -> None:
    """Every pair, to the bit: labels that a network doesn't know are void in both maps."""
    metric, table = Metric(CLASSES, share), known_table(known, range(CLASSES), CLASSES)
    pairs = [(a, b) for a in range(len(maps)) for b in range(len(maps))]
    first_maps, second_maps = [a for a, _ in pairs], [b for _, b in pairs]
    compared = compare(decode_all([encode(from_dense(m)) for m in maps]), first_maps, second_maps, metric, table)
    for number, (a, b) in enumerate(pairs):
        first, second = (maps[n] if table is None else table[maps[n]] for n in (a, b))
        matrix = confusion(from_dense(first), from_dense(second), CLASSES)
        assert compared.discrepancy[number] == 1.0 - mean_iou(matrix, metric.min_pixels(first.size))
        for areas, dense in ((compared.target_areas, first), (compared.competitor_areas, second)):
            assert areas[number].tolist() == np.bincount(dense.ravel(), minlength=256)[:CLASSES].tolist()


def test_maps_of_two_sizes_are_not_compared() -> None:
    """Says both sizes."""
    maps = decode_all([encode(from_dense(np.zeros(size, np.uint8))) for size in ((2, 3), (3, 2))])
    with pytest.raises(InvalidLabelMap, match="2 x 3 and 3 x 2"):
        compare(maps, [0], [1], Metric(2))
