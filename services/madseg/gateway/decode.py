"""From the bytes of a file to RGB pixels, or a reason why not. Every file is taken for hostile.

What a picture becomes:

| in the file                  | in the pixels                                                                        |
|------------------------------|--------------------------------------------------------------------------------------|
| EXIF orientation             | turned                                                                               |
| alpha, transparent colour    | laid on mid-grey, which networks see as nothing: no bright or dark object is invented |
| 16 bits                      | the upper 8; 12 bits likewise (never clipped)                                        |
| CMYK                         | RGB without the colour profile; Adobe's inverted inks are known                      |
| palette, 1 bit, grey         | RGB                                                                                  |
| 32-bit or floating samples   | refused: they have no defined white                                                  |
| several frames or pages      | refused; a phone's JPEG with further pictures behind it gives the first              |

The kind of file is read from its first bytes, never from its name.
"""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from madseg.core.errors import InvalidImage
from madseg.core.preprocess import Size
from madseg.exchange.pictures import BROKEN
from madseg.gateway.convert import rgb
from madseg.gateway.inspection import inspect_jpeg, inspect_tiff


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may ask for: bytes as sent, pixels (height times width) as its header claims."""

    max_bytes: int = 64 << 20
    max_pixels: int = 100_000_000


LIMITS = Limits()
"""The limits where none are set."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture in mode RGB, turned as its EXIF says, and the media type of the file it came from."""

    picture: Image.Image
    media_type: str

    @property
    def size(self) -> Size:
        """Rows and columns after the EXIF turn."""
        return Size(self.picture.height, self.picture.width)


class UnknownFormat(InvalidImage):
    """Bytes that are no image of a kind that is taken in."""


class TooLarge(InvalidImage):
    """More bytes or pixels than the limits allow."""


@dataclass(frozen=True, slots=True)
class _Format:
    name: str
    media_type: str
    reader: Callable[[io.BytesIO], ImageFile.ImageFile]


_FORMATS: tuple[tuple[bytes, _Format], ...] = (
    (b"\xff\xd8\xff", _Format("JPEG", "image/jpeg", JpegImageFile)),
    (b"\x89PNG\r\n\x1a\n", _Format("PNG", "image/png", PngImageFile)),
    (b"RIFF", _Format("WebP", "image/webp", WebPImageFile)),
    (b"II*\0", _Format("TIFF", "image/tiff", TiffImageFile)),
    (b"MM\0*", _Format("TIFF", "image/tiff", TiffImageFile)),
    (b"II+\0", _Format("TIFF", "image/tiff", TiffImageFile)),
    (b"MM\0+", _Format("TIFF", "image/tiff", TiffImageFile)),
    (b"GIF87a", _Format("GIF", "image/gif", GifImageFile)),
    (b"GIF89a", _Format("GIF", "image/gif", GifImageFile)),
    (b"BM", _Format("BMP", "image/bmp", BmpImageFile)),
)

_PNG_END = b"IEND\xaeB`\x82"


def decode(content: bytes, limits: Limits = LIMITS) -> Decoded:
    """The picture in a file.

    Raises:
        UnknownFormat: no bytes, or none of JPEG, PNG, WebP, TIFF, BMP, GIF.
        TooLarge: more than the limits allow; found on the header, before a pixel is decoded.
        InvalidImage: truncated, broken, animated, or with samples that have no defined range.
    """
    kind, picture = opened(content, limits)
    try:
        return Decoded(rgb(picture), kind)
    except InvalidImage:
        raise
    except BROKEN as error:
        raise _broken(picture.format or kind, error) from error


def opened(content: bytes, limits: Limits) -> tuple[str, ImageFile.ImageFile]:
    """Media type and picture of a file, checked against the limits, its pixels neither decoded nor converted yet.

    Raises:
        UnknownFormat, TooLarge, InvalidImage: as `decode`.
    """
    if not content:
        raise UnknownFormat("the file is empty: send it again")
    if len(content) > limits.max_bytes:
        raise TooLarge(f"the file has {len(content)} bytes, at most {limits.max_bytes} are taken: make it smaller")
    form = _format(content)
    _quiet()
    try:
        if form.name == "JPEG":
            inspect_jpeg(content)
        if form.name == "PNG" and _PNG_END not in content:
            raise InvalidImage("a truncated PNG (its end is missing): send the whole file")
        pages = inspect_tiff(content, limits.max_pixels) if form.name == "TIFF" else 1
        picture = form.reader(io.BytesIO(content))
        _check_pixels(picture, limits)
        _check_frames(picture, pages)
    except InvalidImage:
        raise
    except BROKEN as error:
        raise _broken(form.name, error) from error
    return form.media_type, picture


def loaded(content: bytes, limits: Limits) -> Image.Image:
    """The pixels of a file as they are in it, neither turned nor converted. Raises as `decode`."""
    kind, picture = opened(content, limits)
    try:
        picture.load()
    except BROKEN as error:
        raise _broken(picture.format or kind, error) from error
    return picture


def _format(content: bytes) -> _Format:
    for signature, form in _FORMATS:
        if content.startswith(signature) and (form.name != "WebP" or content[8:12] == b"WEBP"):
            return form
    raise UnknownFormat(
        f"not an image that is taken in (it begins with {content[:8]!r}): send JPEG, PNG, WebP, TIFF, BMP or GIF"
    )


def _check_pixels(picture: Image.Image, limits: Limits) -> None:
    width, height = picture.size
    if width < 1 or height < 1:
        raise InvalidImage(f"the picture has no pixels: its header says {width} x {height}")
    if width * height > limits.max_pixels:
        raise TooLarge(
            f"the picture claims {width} x {height} pixels, at most {limits.max_pixels} are taken: send a smaller one"
        )


def _check_frames(picture: ImageFile.ImageFile, pages: int) -> None:
    if pages > 1:
        raise InvalidImage(f"the TIFF has {pages} pages: send them one by one")
    # Counting a GIF's frames means walking all of them, so it is only asked whether there is a second one.
    if isinstance(picture, GifImageFile):
        if picture.is_animated:
            raise InvalidImage("the GIF has more than one frame: send them one by one")
    elif not isinstance(picture, TiffImageFile) and (frames := getattr(picture, "n_frames", 1)) > 1:
        raise InvalidImage(f"the {picture.format} has {frames} frames: send them one by one")


def _broken(name: str, error: BaseException) -> InvalidImage:
    if isinstance(error, MemoryError):
        return InvalidImage(f"the {name} needs more memory than there is: send a smaller one")
    if isinstance(error, Image.DecompressionBombError):
        return TooLarge(f"the {name} claims more pixels than are ever taken ({error}): send a smaller one")
    detail = str(error).strip().rstrip(".") or type(error).__name__
    return InvalidImage(f"a broken or truncated {name} ({detail[:200]}): send the whole file, or save it again")


def _quiet() -> None:
    """Keeps Pillow's warnings about odd metadata off the log: whatever matters is an error here.

    The filter list belongs to the process, and saving and restoring it around a call is not thread-safe.
    """
    if not any(item[0] == "ignore" and item[3] is not None and _is_pillow(item[3]) for item in warnings.filters):
        warnings.filterwarnings("ignore", module=_PILLOW)


_PILLOW = r"PIL\."


def _is_pillow(module: object) -> bool:
    return getattr(module, "pattern", module) == _PILLOW
