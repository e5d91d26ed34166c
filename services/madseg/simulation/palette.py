"""The colours of a world: painted by hand for the usual one, shifted by a seed for its relatives."""

import colorsys
from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from madseg.simulation.drawing import Colour

Colours = tuple[Colour, ...]


def rgb(text: str) -> Colour:
    """`rrggbb` as a colour."""
    return int(text[0:2], 16) / 255, int(text[2:4], 16) / 255, int(text[4:6], 16) / 255


def _row(text: str) -> Colours:
    return tuple(rgb(item) for item in text.split())


@dataclass(frozen=True)
class Palette:
    """What the things of a world may be coloured like; one entry is drawn for each thing."""

    skies: Colours
    horizons: Colours
    hills: Colours
    grass: Colours
    gravel: Colours
    asphalt: Colours
    crowns: Colours
    firs: Colours
    trunks: Colours
    walls: Colours
    roofs: Colours
    lakes: Colours
    cars: Colours
    buses: Colours
    coats: Colours
    trousers: Colours
    skins: Colours
    dogs: Colours
    birds: Colours
    hulls: Colours
    sails: Colours
    balloons: Colours
    stripes: Colours


USUAL = Palette(
    skies=_row("7fb8e8 9cc9ee 8fb6d9 b9cfe0 a8d4e6"),
    horizons=_row("dcecf5 f3e6d2 e4eef2 f5dcc6 e9eef0"),
    hills=_row("9fb8a0 8aa9a8 a9bda0 93a7b3"),
    grass=_row("8fb45c 86ab58 9dbb66 a5b467 7fa653"),
    gravel=_row("c9b48f c4ae88 cfbb98"),
    asphalt=_row("76777d 6c6e76 82828a 7d7a7c"),
    crowns=_row("3f7d3a 4c8a3c 33703f 5a8f3f 2f6b35"),
    firs=_row("2c5f45 2f6a4a 27553c"),
    trunks=_row("6b4a33 5c4130 775338"),
    walls=_row("efe2c8 e9c9a9 d9dfe2 f0d9a0 e3b9a0 cfd9c4 f4efe6"),
    roofs=_row("b5523b a3472f 8f4a3c 9c5b45 7a5148"),
    lakes=_row("4d8fbf 5a9cc4 4684ad"),
    cars=_row("c8323a 2f5fa8 e9eaec 3a3d44 b8bec6 7c1f35 2e7f86"),
    buses=_row("f2b51d f0a81e f5be33"),
    coats=_row("d9473f 3d62b3 f0efe8 7b4a9e e08a2c 2e2f38 39896f e57fa0"),
    trousers=_row("2f3a55 4a4038 6d7076 27272c"),
    skins=_row("f0c8a4 d9a47c a8714c 6f4a34"),
    dogs=_row("7a4f2c 3a2f2a b98a55 e8dcc8"),
    birds=_row("2b2d35 f2f2f0 454a5a"),
    hulls=_row("8a3b2e f2f0ea 2f4a6b"),
    sails=_row("f7f5ee f2e2c4 e8eef2"),
    balloons=_row("d8434e 7b3fa0 e8742c 2f86c9"),
    stripes=_row("f6e27a f7f2e4 f2c14e"),
)
"""The colours of the training domain that the shipped networks learnt."""


@cache
def palette_of(textures: int) -> Palette:
    """The palette of the world with these textures: 0 is the usual one, any other shifts each of its colours a bit."""
    if textures == 0:
        return USUAL
    rng = np.random.default_rng([textures, 77])
    shifted = {item.name: tuple(_shift(c, rng) for c in getattr(USUAL, item.name)) for item in fields(USUAL)}
    return Palette(**shifted)


def _shift(colour: Colour, rng: np.random.Generator) -> Colour:
    hue, saturation, value = colorsys.rgb_to_hsv(*colour)
    hue += rng.normal(0.0, 0.03)
    saturation = min(max(saturation * rng.uniform(0.8, 1.2), 0.0), 1.0)
    return colorsys.hsv_to_rgb(hue % 1.0, saturation, min(max(value * rng.uniform(0.9, 1.08), 0.0), 1.0))


def pick(rng: np.random.Generator, colours: Colours) -> Colour:
    """One of the colours, each as likely."""
    return colours[int(rng.random() * len(colours))]


def toned(colour: Colour, factor: float) -> Colour:
    """The colour, brighter or darker by a factor."""
    return min(colour[0] * factor, 1.0), min(colour[1] * factor, 1.0), min(colour[2] * factor, 1.0)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """`one` moved to `other` by a share in [0, 1]."""
    keep = 1.0 - share
    return tuple(keep * a + share * b for a, b in zip(one, other, strict=True))  # type: ignore[return-value]
