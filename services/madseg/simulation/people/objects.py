"""The objects of a label map: connected components, neighbours at a corner included."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


class Place(NamedTuple):
    """A pixel."""

    row: int
    column: int


@dataclass(frozen=True, eq=False)
class Components:
    """Every component of an (H, W) uint8 array, numbered from 0 in raster order of their first pixel.

    `numbers` is (H, W) int32, `labels` (N,) uint8, `areas` (N,) int64.
    """

    numbers: NDArray[np.int32]
    labels: Labels
    areas: NDArray[np.int64]

    def objects(self, but: frozenset[int], smallest: float) -> Iterator[int]:
        """The numbers of those of at least `smallest` pixels whose label isn't among `but`."""
        for number, (label, area) in enumerate(zip(self.labels.tolist(), self.areas.tolist(), strict=True)):
            if area >= smallest and label not in but:
                yield number

    def mask(self, number: int) -> Mask:
        """(H, W): where it is."""
        where: Mask = self.numbers == number
        return where


def components(pixels: NDArray[np.uint8] | Mask) -> Components:
    """The components of equal labels; of a mask, those that are true have label 1. Costs a visit of each pixel."""
    numbers, labels, areas = _components(np.ascontiguousarray(pixels).astype(np.uint8))
    return Components(numbers, labels, areas)


def middle(mask: Mask) -> Place:
    """The pixel of a mask with anything in it that is nearest to its centre."""
    rows, columns = np.nonzero(mask)
    nearest = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
    return Place(int(rows[nearest]), int(columns[nearest]))


def rim(mask: Mask) -> Mask:
    """The pixels of a mask with a neighbour above, below or beside that isn't in it."""
    inside = np.pad(mask, 1)
    return mask & ~(inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:])


@numba.njit(cache=True, nogil=True)
def _components(pixels):  # type: ignore[no-untyped-def]  # pragma: no cover (compiled)
    height, width = pixels.shape
    numbers = np.full((height, width), -1, np.int32)
    labels = np.empty(height * width, np.uint8)
    areas = np.zeros(height * width, np.int64)
    stack = np.empty(height * width, np.int32)
    count = 0
    for start in range(height * width):
        if numbers[start // width, start % width] >= 0:
            continue
        label = pixels[start // width, start % width]
        labels[count] = label
        numbers[start // width, start % width] = count
        stack[0], held = start, 1
        while held > 0:
            held -= 1
            row, column = stack[held] // width, stack[held] % width
            areas[count] += 1
            for y in range(max(0, row - 1), min(height, row + 2)):
                for x in range(max(0, column - 1), min(width, column + 2)):
                    if numbers[y, x] < 0 and pixels[y, x] == label:
                        numbers[y, x] = count
                        stack[held] = y * width + x
                        held += 1
        count += 1
    return numbers, labels[:count].copy(), areas[:count].copy()
