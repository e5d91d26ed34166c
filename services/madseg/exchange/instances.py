"""Instances on a picture: what formats hold that say one mask an object, and the label map that they make."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from madseg.core.errors import InvalidLabelMap
from madseg.core.label_map import LabelMap, from_dense
from madseg.core.preprocess import Size
from madseg.exchange.masks import Overlaps

_NOTHING = -1


@dataclass(frozen=True, eq=False)
class Instance:
    """Pixels of one class, as runs of raster positions: `starts` up to, not including, `ends`, both (R,) int64.

    Runs may overlap each other. Higher `z` is nearer.
    """

    label: int
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    z: int = 0

    @property
    def area(self) -> int:
        """Pixels, those in several runs counted several times."""
        return int((self.ends - self.starts).sum())

    def positions(self) -> NDArray[np.int64]:
        """Raster positions of its pixels. Costs 8 bytes a pixel."""
        lengths = self.ends - self.starts
        before = np.cumsum(lengths) - lengths
        return np.asarray(np.arange(lengths.sum(), dtype=np.int64) + np.repeat(self.starts - before, lengths))


def instance(label: int, pixels: NDArray[np.bool_], size: Size, left: int = 0, top: int = 0, z: int = 0) -> Instance:
    """An instance of an (h, w) array that lies at `left`, `top` of a picture.

    Raises:
        InvalidLabelMap: it isn't wholly on the picture.
    """
    height, width = pixels.shape
    if left < 0 or top < 0 or left + width > size.width or top + height > size.height:
        raise InvalidLabelMap(f"a mask of {width} x {height} at {left}, {top} isn't on a picture of {size}")
    steps = np.diff(np.pad(pixels, ((0, 0), (1, 1))).view(np.int8), axis=1)
    starts, ends = (np.argwhere(steps == sign) for sign in (1, -1))
    corner = top * size.width + left
    row = np.array((size.width, 1))
    return Instance(label, starts @ row + corner, ends @ row + corner, z)


def compose(
    instances: Sequence[Instance], size: Size, gap: int, overlaps: Overlaps, name: Callable[[int], str] = str
) -> LabelMap:
    """The label map of instances; `gap` is the label of what none covers, `name` says labels in messages.

    Raises:
        InvalidLabelMap: instances of two classes overlap, and `overlaps` says to refuse that.
    """
    canvas = np.full(size.pixels, _NOTHING, np.int16)
    for item in _lowest_first(instances, overlaps):
        at = item.positions()
        if overlaps is Overlaps.REFUSE:
            _check_free(canvas[at], at, item.label, size, name)
        canvas[at] = item.label
    canvas[canvas == _NOTHING] = gap
    return from_dense(canvas.astype(np.uint8).reshape(size.height, size.width))


def layers(label_map: LabelMap, gap: int) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Each label that the map has but `gap`, ascending, with the (H, W) array of its pixels."""
    dense = label_map.dense()
    for label in np.flatnonzero(label_map.areas()).tolist():
        if label != gap:
            yield label, dense == label


def box(pixels: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, width, height of the smallest box around the pixels, of which there must be one."""
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1


def _lowest_first(instances: Sequence[Instance], overlaps: Overlaps) -> Sequence[Instance]:
    """In painting order; sorting is stable, so that of equals the later is on top."""
    if overlaps is Overlaps.Z_ORDER:
        return sorted(instances, key=lambda item: item.z)
    if overlaps is Overlaps.SMALLER:
        return sorted(instances, key=lambda item: -item.area)
    return instances


def _check_free(
    before: NDArray[np.int16], at: NDArray[np.int64], label: int, size: Size, name: Callable[[int], str]
) -> None:
    taken = np.flatnonzero((before != _NOTHING) & (before != label))
    if len(taken):
        row, column = divmod(int(at[taken[0]]), size.width)
        raise InvalidLabelMap(
            f"{name(label)} and {name(int(before[taken[0]]))} overlap at row {row}, column {column}: "
            f"say which is on top with --overlaps later or smaller"
        )
