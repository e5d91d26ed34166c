"""Label maps as runs, and their wire form.

A label map says, for every pixel of a grid, which class it belongs to (255: void).
Real maps hold about a thousand runs on 513 x 513 pixels, so runs are what travels, is stored and is counted;
pixels exist only where a person looks or a network learns.

Wire form, version 1::

    0x01  height  width  (label  length)*

`height`, `width` and the lengths are unsigned LEB128 in their shortest form, `label` is one byte.
Runs follow raster order (row by row, left to right) and run on over the end of a row.
Neighbouring runs have different labels, no length is 0 and the lengths add up to height * width,
so equal label maps are equal bytes.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from numpy.typing import NDArray

from madseg.core.errors import InvalidLabelMap

FORMAT_VERSION = 1

MAX_PIXELS = 1 << 28
"""Largest height * width that a label map may claim: 16,384 x 16,384. Bounds what hostile bytes can ask for."""

_PROBLEMS = {
    -1: "it ends in the middle of a run",
    -2: "a length is not in its shortest form or longer than 5 bytes",
    -3: "a run has length 0",
    -4: "two neighbouring runs have the same label",
    -5: "its runs cover more than height x width pixels",
    -6: "its runs cover fewer than height x width pixels",
    -7: "its height or width is 0 or too large",
    -8: "it has no bytes",
    -9: f"its format version isn't {FORMAT_VERSION}",
}


@dataclass(frozen=True, eq=False)
class LabelMap:
    """A label map of `height` x `width` pixels in R runs.

    `labels` is (R,) uint8; `ends` is (R,) int32, where run i covers the raster positions
    [ends[i-1], ends[i]) with ends[-1] == height * width. Neighbouring labels differ.
    """

    height: int
    width: int
    labels: NDArray[np.uint8]
    ends: NDArray[np.int32]

    @property
    def runs(self) -> int:
        """Number of runs, at least 1."""
        return len(self.labels)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LabelMap) and encode(self) == encode(other)

    def __hash__(self) -> int:
        return hash(encode(self))

    def dense(self) -> NDArray[np.uint8]:
        """The (H, W) uint8 array of labels. Costs H * W bytes."""
        lengths = np.diff(self.ends, prepend=np.int32(0))
        return np.repeat(self.labels, lengths).reshape(self.height, self.width)

    def areas(self) -> NDArray[np.int64]:
        """(256,) int64: pixels of each label, void included."""
        areas: NDArray[np.int64] = _areas(self.labels, self.ends)
        return areas

    @cached_property
    def present(self) -> dict[int, int]:
        """Pixels of each label that the map has, void left out, by label, ascending."""
        labels, areas = _present(self.labels, self.ends)
        return dict(zip(labels.tolist(), areas.tolist(), strict=True))


def from_dense(pixels: NDArray[np.uint8]) -> LabelMap:
    """Run-length code of an (H, W) uint8 array of labels.

    Raises:
        InvalidLabelMap: the array is not two-dimensional uint8, or has no pixel or too many.
    """
    if pixels.ndim != 2 or pixels.dtype != np.uint8:
        raise InvalidLabelMap(f"a label map must be (H, W) uint8, got {pixels.shape} {pixels.dtype}")
    height, width = pixels.shape
    if not 0 < height * width <= MAX_PIXELS:
        raise InvalidLabelMap(f"a label map must have 1..{MAX_PIXELS} pixels, got {height} x {width}")
    labels, ends = _runs(np.ascontiguousarray(pixels).reshape(-1))
    return LabelMap(height, width, labels, ends)


def encode(label_map: LabelMap) -> bytes:
    """The wire form of a label map: about 2.3 bytes a run."""
    buffer = np.empty(11 + 6 * label_map.runs, np.uint8)
    size = _encode(label_map.height, label_map.width, label_map.labels, label_map.ends, buffer)
    return buffer[:size].tobytes()


def decode(data: bytes) -> LabelMap:
    """The label map of a wire form.

    Raises:
        InvalidLabelMap: the bytes are not exactly one label map in its one valid form.
    """
    if not data or data[0] != FORMAT_VERSION:
        found = f"format version {data[0]}" if data else "no bytes"
        raise InvalidLabelMap(f"a label map must have format version {FORMAT_VERSION}, got {found}")
    count, height, width, labels, ends = _decode(data)
    if count < 0:
        raise InvalidLabelMap(f"a label map of {len(data)} bytes is broken: {problem(count)}")
    return LabelMap(height, width, labels, ends)


def problem(code: int) -> str:
    """What a negative count of runs says about the bytes."""
    return _PROBLEMS[code]


@njit(cache=True, nogil=True)
def _areas(labels, ends):  # type: ignore[no-untyped-def]
    areas = np.zeros(256, np.int64)
    start = 0
    for i in range(len(labels)):
        areas[labels[i]] += ends[i] - start
        start = ends[i]
    return areas


@njit(cache=True, nogil=True)
def _present(labels, ends):  # type: ignore[no-untyped-def]
    """The labels that occur, but void, and their areas."""
    areas = _areas(labels, ends)[:255]
    present = np.flatnonzero(areas)
    return present, areas[present]


@njit(cache=True, nogil=True)
def _runs(flat):  # type: ignore[no-untyped-def]
    size = len(flat)
    count = 1
    for i in range(1, size):
        count += flat[i] != flat[i - 1]
    labels = np.empty(count, np.uint8)
    ends = np.empty(count, np.int32)
    at = 0
    for i in range(1, size):
        if flat[i] != flat[i - 1]:
            labels[at] = flat[i - 1]
            ends[at] = i
            at += 1
    labels[at] = flat[size - 1]
    ends[at] = size
    return labels, ends


@njit(cache=True, nogil=True)
def _put(value, buffer, at):  # type: ignore[no-untyped-def]
    while value >= 0x80:
        buffer[at] = value & 0x7F | 0x80
        value >>= 7
        at += 1
    buffer[at] = value
    return at + 1


@njit(cache=True, nogil=True)
def _encode(height, width, labels, ends, buffer):  # type: ignore[no-untyped-def]
    buffer[0] = FORMAT_VERSION
    at = _put(width, buffer, _put(height, buffer, 1))
    start = 0
    for i in range(len(labels)):
        buffer[at] = labels[i]
        at = _put(ends[i] - start, buffer, at + 1)
        start = ends[i]
    return at


@njit(cache=True, nogil=True)
def _take(raw, at):  # type: ignore[no-untyped-def]
    """Reads one LEB128: (value, next position), or (problem, -1)."""
    value = np.int64(0)
    for i in range(5):
        if at + i >= len(raw):
            return np.int64(-1), -1
        byte = np.int64(raw[at + i])
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            if byte == 0 and i > 0:
                return np.int64(-2), -1
            return value, at + i + 1
    return np.int64(-2), -1


@njit(cache=True, nogil=True)
def _decode(raw):  # type: ignore[no-untyped-def]
    """(runs, height, width, labels, ends), or (problem, 0, 0, nothing, nothing)."""
    # Two bytes a run at the least, so this is never too small.
    labels = np.empty(len(raw) // 2 + 1, np.uint8)
    ends = np.empty(len(raw) // 2 + 1, np.int32)
    count, height, width = _read(raw, labels, ends)
    used = max(count, 0)
    return count, height, width, labels[:used], ends[:used]


@njit(cache=True, nogil=True)
def _read(raw, labels, ends):  # type: ignore[no-untyped-def]
    """Fills `labels` and `ends`: (runs, height, width), or (problem, 0, 0)."""
    height, at = _take(raw, 1)
    if at < 0:
        return height, 0, 0
    width, at = _take(raw, at)
    if at < 0:
        return width, 0, 0
    if height <= 0 or width <= 0 or height > MAX_PIXELS // width:
        return np.int64(-7), 0, 0
    total = height * width
    covered = np.int64(0)
    count = 0
    while at < len(raw):
        label = raw[at]
        length, at = _take(raw, at + 1)
        if at < 0:
            return length, 0, 0
        if length == 0:
            return np.int64(-3), 0, 0
        if count > 0 and labels[count - 1] == label:
            return np.int64(-4), 0, 0
        covered += length
        if covered > total:
            return np.int64(-5), 0, 0
        labels[count] = label
        ends[count] = covered
        count += 1
    if covered < total:
        return np.int64(-6), 0, 0
    return np.int64(count), height, width
