"""PNG files of masks: their size is checked before a pixel is decoded; the same mask is the same bytes."""

import io
import struct
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from madseg.core.errors import InvalidLabelMap
from madseg.exchange.classes import Colour
from madseg.exchange.limits import checked_size

_SIGNATURE, _END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
_NUMBERS = {"P", "L", "1", "I;16", "I"}

BROKEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""What Pillow's readers raise on hostile bytes. None of them says anything about this program."""


def png(content: bytes) -> Image.Image:
    """The picture in a PNG file, as it is in there.

    Raises:
        InvalidLabelMap: it is no PNG, or a broken one.
        InvalidInput: more pixels than are taken.
    """
    if not content.startswith(_SIGNATURE):
        raise InvalidLabelMap(f"a mask must be a PNG, this begins with {content[:8]!r}: save it as one")
    if _END not in content:
        raise InvalidLabelMap("a truncated PNG (its end is missing): send the whole file")
    try:
        picture = PngImageFile(io.BytesIO(content))
    except BROKEN as error:
        raise _broken(error) from error
    checked_size(picture.height, picture.width)
    try:
        picture.load()
    except BROKEN as error:
        raise _broken(error) from error
    return picture


def numbers(picture: Image.Image) -> NDArray[np.generic]:
    """(H, W) class numbers of a paletted or grey PNG.

    Raises:
        InvalidLabelMap: it holds colours.
    """
    if picture.mode not in _NUMBERS:
        raise InvalidLabelMap(f"a PNG in {picture.mode} holds colours, not class numbers: save a paletted or grey one")
    values: NDArray[np.generic] = np.asarray(picture)
    return values.astype(np.uint8) if values.dtype == np.bool_ else values


def packed(picture: Image.Image) -> NDArray[np.int32]:
    """(H, W) int32: the colour of each pixel as R + 256 G + 65536 B; transparency is left out."""
    parts = np.asarray(picture.convert("RGB"), np.int32)
    return np.asarray(parts[..., 0] | parts[..., 1] << 8 | parts[..., 2] << 16)


def packed_colour(colour: Colour) -> int:
    """R + 256 G + 65536 B."""
    return colour[0] | colour[1] << 8 | colour[2] << 16


def unpacked_colour(value: int) -> Colour:
    """The colour of R + 256 G + 65536 B."""
    return value & 255, value >> 8 & 255, value >> 16 & 255


def paletted_png(pixels: NDArray[np.uint8], palette: bytes) -> bytes:
    """A paletted PNG of class numbers; `palette` is 768 bytes."""
    picture = Image.fromarray(pixels)
    picture.putpalette(palette)
    return _saved(picture)


def grey_png(pixels: NDArray[np.uint8]) -> bytes:
    """A grey PNG of class numbers."""
    return _saved(Image.fromarray(pixels))


def colour_png(pixels: NDArray[np.uint8], colours: Mapping[int, Colour]) -> bytes:
    """An RGB PNG with each number in its colour."""
    table = np.zeros((256, 3), np.uint8)
    for number, colour in colours.items():
        table[number] = colour
    return _saved(Image.fromarray(table[pixels]))


def _saved(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _broken(error: BaseException) -> InvalidLabelMap:
    detail = str(error).strip().rstrip(".") or type(error).__name__
    return InvalidLabelMap(f"a broken or truncated PNG ({detail[:200]}): send the whole file, or save it again")
