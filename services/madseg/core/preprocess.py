"""From a decoded picture to the canonical grid: identity, geometry, lane, and the hash for near-duplicates.

Decoding itself is I/O and stands in `madseg.gateway`.
"""

import hashlib
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from madseg.core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Size:
    """Rows and columns, both at least 1."""

    height: int
    width: int

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise InvalidInput(f"a size must be at least 1 x 1, got {self}")

    def __str__(self) -> str:
        return f"{self.height}x{self.width}"

    @property
    def pixels(self) -> int:
        """Rows times columns."""
        return self.height * self.width


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels: first column and row inside, columns and rows."""

    left: int
    top: int
    width: int
    height: int


CANONICAL = Size(513, 513)
"""The paper's grid."""


def parse_size(text: str) -> Size:
    """The size written `513x513`, rows first.

    Raises:
        InvalidInput: it is not two whole numbers in 1..8192 with an x between.
    """
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdigit() and 1 <= int(part) <= 8192 for part in parts):
        raise InvalidInput(f"a grid must be HEIGHTxWIDTH, each in 1..8192, such as 513x513: got {text!r}", field="grid")
    return Size(int(parts[0]), int(parts[1]))


def grid_id(grid: Size) -> str:
    """Names the canonical grid and the way to it: the largest centred crop of its shape, then a bilinear resize."""
    return f"{grid}/centre"


def centre_crop(size: Size, grid: Size) -> Box:
    """The largest box in the middle of a picture of `size` that has the shape of `grid`, at least 1 x 1.

    Where the border can't be split evenly, the smaller half is at the left and top.
    """
    width = min(size.width, max(1, size.height * grid.width // grid.height))
    height = min(size.height, max(1, size.width * grid.height // grid.width))
    return Box((size.width - width) // 2, (size.height - height) // 2, width, height)


def image_id(sha256: bytes) -> str:
    """The id of an image: the first 16 bytes of its SHA-256 as 32 hexadecimal digits."""
    return sha256[:16].hex()


def picture_keys(image: str) -> tuple[str, str]:
    """Keys of the original and of the canonical picture of an image in the file store."""
    folder = f"images/{image[:2]}/{image}"
    return f"{folder}/original", f"{folder}/canonical.png"


def in_random_lane(image: str, share: float) -> bool:
    """True for the fixed `share` in [0, 1] of all ids that form the random lane; growing the share only adds ids."""
    draw = int.from_bytes(hashlib.sha256(b"madseg random lane\0" + image.encode()).digest()[:8])
    return draw < share * 2**64


PERCEPTUAL_HASH_VERSION = 1
"""Hashes of different versions must never be compared."""


def perceptual_hash(picture: NDArray[np.uint8]) -> int:
    """64-bit hash of an (H, W, 3) uint8 RGB picture: near-duplicates differ in few bits.

    The signs, around their median, of the 64 lowest frequencies but the constant one
    of the cosine transform of the luma on a 32 x 32 grid.
    """
    luma = _shrink((picture @ np.array([0.299, 0.587, 0.114])).astype(np.float32))
    basis, order = _cosines()
    low = (basis @ luma @ basis.T).reshape(-1)[order]
    return int.from_bytes(np.packbits(low > np.median(low)).tobytes())


def hash_distance(first: int, second: int) -> int:
    """Number of bits in which two perceptual hashes differ, 0..64."""
    return (first ^ second).bit_count()


def signed_hash(perceptual_hash: int | None) -> int | None:
    """A hash as databases have it, which know no unsigned numbers: in -(2 ** 63)..2 ** 63 - 1. None stays None."""
    return None if perceptual_hash is None else perceptual_hash - (perceptual_hash >> 63 << 64)


def unsigned_hash(stored: int | None) -> int | None:
    """The hash that `signed_hash` made fit for a database: in 0..2 ** 64 - 1. None stays None."""
    return None if stored is None else stored & (1 << 64) - 1


@cache
def _cosines() -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """(11, 32) lowest frequencies of the type II cosine transform, and the places of the 64 lowest pairs but (0, 0)."""
    frequency, place = np.mgrid[:11, :32]
    diagonal = np.add.outer(np.arange(11), np.arange(11)).reshape(-1)
    basis = np.cos(np.pi * frequency * (place + 0.5) / 32).astype(np.float32)
    return basis, np.argsort(diagonal, kind="stable")[1:65]


def _shrink(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) to (32, 32) by area averages; pictures with fewer than 32 rows or columns repeat theirs first."""
    height, width = luma.shape
    if height < 32 or width < 32:
        luma = luma.repeat(-(-32 // height), 0).repeat(-(-32 // width), 1)
        height, width = luma.shape
    rows, columns = (np.arange(33) * height // 32), (np.arange(33) * width // 32)
    sums = np.add.reduceat(np.add.reduceat(luma, rows[:-1], 0), columns[:-1], 1)
    return (sums / np.outer(np.diff(rows), np.diff(columns))).astype(np.float32)
