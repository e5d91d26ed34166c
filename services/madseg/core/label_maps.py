"""Many label maps at once: decoded into columns and compared pair by pair, one call of compiled code per batch.

For a map of a thousand runs, calling costs as much as counting; a batch of a thousand maps pays it once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from madseg.core.confusion import _mean_iou
from madseg.core.label_map import FORMAT_VERSION, _read, problem
from madseg.core.taxonomy import VOID

_EVERY_LABEL = np.arange(256, dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class LabelMaps:
    """N label maps as columns.

    The runs of map n are `labels[starts[n]:starts[n] + counts[n]]` and `ends[...]` as in `LabelMap`; `counts` holds
    a negative number where the bytes were no label map. `sizes` is (N, 2) int64, height and width. `areas` is
    (N, 256) int32: pixels of each label, void included.
    """

    labels: NDArray[np.uint8]
    ends: NDArray[np.int32]
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    areas: NDArray[np.int32]

    def problem(self, number: int) -> str | None:
        """Why a map's bytes are no label map, or None."""
        count = int(self.counts[number])
        return problem(count) if count < 0 else None


def decode_all(wires: Sequence[bytes]) -> LabelMaps:
    """The label maps of N wire forms, the broken ones too. Costs about 5 microseconds a map of a thousand runs."""
    sizes = np.fromiter(map(len, wires), np.int64, len(wires))
    raw = np.frombuffer(b"".join(wires), np.uint8)
    return LabelMaps(*_decode_all(raw, sizes))


def discrepancies(
    maps: LabelMaps,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    classes: int,
    min_pixels: int,
    known: NDArray[np.uint8] | None = None,
) -> NDArray[np.float64]:
    """(P,) float64: 1 - mIoU of maps `first[p]` and `second[p]`, which have one size; both (P,) int64.

    Equal to the bit to `compare(...).discrepancy` of each pair. `known` is as in `known_table`.
    """
    rows = np.minimum(_EVERY_LABEL if known is None else known, np.uint8(min(classes, VOID)))
    out: NDArray[np.float64] = _discrepancies(
        maps.labels, maps.ends, maps.starts, maps.counts, first, second, rows, classes, max(1, min_pixels)
    )
    return out


@njit(cache=True, nogil=True)
def _decode_all(raw, sizes):  # type: ignore[no-untyped-def]
    number = len(sizes)
    starts = np.empty(number, np.int64)
    counts = np.empty(number, np.int64)
    shapes = np.zeros((number, 2), np.int64)
    areas = np.zeros((number, 256), np.int32)
    # Two bytes a run at the least, so this is never too small.
    labels = np.empty(len(raw) // 2 + number, np.uint8)
    ends = np.empty(len(raw) // 2 + number, np.int32)
    at = np.int64(0)
    used = np.int64(0)
    for n in range(number):
        wire = raw[at : at + sizes[n]]
        at += sizes[n]
        starts[n] = used
        if len(wire) == 0:
            counts[n] = -8
            continue
        if wire[0] != FORMAT_VERSION:
            counts[n] = -9
            continue
        count, height, width = _read(wire, labels[used:], ends[used:])
        counts[n] = count
        if count < 0:
            continue
        shapes[n, 0] = height
        shapes[n, 1] = width
        row = areas[n]
        start = np.int32(0)
        for i in range(used, used + count):
            row[labels[i]] += ends[i] - start
            start = ends[i]
        used += count
    return labels[:used], ends[:used], starts, counts, shapes, areas


@njit(cache=True, nogil=True)
def _discrepancies(labels, ends, starts, counts, first, second, rows, classes, min_pixels):  # type: ignore[no-untyped-def]
    """As `_confusion` and `_mean_iou`, with one matrix for all pairs; label l counts in row and column rows[l]."""
    out = np.empty(len(first), np.float64)
    matrix = np.empty((classes + 1, classes + 1), np.int64)
    for p in range(len(first)):
        matrix[:] = 0
        j = np.uint64(starts[second[p]])
        end_b = ends[j]
        start = np.int32(0)
        begin = starts[first[p]]
        for i in range(begin, begin + counts[first[p]]):
            end_a = ends[i]
            row = matrix[np.uint64(rows[labels[i]])]
            while end_b < end_a:
                row[np.uint64(rows[labels[j]])] += end_b - start
                start = end_b
                j += np.uint64(1)
                end_b = ends[j]
            row[np.uint64(rows[labels[j]])] += end_a - start
            start = end_a
        out[p] = 1.0 - _mean_iou(matrix[:classes, :classes], min_pixels)
    return out
