"""Filling polygons as COCO's tools do, to the pixel (maskApi.c, rleFrPoly); CVAT and others fill with the same code.

The outline is drawn on a grid five times as fine. Where it passes the middle of a column it toggles between outside
and inside from the row there on, so a pixel is inside about where its centre is, by the even-odd rule.
"""

import numpy as np
from numpy.typing import NDArray

from madseg.core.errors import InvalidLabelMap
from madseg.core.preprocess import Size
from madseg.exchange.instances import Instance, instance
from madseg.exchange.limits import MAX_OUTLINE

_FINE = 5
"""Points of the outline a pixel."""

_FAR = 1e6
"""Coordinates beyond this are no places on a picture."""


def polygon(label: int, outlines: list[NDArray[np.float64]], size: Size, z: int = 0) -> Instance:
    """The union of polygons, each (N, 2) float64 x, y in pixels: pixel (0, 0) covers [0, 1) x [0, 1).

    Raises:
        InvalidLabelMap: none, fewer than 3 points, a coordinate that is no place, or too long an outline.
    """
    if not outlines:
        raise InvalidLabelMap("an annotation must have a polygon, got none: draw it or delete it")
    parts = [_filled(label, points, size) for points in outlines]
    starts, ends = ([getattr(part, name) for part in parts] for name in ("starts", "ends"))
    return Instance(label, np.concatenate(starts), np.concatenate(ends), z)


def _filled(label: int, points: NDArray[np.float64], size: Size) -> Instance:
    if len(points) < 3 or not np.all(np.abs(points) < _FAR):
        raise InvalidLabelMap(f"a polygon must have at least 3 points on the picture, got {len(points)}")
    u, v = _outline(points)
    passed = np.flatnonzero(u[1:] != u[:-1])
    fine = np.where(u[passed + 1] < u[passed], u[passed + 1], u[passed + 1] - 1)
    columns, middle = np.divmod(fine, _FINE)
    rows = np.ceil(np.clip((np.minimum(v[passed], v[passed + 1]) + 0.5) / _FINE - 0.5, 0, size.height)).astype(np.int64)
    seen = (middle == _FINE // 2) & (columns >= 0) & (columns < size.width)
    return _toggled(label, columns[seen], rows[seen], size)


def _toggled(label: int, columns: NDArray[np.int64], rows: NDArray[np.int64], size: Size) -> Instance:
    """What lies between the 1st and 2nd, 3rd and 4th ... place, column by column."""
    left = int(columns.min(initial=size.width))
    width = max(0, int(columns.max(initial=-1)) - left + 1)
    places = (columns - left) * size.height + rows
    toggles = np.bincount(places, minlength=width * size.height + 1)[: width * size.height]
    inside = np.cumsum(toggles) % 2 == 1
    return instance(label, inside.reshape(width, size.height).T, size, left if width else 0)


def _outline(points: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns and rows of the outline on the fine grid, a step at a time along each edge's longer side."""
    x, y = np.trunc(_FINE * points + 0.5).astype(np.int64).T
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    wide = np.abs(next_x - x) >= np.abs(next_y - y)
    # Along: the longer side, walked upwards; across: the other.
    a, b = np.where(wide, (x, y), (y, x)), np.where(wide, (next_x, next_y), (next_y, next_x))
    flipped = a[0] > b[0]
    low, high = np.where(flipped, b, a), np.where(flipped, a, b)
    steps = high[0] - low[0]
    if (total := int(steps.sum()) + len(steps)) > MAX_OUTLINE:
        raise InvalidLabelMap(f"a polygon of {len(points)} points has an outline of {total} steps: simplify it")
    slope = (high[1] - low[1]) / np.maximum(steps, 1)
    edge = np.repeat(np.arange(len(points)), steps + 1)
    step = np.arange(total) - np.repeat(np.cumsum(steps + 1) - steps - 1, steps + 1)
    step = np.where(flipped[edge], steps[edge] - step, step)
    along = low[0][edge] + step
    across = np.trunc(low[1][edge] + slope[edge] * step + 0.5).astype(np.int64)
    return np.where(wide[edge], along, across), np.where(wide[edge], across, along)
