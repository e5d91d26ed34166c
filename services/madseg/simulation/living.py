"""What grows and moves: trees, people, dogs, birds. Each is drawn standing on (x, y) at a size."""

import math

from numpy.random import Generator

from madseg.simulation.built import SHADOW
from madseg.simulation.drawing import CHECKS, GRAIN, STRIPES, Drawing, Fill
from madseg.simulation.palette import mixed, pick, rgb, toned
from madseg.simulation.scenery import SNOW
from madseg.simulation.style import Style
from madseg.simulation.taxonomy import BIRD, DOG, KEEP, PERSON, TREE


def draw_tree(to: Drawing, rng: Generator, style: Style, x: float, y: float, size: float) -> None:
    """A broad-leaved tree or a fir; in winter the one is bare and the other white."""
    to.ellipse(x, y, 12 * size, 2.4 * size, SHADOW, KEEP)
    if rng.random() < 0.28:
        _draw_fir(to, rng, style, x, y, size)
    elif style.snow:
        _draw_bare(to, rng, style, x, y, size)
    else:
        _draw_leafy(to, rng, style, x, y, size)


def _draw_leafy(to: Drawing, rng: Generator, style: Style, x: float, y: float, size: float) -> None:
    high, r = size * rng.uniform(13, 20), size * rng.uniform(9, 12.5)
    trunk = pick(rng, style.palette.trunks)
    to.polygon(
        [(x - 2.4 * size, y), (x - 1.5 * size, y - high), (x + 1.5 * size, y - high), (x + 2.4 * size, y)],
        Fill(trunk, shade=0.2), TREE,
    )  # fmt: skip
    colour = pick(rng, style.palette.crowns)
    leaves = Fill(toned(colour, 1.12), toned(colour, 0.66), GRAIN, 3.4, 0.9, 0.45)
    if style.patterned:
        leaves = Fill(colour, mixed(colour, rgb("d8e07a"), 0.8), STRIPES, 5.0, 1.0)
    middle = y - high - 0.45 * r
    spin = rng.uniform(0, 6.3)
    for i in range(4):
        angle = spin + 1.571 * i
        at_x, at_y = x + 0.62 * r * math.cos(angle), middle + 0.45 * r * math.sin(angle)
        to.ellipse(at_x, at_y, r * rng.uniform(0.62, 0.85), r * rng.uniform(0.58, 0.8), leaves, TREE)
    to.ellipse(x, middle - 0.2 * r, 0.85 * r, 0.8 * r, leaves, TREE)


def _draw_fir(to: Drawing, rng: Generator, style: Style, x: float, y: float, size: float) -> None:
    high, wide = size * rng.uniform(32, 44), size * rng.uniform(9, 12)
    to.box(x - 1.4 * size, y - 5 * size, x + 1.4 * size, y, Fill(pick(rng, style.palette.trunks)), TREE)
    colour = pick(rng, style.palette.firs)
    if style.snow:
        colour = mixed(colour, SNOW, 0.62)
    needles = Fill(toned(colour, 1.15), toned(colour, 0.7), CHECKS if style.patterned else GRAIN, 2.6, 0.8, 0.3)
    for tier in range(3):
        low = y - 4 * size - 0.25 * tier * high
        half = wide * (1 - 0.24 * tier)
        to.polygon([(x - half, low), (x, low - 0.5 * high), (x + half, low)], needles, TREE)


def _draw_bare(to: Drawing, rng: Generator, style: Style, x: float, y: float, size: float) -> None:
    bark = Fill(mixed(pick(rng, style.palette.trunks), SNOW, 0.15))
    high = size * rng.uniform(17, 23)
    to.line((x, y), (x, y - high), 3.4 * size, bark, TREE)
    for i in range(6):
        side, start = (1 if i % 2 else -1), y - high * (0.45 + 0.11 * i)
        reach, rise = size * rng.uniform(6, 11), size * rng.uniform(8, 14)
        to.line((x, start), (x + side * reach, start - rise), 1.7 * size, bark, TREE)
        to.line((x + side * 0.5 * reach, start - 0.5 * rise), (x + side * reach, start - 0.3 * rise), size, bark, TREE)


