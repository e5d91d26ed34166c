"""From whatever a file's pixels are to 8-bit RGB: EXIF turn, depth, palette, inks, alpha."""

import numpy as np
from PIL import Image, ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from madseg.core.errors import InvalidImage

BACKGROUND = (128, 128, 128)
"""What lies under transparent pixels: the middle grey, close to the mean that networks subtract."""

MAX_EXIF_BYTES = 1 << 20
"""Larger EXIF blocks are not read: their orientation is taken as absent."""

_ORIENTATION, _BITS, _PHOTOMETRIC = 274, 258, 262

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_PLAIN = {"1", "L", "P", "RGB", "CMYK", "YCbCr"}
_WITH_ALPHA = {"LA": "LA", "PA": "RGBA", "RGBA": "RGBA", "La": "LA", "RGBa": "RGBA"}
_SIXTEEN = {"I;16", "I;16B", "I;16L", "I;16N"}


def rgb(picture: ImageFile.ImageFile) -> Image.Image:
    """The decoded, turned, opaque RGB picture; decodes the pixels if they are not yet.

    Raises:
        InvalidImage: samples without a defined range.
    """
    deep = _key_is_16_bit(picture)
    # Read before decoding: TIFF's reader turns the picture itself and drops the tag.
    shift, inverted = _grey_depth(picture)
    picture.load()
    turn = _TURNS.get(_orientation(picture))
    flat = _opaque(picture, shift, inverted, deep)
    return flat.transpose(turn) if turn is not None else flat


def _opaque(picture: ImageFile.ImageFile, shift: int, inverted: bool, deep: bool) -> Image.Image:
    key = picture.info.get("transparency")
    if picture.mode in _SIXTEEN:
        return _from_16_bit(picture, shift, inverted, key)
    if picture.mode in _WITH_ALPHA:
        wanted = _WITH_ALPHA[picture.mode]
        return _on_background(picture if picture.mode == wanted else picture.convert(wanted))
    if picture.mode not in _PLAIN:
        raise InvalidImage(
            f"pixels of mode {picture.mode} have no defined range of brightness: save it with 8 or 16 bits a channel"
        )
    if key is None:
        return picture if picture.mode == "RGB" else picture.convert("RGB")
    if deep and isinstance(key, tuple):
        picture.info["transparency"] = tuple(part >> 8 for part in key)
    return _on_background(picture.convert("RGBA"))


def _on_background(picture: Image.Image) -> Image.Image:
    alpha = picture.getchannel("A")
    flat = Image.new("RGB", picture.size, BACKGROUND)
    flat.paste(picture.convert("RGB"), mask=alpha)
    return flat


def _from_16_bit(picture: Image.Image, shift: int, inverted: bool, key: object) -> Image.Image:
    """Pillow's own conversion clips at 255; the upper bits are what a viewer shows."""
    samples = np.asarray(picture)
    grey = np.minimum(samples >> shift, 255).astype(np.uint8)
    if inverted:
        grey = 255 - grey
    if isinstance(key, int):
        grey[samples == key] = BACKGROUND[0]
    return Image.fromarray(grey).convert("RGB")


def _grey_depth(picture: Image.Image) -> tuple[int, bool]:
    """How far 16-bit samples are shifted to 8 bits, and whether 0 is white."""
    if not isinstance(picture, TiffImageFile):
        return 8, False
    bits = picture.tag_v2.get(_BITS, (16,))
    return max(0, int(bits[0]) - 8), picture.tag_v2.get(_PHOTOMETRIC) == 0


def _key_is_16_bit(picture: ImageFile.ImageFile) -> bool:
    return any(isinstance(tile[3], str) and tile[3].endswith(";16B") for tile in picture.tile)


def _orientation(picture: Image.Image) -> int:
    """The EXIF orientation, 1..8; 1 where there is none or it can't be read, which is no reason to refuse a picture."""
    if isinstance(picture, TiffImageFile) or len(picture.info.get("exif", b"")) > MAX_EXIF_BYTES:
        return 1
    try:
        value = picture.getexif().get(_ORIENTATION, 1)
    except (ArithmeticError, AttributeError, LookupError, OSError, SyntaxError, TypeError, ValueError):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
