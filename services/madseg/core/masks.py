"""Masks on the original picture's grid: from label maps on the canonical one and back, what may be saved, and where
several maps disagree (Wang et al. 2022, Algorithm 1, line 16).

A mask is a label map of the original's size that is void outside the crop, the part that models see. The geometry is
that of `madseg.core.preprocess`: the crop is stretched over the whole canonical grid. Nearest neighbours are found in
whole numbers, so every machine agrees to the bit.
"""

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from madseg.core.errors import InvalidInput, InvalidLabelMap
from madseg.core.label_map import LabelMap
from madseg.core.preprocess import Box, Size
from madseg.core.taxonomy import VOID

CELL = 8
"""Rows and columns of the canonical grid that are looked at together for regions of disagreement."""

NOISE = 0.25
"""Share of a cell's pixels that may be in dispute without notice: a boundary that is off by a pixel takes an eighth."""

MAX_BORDER = 64
"""Widest void border, in pixels."""


def to_original(canonical: LabelMap, size: Size, crop: Box) -> LabelMap:
    """A label map on the canonical grid brought to a picture of `size` whose `crop` it shows; void outside the crop.

    Costs a step per run of the result: 0.3 ms for 12 megapixels of 12,000 runs.

    Raises:
        InvalidInput: the crop isn't inside the picture.
    """
    _must_be_inside(size, crop)
    return _resampled(canonical, Box(0, 0, canonical.width, canonical.height), size, crop)


def to_canonical(original: LabelMap, crop: Box, grid: Size) -> LabelMap:
    """The `crop` of a label map of a picture, brought to the canonical grid.

    It takes back `to_original` where the crop has at least the grid's rows and columns.

    Raises:
        InvalidInput: the crop isn't inside the picture.
    """
    _must_be_inside(Size(original.height, original.width), crop)
    return _resampled(original, crop, grid, Box(0, 0, grid.width, grid.height))


def box_to_original(box: Box, grid: Size, crop: Box) -> Box:
    """The pixels of a picture, inside its `crop`, that a box on the canonical grid stands for; at least 1 x 1."""
    left, right = (_first(column, grid.width, crop.width) for column in (box.left, box.left + box.width))
    top, bottom = (_first(row, grid.height, crop.height) for row in (box.top, box.top + box.height))
    left, top = min(left, crop.width - 1), min(top, crop.height - 1)
    return Box(crop.left + left, crop.top + top, max(1, right - left), max(1, bottom - top))


def empty(size: Size, crop: Box, label: int) -> LabelMap:
    """One label inside the crop, void outside.

    Raises:
        InvalidInput: the crop isn't inside the picture.
    """
    whole = LabelMap(1, 1, np.array([label], np.uint8), np.array([1], np.int32))
    return to_original(whole, size, crop)


def check_mask(mask: LabelMap, size: Size, crop: Box, classes: int) -> None:
    """Does nothing where a label map may be the mask of a picture. Costs a step per run.

    Raises:
        InvalidLabelMap: it has another size than the picture, a label that isn't below `classes` nor void, or
            something else than void outside the crop.
    """
    if (mask.height, mask.width) != (size.height, size.width):
        raise InvalidLabelMap(
            f"the mask must have the picture's size {size}, got {mask.height}x{mask.width}", field="label_map"
        )
    unknown = sorted(set(np.unique(mask.labels).tolist()) - {*range(classes), VOID})
    if unknown:
        raise InvalidLabelMap(
            f"labels must be 0..{classes - 1}, or {VOID} for void: the mask has {unknown[0]}", field="label_map"
        )
    at = _first_outside(mask.labels, mask.ends, mask.width, crop.left, crop.top, crop.width, crop.height)
    if at >= 0:
        row, column = divmod(at, mask.width)
        raise InvalidLabelMap(
            f"outside the crop {_told(crop)} the mask must be void ({VOID}): "
            f"row {row}, column {column} has another label",
            field="label_map",
        )


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


