"""Pictures as data URIs: photographs as WebP, label maps as paletted PNG."""

import base64
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from madseg.core.label_map import decode

PHOTO_QUALITY = 82
"""Of WebP, 0..100: at 256 pixels nobody sees a difference to the original."""

VOID_COLOUR = (224, 224, 192)


@dataclass(frozen=True)
class LegendClass:
    """A class of the taxonomy: its colour as (R, G, B), and whether it has rankings."""

    name: str
    colour: tuple[int, int, int]
    ranked: bool = True


@dataclass(frozen=True)
class Panel:
    """A picture of a report: its data URI, its size in pixels and what it shows, in words."""

    uri: str
    width: int
    height: int
    words: str


def photo(content: bytes | None, words: str, side: int) -> Panel | None:
    """A photograph, at most `side` pixels long; None where there is none."""
    if content is None:
        return None
    with Image.open(BytesIO(content)) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return webp(picture, words)


def label_map(data: bytes | None, legend: tuple[LegendClass, ...], who: str, side: int) -> Panel | None:
    """A label map in its classes' colours; None where there is none."""
    if data is None:
        return None
    pixels = decode(data).dense()
    shown = Image.fromarray(pixels)
    shown.thumbnail((side, side), Image.Resampling.NEAREST)
    return _png(_palette(shown, legend), f"Label map of {who}: {_contents(pixels, legend)}")


def webp(picture: Image.Image, words: str) -> Panel:
    """A picture as it is."""
    buffer = BytesIO()
    picture.save(buffer, "WEBP", quality=PHOTO_QUALITY, method=4)
    return Panel(_uri("image/webp", buffer), picture.width, picture.height, words)


def _palette(shown: Image.Image, legend: tuple[LegendClass, ...]) -> Image.Image:
    """The map with only the colours that it uses, so that the PNG needs few bits a pixel."""
    labels, places = np.unique(np.asarray(shown), return_inverse=True)
    colours = [legend[label].colour if label < len(legend) else VOID_COLOUR for label in labels]
    made = Image.fromarray(places.reshape(shown.height, shown.width).astype(np.uint8))
    made.putpalette([part for colour in colours for part in colour])
    return made


def _contents(pixels: NDArray[np.uint8], legend: tuple[LegendClass, ...]) -> str:
    """The largest classes of a map, in words."""
    labels, counts = np.unique(pixels, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:4]
    names = [legend[label].name if label < len(legend) else "void" for label in labels]
    return ", ".join(f"{names[at]} {counts[at] / pixels.size:.0%}" for at in order)


def _png(picture: Image.Image, words: str) -> Panel:
    buffer = BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return Panel(_uri("image/png", buffer), picture.width, picture.height, words)


def _uri(kind: str, buffer: BytesIO) -> str:
    return f"data:{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
