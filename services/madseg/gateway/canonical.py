"""The canonical picture: cropped, resized, hashed and written as PNG.

The PNG is written here and not by Pillow: with the filter "up" for every row and run-length Huffman coding it takes
13 ms for 513 x 513 photographs where Pillow takes 24 ms at its fastest level, for a file 10 % larger.
Decoding large JPEGs at half their size would save 80 of 180 ms for 12 megapixels and change the canonical picture by
0.5 of 255 on average; it is left out, so that the canonical picture depends on the pixels alone.
"""

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from madseg.core.preprocess import Box, Size, centre_crop, perceptual_hash

_UP = 2
"""PNG's filter type: each byte minus the one above it."""


@dataclass(frozen=True, slots=True)
class Canonical:
    """A picture on the canonical grid: PNG, RGB; `crop` is the part of the picture that it shows."""

    png: bytes
    crop: Box
    perceptual_hash: int


def canonical(picture: Image.Image, grid: Size) -> Canonical:
    """Brings an RGB picture to the grid: the largest centred crop of its shape, bilinear with antialiasing."""
    crop = centre_crop(Size(picture.height, picture.width), grid)
    pixels = np.asarray(on_grid(picture, crop, grid, Image.Resampling.BILINEAR))
    return Canonical(png(pixels), crop, perceptual_hash(pixels))


def on_grid(picture: Image.Image, crop: Box, grid: Size, resampling: Image.Resampling) -> Image.Image:
    """The `crop` of a picture, resized to the grid; the picture itself where that changes nothing."""
    if picture.size == (grid.width, grid.height):
        return picture
    box = (crop.left, crop.top, crop.left + crop.width, crop.top + crop.height)
    return picture.resize((grid.width, grid.height), resampling, box=box)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """An (H, W, 3) uint8 RGB picture as PNG."""
    height, width, _ = pixels.shape
    packer = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_RLE)
    data = packer.compress(_filtered(pixels).data) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _filtered(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, 1 + 3 W) uint8: each row's filter type, then its bytes minus those of the row above."""
    height, width, _ = pixels.shape
    rows = pixels.reshape(height, 3 * width)
    lines = np.empty((height, 1 + 3 * width), np.uint8)
    lines[:, 0] = _UP
    lines[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=lines[1:, 1:])
    return lines


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
