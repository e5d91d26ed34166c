"""Pictures as data URIs: photographs as WebP, label maps as paletted PNG, and where two maps differ."""

import base64
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from madseg.cli.report.data import Finding, LegendClass
from madseg.core.label_map import decode
from madseg.core.taxonomy import VOID

PHOTO_QUALITY = 82
"""Of WebP, 0..100: at 256 pixels nobody sees a difference to the original."""

DIFFERENCE = (255, 45, 120)
"""The colour of pixels on which two maps disagree: in no photograph and far from VOC's dark colours."""

VOID_COLOUR = (224, 224, 192)


@dataclass(frozen=True)
class Panel:
    """A picture of a report: its data URI, its size in pixels and what it shows, in words."""

    uri: str
    width: int
    height: int
    words: str


def photo(finding: Finding, side: int) -> Panel | None:
    """The photograph, at most `side` pixels long."""
    if finding.picture is None:
        return None
    picture = _opened(finding.picture, side)
    return _webp(picture, f"Photograph {finding.image_id}")


def label_map(data: bytes | None, legend: tuple[LegendClass, ...], who: str, side: int) -> Panel | None:
    """A label map in its classes' colours."""
    if data is None:
        return None
    pixels = decode(data).dense()
    shown = Image.fromarray(pixels)
    shown.thumbnail((side, side), Image.Resampling.NEAREST)
    return _png(_palette(shown, legend), f"Label map of {who}: {_contents(pixels, legend)}")


def difference(finding: Finding, side: int) -> Panel | None:
    """The photograph in dim grey, with the pixels on which the two maps disagree in `DIFFERENCE`."""
    if finding.target_map is None or finding.competitor_map is None:
        return None
    first, second = decode(finding.target_map).dense(), decode(finding.competitor_map).dense()
    if first.shape != second.shape:
        return None
    known = (first != VOID) & (second != VOID)
    differs = (first != second) & known
    share = differs.sum() / max(1, known.sum())
    mask = Image.fromarray(differs)
    mask.thumbnail((side, side), Image.Resampling.NEAREST)
    grey = _dimmed(finding, mask.size)
    grey[np.asarray(mask)] = DIFFERENCE
    return _webp(Image.fromarray(grey), f"The two maps differ on {share:.0%} of the pixels, shown in pink")


def _dimmed(finding: Finding, size: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W, 3) uint8: a faint grey photograph, or plain grey where there is none."""
    if finding.picture is None:
        return np.full((size[1], size[0], 3), 225, np.uint8)
    with Image.open(BytesIO(finding.picture)) as opened:
        grey = np.asarray(opened.convert("L").resize(size), np.float32)
    return np.repeat((120 + grey * 0.5).astype(np.uint8)[..., None], 3, axis=2)


def _opened(content: bytes, side: int) -> Image.Image:
    with Image.open(BytesIO(content)) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return picture


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


def _webp(picture: Image.Image, words: str) -> Panel:
    buffer = BytesIO()
    picture.save(buffer, "WEBP", quality=PHOTO_QUALITY, method=4)
    return Panel(_uri("image/webp", buffer), picture.width, picture.height, words)


def _png(picture: Image.Image, words: str) -> Panel:
    buffer = BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return Panel(_uri("image/png", buffer), picture.width, picture.height, words)


def _uri(kind: str, buffer: BytesIO) -> str:
    return f"data:{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