def draw_person(to: Drawing, rng: Generator, style: Style, x: float, y: float, size: float) -> None:
    """Somebody walking: legs, a coat, arms, a head with hair."""
    s = size * rng.uniform(0.95, 1.15)
    coat, legs = pick(rng, style.palette.coats), Fill(pick(rng, style.palette.trousers))
    skin = Fill(pick(rng, style.palette.skins))
    step = s * rng.uniform(0.8, 2.8)
    to.ellipse(x, y, 5 * s, 1.2 * s, SHADOW, KEEP)
    for side in (-1, 1):
        to.line((x + side * 1.0 * s, y - 10 * s), (x + side * step, y), 2.5 * s, legs, PERSON)
    cloth = Fill(coat, toned(coat, 0.75), STRIPES, 3.0, 0.9 if style.patterned else 0.0, 0.25)
    for side in (-1, 1):
        to.line((x + side * 2.8 * s, y - 17.5 * s), (x + side * 4.4 * s, y - 10 * s), 2.0 * s, cloth, PERSON)
    to.polygon(
        [(x - 3.4 * s, y - 18.5 * s), (x + 3.4 * s, y - 18.5 * s), (x + 3.7 * s, y - 8.5 * s),
         (x - 3.7 * s, y - 8.5 * s)], cloth, PERSON,
    )  # fmt: skip
    to.ellipse(x, y - 22 * s, 2.9 * s, 3.2 * s, Fill(pick(rng, style.palette.trunks)), PERSON)
    to.ellipse(x, y - 21.2 * s, 2.3 * s, 2.5 * s, skin, PERSON)


def draw_dog(to: Drawing, rng: Generator, style: Style, x: float, y: float, size: float) -> None:
    """A dog on four legs, tail up."""
    colour = pick(rng, style.palette.dogs)
    coat = Fill(colour, toned(colour, 0.7), GRAIN, 2.5, 0.5, 0.3)
    way, s = (1.0 if rng.random() < 0.5 else -1.0), size * rng.uniform(1.0, 1.2)
    to.ellipse(x, y, 8 * s, 1.3 * s, SHADOW, KEEP)
    for leg in (-5.2, -3.4, 3.6, 5.4):
        to.box(x + leg * s - 0.9 * s, y - 5.5 * s, x + leg * s + 0.9 * s, y, coat, DOG)
    to.ellipse(x, y - 7 * s, 7.2 * s, 3.3 * s, coat, DOG)
    to.line((x - way * 6 * s, y - 8 * s), (x - way * 10 * s, y - 13 * s), 1.7 * s, coat, DOG)
    to.ellipse(x + way * 7.6 * s, y - 11 * s, 3.2 * s, 2.8 * s, coat, DOG)
    to.ellipse(x + way * 10.2 * s, y - 10.3 * s, 2.0 * s, 1.4 * s, coat, DOG)
    to.ellipse(x + way * 6.2 * s, y - 12.6 * s, 1.3 * s, 2.2 * s, Fill(toned(colour, 0.6)), DOG)


def draw_bird(to: Drawing, rng: Generator, style: Style, x: float, y: float, size: float) -> None:
    """A bird in the air, wings spread."""
    colour = pick(rng, style.palette.birds)
    fill = Fill(colour, shade=0.2)
    way, s = (1.0 if rng.random() < 0.5 else -1.0), size * rng.uniform(0.9, 1.25)
    up = rng.uniform(2.0, 5.5)
    for side in (-1, 1):
        tip = (x + side * 8.5 * s, y - up * s)
        elbow = (x + side * 4.6 * s, y - (up + 1.6) * s)
        under = (x + side * 4.2 * s, y - 0.2 * up * s)
        to.polygon([(x - 1.6 * s, y), elbow, tip, under, (x + 1.6 * s, y + s)], fill, BIRD)
    to.ellipse(x, y + 0.2 * s, 4.2 * s, 1.7 * s, fill, BIRD, turned=-0.15 * way)
    to.ellipse(x + way * 4.2 * s, y - 0.7 * s, 1.6 * s, 1.4 * s, fill, BIRD)
    to.line((x + way * 5.4 * s, y - 0.6 * s), (x + way * 7.4 * s, y - 0.2 * s), 0.9 * s, Fill(rgb("e8a02e")), BIRD)
