"""Where several label maps of one picture disagree (Wang et al. 2022, Algorithm 1, line 16)."""

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from madseg.core.errors import InvalidInput
from madseg.core.preprocess import Box
from madseg.core.taxonomy import VOID

CELL = 8
"""Rows and columns of the canonical grid that are looked at together for regions of disagreement."""

NOISE = 0.25
"""Share of a cell's pixels that may be in dispute without notice: a boundary that is off by a pixel takes an eighth."""


def disagreements(maps: Sequence[NDArray[np.uint8]], limit: int) -> list[Box]:
    """Where maps of one picture disagree: a box a connected region, the one with most pixels first, at most `limit`.

    Each map is (H, W) uint8. Void agrees with everything. Regions are found in cells of 8 x 8 pixels of which more than
    a quarter are in dispute, so boundaries that are off by a pixel are none, and a box may lack such an edge of its
    region. Costs 2 ms for five maps of 513 x 513.

    Raises:
        InvalidInput: there is no map, or they have several sizes.
    """
    _one_shape(maps)
    lowest, highest = _extremes(maps)
    boxes = _regions(lowest < highest, CELL, NOISE)
    order = sorted(range(len(boxes)), key=lambda item: (-int(boxes[item, 4]), item))
    return [Box(*map(int, boxes[item, :4])) for item in order[:limit]]


def _one_shape(maps: Sequence[NDArray[np.uint8]]) -> tuple[int, ...]:
    shapes = {item.shape for item in maps}
    if len(shapes) != 1:
        raise InvalidInput(f"label maps must be at least one and have one size, got {sorted(shapes)}")
    return maps[0].shape


def _extremes(maps: Sequence[NDArray[np.uint8]]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Per pixel the lowest and the highest label that maps give it. Void counts as neither."""
    lowest, highest = maps[0].copy(), np.where(maps[0] == VOID, np.uint8(0), maps[0])
    for item in maps[1:]:
        np.minimum(lowest, item, out=lowest)
        np.maximum(highest, np.where(item == VOID, np.uint8(0), item), out=highest)
    return lowest, highest


@njit(cache=True, nogil=True)
def _regions(disputed, cell, noise):  # type: ignore[no-untyped-def]
    """(N, 5) int64: left, top, width, height and disputed pixels of each region of cells, in raster order."""
    height, width = disputed.shape
    rows, columns = (height + cell - 1) // cell, (width + cell - 1) // cell
    counts = np.zeros((rows, columns), np.int64)
    for y in range(height):
        for x in range(width):
            counts[y // cell, x // cell] += disputed[y, x]
    state = np.zeros((rows, columns), np.uint8)  # 1: to be looked at
    for r in range(rows):
        for c in range(columns):
            pixels = (min(height, (r + 1) * cell) - r * cell) * (min(width, (c + 1) * cell) - c * cell)
            state[r, c] = counts[r, c] > noise * pixels
    found = np.empty((rows * columns, 5), np.int64)
    stack = np.empty((rows * columns, 2), np.int64)
    regions = 0
    for r in range(rows):
        for c in range(columns):
            if not state[r, c]:
                continue
            low_x, low_y, high_x, high_y, total = width, height, 0, 0, 0
            state[r, c] = 0
            stack[0, 0], stack[0, 1] = r, c
            waiting = 1
            while waiting:
                waiting -= 1
                i, j = stack[waiting]
                total += counts[i, j]
                for y in range(i * cell, min(height, (i + 1) * cell)):
                    for x in range(j * cell, min(width, (j + 1) * cell)):
                        if disputed[y, x]:
                            low_x, high_x = min(low_x, x), max(high_x, x)
                            low_y, high_y = min(low_y, y), max(high_y, y)
                for a in range(max(0, i - 1), min(rows, i + 2)):
                    for b in range(max(0, j - 1), min(columns, j + 2)):
                        if state[a, b]:
                            state[a, b] = 0
                            stack[waiting, 0], stack[waiting, 1] = a, b
                            waiting += 1
            found[regions] = low_x, low_y, high_x - low_x + 1, high_y - low_y + 1, total
            regions += 1
    return found[:regions]
