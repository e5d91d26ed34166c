"""Pictures and files made for the tests, hostile ones among them."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def gradient(height: int = 20, width: int = 24) -> NDArray[np.uint8]:
    """A smooth (H, W, 3) uint8 picture: red grows to the right, green downwards, blue is 60."""
    rows, columns = np.mgrid[:height, :width]
    red, green = columns * 255 // max(1, width - 1), rows * 255 // max(1, height - 1)
    return np.stack([red, green, np.full_like(red, 60)], -1).astype(np.uint8)


def encoded(picture: Image.Image | NDArray[Any], form: str = "PNG", **options: Any) -> bytes:
    """A picture as a file."""
    stream = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(stream, form, **options)
    return stream.getvalue()


def noise(seed: int, height: int = 20, width: int = 24) -> bytes:
    """A PNG unlike those of other seeds."""
    return encoded(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width: int, height: int) -> bytes:
    """The beginning of an RGB PNG of any claimed size."""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


def with_chunk(png: bytes, extra: bytes) -> bytes:
    """A PNG with a further chunk behind its header."""
    return png[:33] + extra + png[33:]


def turned(orientation: int) -> Image.Exif:
    """EXIF data that say how the camera was held."""
    exif = Image.Exif()
    exif[274] = orientation
    return exif


def tiff(entries: list[tuple[int, int, int, int]], following: int = 0) -> bytes:
    """A little-endian TIFF of one directory of (tag, type, count, value) and no data."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", following)
