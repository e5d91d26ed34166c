"""Draws the probe pictures: `python -m madseg.predictor.probe.draw FOLDER`.

Shapes are drawn at four times the size, shaded from above, shrunk, given noise that is smooth at several scales as
textures are, and kept to 96 colours so that each file stays under 40 KB.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

SIZE = 256
"""Height and width of a picture, in pixels."""

OVER = 4
"""How many times larger it is drawn."""

Colour = tuple[int, int, int]
Pixels = npt.NDArray[np.float64]


class Canvas:
    """A picture in the making; coordinates are shares of its width and height, x before y."""

    def __init__(self, top: Colour, bottom: Colour, horizon: float, ground: Colour, near: Colour) -> None:
        side = SIZE * OVER
        rows = np.linspace(0, 1, side)[:, None]
        sky = _blend(top, bottom, np.clip(rows / horizon, 0, 1))
        land = _blend(ground, near, np.clip((rows - horizon) / (1 - horizon), 0, 1))
        column = np.where(rows < horizon, sky, land)
        pixels = np.repeat(column[:, None, :], side, axis=1)
        self._image = Image.fromarray(pixels.astype(np.uint8))

    def polygon(self, points: Sequence[tuple[float, float]], colour: Colour, shade: float = 0.35) -> None:
        """A filled shape, darker towards its bottom by `shade`."""
        self._paint(lambda pen: pen.polygon(_scaled(points), fill=255), colour, shade)

    def ellipse(self, x: float, y: float, width: float, height: float, colour: Colour, shade: float = 0.35) -> None:
        """A filled ellipse around (x, y), darker towards its bottom by `shade`."""
        box = _scaled([(x - width / 2, y - height / 2), (x + width / 2, y + height / 2)])
        self._paint(lambda pen: pen.ellipse(box, fill=255), colour, shade)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour, shade: float = 0.2) -> None:
        """A filled rectangle."""
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], colour, shade)

    def finished(self, seed: int, grain: float) -> Image.Image:
        """The picture at its size, with texture of `grain` grey levels."""
        small = self._image.filter(ImageFilter.GaussianBlur(OVER / 2)).resize((SIZE, SIZE), Image.Resampling.BOX)
        noisy = np.asarray(small).astype(np.float64) + grain * _texture(seed)[:, :, None]
        picture = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
        return picture.quantize(96, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)

    def _paint(self, draw: Callable[[ImageDraw.ImageDraw], None], colour: Colour, shade: float) -> None:
        mask = Image.new("L", self._image.size)
        draw(ImageDraw.Draw(mask))
        box = mask.getbbox()
        if box is None:
            return
        rows = np.linspace(0, 1, box[3] - box[1])[:, None]
        dark: Colour = (int(colour[0] * (1 - shade)), int(colour[1] * (1 - shade)), int(colour[2] * (1 - shade)))
        pixels = np.repeat(_blend(colour, dark, rows)[:, None, :], box[2] - box[0], axis=1)
        self._image.paste(Image.fromarray(pixels.astype(np.uint8)), box[:2], mask.crop(box))


def meadow() -> Image.Image:
    """A brown cow-like animal on grass under a clear sky."""
    canvas = Canvas((96, 150, 220), (205, 224, 240), 0.38, (98, 140, 60), (52, 98, 34))
    for x in np.linspace(0.02, 0.98, 9):
        canvas.ellipse(x, 0.36, 0.16, 0.10 + 0.05 * np.sin(9 * x), (44, 84, 46))
    brown: Colour = (132, 84, 52)
    for x in (0.33, 0.40, 0.60, 0.67):
        canvas.polygon([(x, 0.6), (x + 0.05, 0.6), (x + 0.04, 0.86), (x + 0.01, 0.86)], (110, 70, 44))
    canvas.ellipse(0.51, 0.55, 0.46, 0.26, brown, 0.5)
    canvas.ellipse(0.46, 0.52, 0.14, 0.12, (232, 224, 214))
    canvas.polygon([(0.66, 0.46), (0.78, 0.36), (0.84, 0.44), (0.72, 0.58)], brown)
    canvas.ellipse(0.82, 0.43, 0.14, 0.10, (140, 92, 60))
    canvas.ellipse(0.87, 0.45, 0.05, 0.05, (210, 180, 160))
    canvas.ellipse(0.76, 0.36, 0.07, 0.03, (100, 62, 40))
    canvas.ellipse(0.83, 0.41, 0.015, 0.015, (10, 10, 10))
    canvas.polygon([(0.29, 0.5), (0.27, 0.5), (0.25, 0.72), (0.27, 0.72)], (90, 56, 36))
    return canvas.finished(1, 9)


def harbour() -> Image.Image:
    """A white sailing boat on water."""
    canvas = Canvas((120, 160, 205), (225, 225, 220), 0.55, (84, 120, 150), (38, 70, 104))
    canvas.polygon(
        [(0, 0.55), (0, 0.47), (0.2, 0.5), (0.45, 0.46), (0.75, 0.52), (1, 0.49), (1, 0.55)], (110, 128, 118)
    )
    for number in range(24):
        y = 0.58 + 0.018 * number
        canvas.ellipse((number * 0.37) % 1, y, 0.25, 0.006, (130, 160, 184), 0)
    canvas.polygon([(0.24, 0.66), (0.80, 0.64), (0.74, 0.75), (0.31, 0.75)], (240, 240, 238), 0.3)
    canvas.polygon([(0.24, 0.66), (0.80, 0.64), (0.79, 0.67), (0.25, 0.69)], (40, 60, 110))
    canvas.box(0.42, 0.60, 0.62, 0.66, (225, 222, 214))
    canvas.box(0.505, 0.12, 0.515, 0.66, (120, 100, 80))
    canvas.polygon([(0.50, 0.14), (0.50, 0.60), (0.28, 0.60)], (250, 248, 242), 0.12)
    canvas.polygon([(0.525, 0.16), (0.525, 0.60), (0.74, 0.60)], (244, 240, 230), 0.18)
    canvas.polygon([(0.31, 0.76), (0.74, 0.76), (0.60, 0.86), (0.42, 0.86)], (120, 140, 156), 0.4)
    return canvas.finished(2, 6)


def room() -> Image.Image:
    """Somebody beside a table with a screen and a bottle."""
    canvas = Canvas((196, 184, 166), (214, 204, 188), 0.62, (120, 84, 56), (84, 56, 36))
    canvas.box(0.05, 0.08, 0.28, 0.46, (180, 206, 226))
    canvas.box(0.36, 0.20, 0.74, 0.50, (24, 24, 28), 0.1)
    canvas.box(0.38, 0.22, 0.72, 0.47, (58, 96, 150), 0.5)
    canvas.polygon([(0.52, 0.50), (0.58, 0.50), (0.62, 0.58), (0.48, 0.58)], (36, 36, 40))
    canvas.polygon([(0.22, 0.58), (0.96, 0.58), (1.0, 0.66), (0.18, 0.66)], (150, 108, 70))
    canvas.box(0.82, 0.40, 0.88, 0.60, (40, 92, 52), 0.4)
    canvas.box(0.838, 0.31, 0.862, 0.42, (46, 100, 58))
    canvas.box(0.82, 0.47, 0.88, 0.54, (236, 230, 210))
    canvas.box(0.72, 0.66, 0.76, 0.98, (96, 64, 42))
    canvas.ellipse(0.20, 0.42, 0.17, 0.22, (60, 40, 28), 0.2)
    canvas.ellipse(0.20, 0.47, 0.13, 0.17, (222, 176, 146), 0.25)
    canvas.box(0.17, 0.53, 0.23, 0.62, (206, 160, 132))
    canvas.polygon([(0.02, 0.70), (0.12, 0.59), (0.28, 0.59), (0.38, 0.70), (0.40, 1), (0, 1)], (150, 40, 44), 0.4)
    return canvas.finished(3, 7)


def street() -> Image.Image:
    """A red car and a blue bus on a road between houses."""
    canvas = Canvas((170, 180, 190), (215, 218, 220), 0.5, (110, 110, 112), (70, 70, 74))
    for number, x in enumerate((0.0, 0.19, 0.80)):
        canvas.box(x, 0.12 + 0.05 * number, x + 0.19, 0.54, (166 - 20 * number, 140, 118))
        for row in range(4):
            canvas.box(x + 0.03, 0.2 + 0.08 * row, x + 0.07, 0.25 + 0.08 * row, (70, 80, 96))
            canvas.box(x + 0.11, 0.2 + 0.08 * row, x + 0.15, 0.25 + 0.08 * row, (70, 80, 96))
    canvas.box(0.44, 0.24, 0.78, 0.58, (48, 84, 150), 0.3)
    for number in range(4):
        canvas.box(0.46 + 0.08 * number, 0.29, 0.525 + 0.08 * number, 0.40, (36, 44, 54))
    canvas.ellipse(0.51, 0.58, 0.08, 0.08, (22, 22, 24))
    canvas.ellipse(0.71, 0.58, 0.08, 0.08, (22, 22, 24))
    red: Colour = (186, 32, 36)
    roof, body = [(0.24, 0.57), (0.47, 0.57), (0.57, 0.68)], [(0.68, 0.71), (0.69, 0.82), (0.09, 0.82)]
    hull = [(0.10, 0.70), (0.16, 0.68), *roof, *body]
    canvas.polygon(hull, red, 0.45)
    canvas.polygon([(0.21, 0.67), (0.26, 0.595), (0.35, 0.595), (0.35, 0.67)], (40, 50, 60))
    canvas.polygon([(0.37, 0.67), (0.37, 0.595), (0.46, 0.595), (0.53, 0.67)], (40, 50, 60))
    for x in (0.21, 0.57):
        canvas.ellipse(x, 0.82, 0.12, 0.12, (20, 20, 22))
        canvas.ellipse(x, 0.82, 0.06, 0.06, (170, 172, 176))
    canvas.ellipse(0.67, 0.735, 0.03, 0.03, (250, 246, 210))
    canvas.ellipse(0.39, 0.885, 0.6, 0.03, (48, 48, 52))
    return canvas.finished(4, 8)


def _scaled(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(x * SIZE * OVER, y * SIZE * OVER) for x, y in points]


def _blend(first: Colour, second: Colour, share: Pixels) -> Pixels:
    blended: Pixels = np.array(first) * (1 - share) + np.array(second) * share
    return blended


def _texture(seed: int) -> Pixels:
    """(SIZE, SIZE) of mean 0 and deviation about 1: noise at four scales, the coarser the stronger."""
    random = np.random.default_rng(seed)
    total = np.zeros((SIZE, SIZE))
    for cells in (8, 32, 64, 128):
        patch = Image.fromarray(random.normal(size=(cells, cells)).astype(np.float32))
        total += np.asarray(patch.resize((SIZE, SIZE), Image.Resampling.BICUBIC)) * (8 / cells) ** 0.3
    scaled: Pixels = total / total.std()
    return scaled


if __name__ == "__main__":
    for scene in (meadow, harbour, room, street):
        scene().save(Path(sys.argv[1]) / f"{scene.__name__}.png", optimize=True)