def void_border(pixels: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """(H, W) uint8: the label map with a void band of `width` pixels over every border between two classes (VOC).

    Half of it lies on either side, the odd pixel right and below. Void has no border, so a second call changes nothing.

    Raises:
        InvalidInput: a width outside 1..64.
    """
    if not 1 <= width <= MAX_BORDER:
        raise InvalidInput(f"the border must be 1..{MAX_BORDER} pixels wide, got {width}", field="width")
    out = np.ascontiguousarray(pixels).copy()
    _lay_border(np.ascontiguousarray(pixels), out, width // 2, width - width // 2)
    return out


def _must_be_inside(size: Size, crop: Box) -> None:
    inside = crop.left >= 0 and crop.top >= 0 and crop.width >= 1 and crop.height >= 1
    if not inside or crop.left + crop.width > size.width or crop.top + crop.height > size.height:
        raise InvalidInput(f"the crop {_told(crop)} is not inside a picture of {size}")


def _told(crop: Box) -> str:
    return f"{crop.height}x{crop.width} at row {crop.top}, column {crop.left}"


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


def _resampled(source: LabelMap, taken: Box, size: Size, laid: Box) -> LabelMap:
    """The box `taken` of a label map, stretched over the box `laid` of one of `size` that is void elsewhere."""
    boxes = (taken.left, taken.top, taken.width, taken.height, laid.left, laid.top, laid.width, laid.height)
    asked = (source.labels, source.ends, source.width, size.height, size.width, *boxes)
    nothing = np.empty(0, np.uint8), np.empty(0, np.int32)
    runs = _resample(*asked, *nothing)
    labels, ends = np.empty(runs, np.uint8), np.empty(runs, np.int32)
    _resample(*asked, labels, ends)
    return LabelMap(size.height, size.width, labels, ends)


@njit(cache=True, nogil=True)
def _first(edge, source, target):  # type: ignore[no-untyped-def]
    """The first of `target` places whose nearest of `source` places isn't before `edge`.

    Place t is nearest to ((2 t + 1) source) // (2 target).
    """
    return -((source - 2 * target * edge) // (2 * source))


@njit(cache=True, nogil=True)
def _resample(  # type: ignore[no-untyped-def]
    labels, ends, width, rows, columns, left, top, wide, high, to_left, to_top, to_wide, to_high, new_labels, new_ends
):
    """Fills `new_labels` and `new_ends` as far as they reach; the number of runs."""
    count = 0
    last = -1
    end = np.int64(0)
    first = 0
    for row in range(rows):
        line = np.int64(row) * columns
        inside = to_top <= row < to_top + to_high
        base = 0
        if inside:
            base = (top + ((2 * (row - to_top) + 1) * high) // (2 * to_high)) * width + left
            while ends[first] <= base:
                first += 1
        k = first
        piece = np.int64(-1)  # the margin at the left, then the runs inside, then the margin at the right
        while end < line + columns:
            if not inside:
                label, until = VOID, line + columns
            elif piece < 0:
                label, until, piece = VOID, line + to_left, np.int64(0)
            elif piece < wide:
                piece = min(ends[k] - base, wide)
                label, until = int(labels[k]), line + to_left + _first(piece, wide, to_wide)
                k += 1
            else:
                label, until = VOID, line + columns
            if until == end:
                continue
            if label != last:
                if count < len(new_labels):
                    new_labels[count] = label
                last = label
                count += 1
            end = until
            if count <= len(new_ends):
                new_ends[count - 1] = end
    return count


@njit(cache=True, nogil=True)
def _first_outside(labels, ends, width, left, top, wide, high):  # type: ignore[no-untyped-def]
    """The first raster position outside a box that isn't void, or -1."""
    start = np.int64(0)
    for k in range(len(labels)):
        end = np.int64(ends[k])
        if labels[k] != VOID:
            row, column = start // width, start % width
            if row < top or row >= top + high or column < left or column >= left + wide:
                return start
            edge = row * width + left + wide  # where it leaves the box
            if edge < end:
                if left + wide < width:
                    return edge
                if left > 0 or row + 1 == top + high:
                    return edge
                bottom = np.int64(top + high) * width  # a box of full width: only its last row bounds it
                if bottom < end:
                    return bottom
        start = end
    return np.int64(-1)


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


@njit(cache=True, nogil=True)
def _lay_border(pixels, out, before, after):  # type: ignore[no-untyped-def]
    """Between two neighbours of different classes: `before` pixels to the left of and above it, `after` behind."""
    height, width = pixels.shape
    for y in range(height):
        for x in range(width):
            label = pixels[y, x]
            if label == VOID:
                continue
            if x + 1 < width and pixels[y, x + 1] != label and pixels[y, x + 1] != VOID:
                _stamp(out, y - before, y + after + 1, x + 1 - before, x + after + 1)
            if y + 1 < height and pixels[y + 1, x] != label and pixels[y + 1, x] != VOID:
                _stamp(out, y + 1 - before, y + after + 1, x - before, x + after + 1)


@njit(cache=True, nogil=True)
def _stamp(out, top, bottom, left, right):  # type: ignore[no-untyped-def]
    height, width = out.shape
    for y in range(max(0, top), min(height, bottom)):
        for x in range(max(0, left), min(width, right)):
            out[y, x] = VOID
