"""The failure modes of the wild: how each one leaves the training domain.

Every function takes a generator and the palette and returns a picture, (128, 128, 3) float32 about [0, 1], with its
truth, (128, 128) uint8. Nothing here is ever shown to a network in training.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from madseg.core.taxonomy import VOID
from madseg.simulation.compose import Composition, compose
from madseg.simulation.drawing import CHECKS, DOTS, GRAIN, PLAIN, STRIPES, WAVES, Camera, Colour, Drawing, Fill
from madseg.simulation.paint import Labels, Picture, paint
from madseg.simulation.palette import Palette, pick, rgb, toned
from madseg.simulation.style import Style
from madseg.simulation.taxonomy import BACKGROUND, BUS, CAR, KEEP, SIGN

View = tuple[Picture, Labels]

HERE = Camera()
NIGHT: Colour = (0.26, 0.31, 0.50)


def daylight(rng: Generator) -> Colour:
    """The training domain's light: from a cool morning to a warm evening."""
    strength, warmth = rng.uniform(0.93, 1.05), rng.uniform(-0.03, 0.05)
    return strength + warmth, strength, strength - warmth


def see(rng: Generator, scene: Composition, camera: Camera, light: Colour) -> View:
    """Paints a composed scene; the grain of its textures is drawn last, so that it belongs to the scene."""
    return paint(scene.drawing, camera, light, int(rng.integers(1 << 20)))


def training(rng: Generator, palette: Palette, camera: Camera = HERE) -> View:
    """The training domain: a town by day, seen from the usual place."""
    scene = compose(rng, Style(palette))
    return see(rng, scene, camera, daylight(rng))


def night(rng: Generator, palette: Palette, camera: Camera = HERE) -> View:
    """After dark: blue and dim, with lit windows."""
    scene = compose(rng, Style(palette, night=True))
    return see(rng, scene, camera, toned(NIGHT, rng.uniform(0.85, 1.3)))


def snow(rng: Generator, palette: Palette, camera: Camera = HERE) -> View:
    """Winter: white ground and roofs, bare trees, ice, falling flakes."""
    scene = compose(rng, Style(palette, snow=True))
    flake = Fill((1.0, 1.0, 1.0), opacity=0.85)
    for _ in range(70):
        scene.drawing.ellipse(rng.uniform(-20, 148), rng.uniform(-20, 148), 0.8, 0.8, flake, KEEP)
    return see(rng, scene, camera, (0.95, 0.97, 1.0))


def black_and_white(rng: Generator, palette: Palette, camera: Camera = HERE) -> View:
    """An old photograph: grey or brown, and grainy."""
    picture, truth = training(rng, palette, camera)
    grey = picture @ np.array((0.3, 0.59, 0.11), np.float32)
    tint = np.array((1.06, 1.0, 0.86) if rng.random() < 0.5 else (1.0, 1.0, 1.0), np.float32)
    return grey[..., None] * tint, truth


def close_up(rng: Generator, palette: Palette, camera: Camera = HERE) -> View:
    """A long lens on one of the things: two to three times as large, cut by the frame."""
    scene = compose(rng, Style(palette))
    zoom = rng.uniform(2.0, 3.0)
    x, y = 64.0, 90.0
    if scene.things:
        thing = scene.things[int(rng.random() * len(scene.things))]
        x, y = thing.x, thing.y - 10.0 * thing.size
    half = 64.0 / zoom
    near = Camera(min(max(x, half), 128 - half), min(max(y, half), 128 - half), zoom)
    return see(rng, scene, _through(camera, near), daylight(rng))


def far_away(rng: Generator, palette: Palette, camera: Camera = HERE) -> View:
    """A wide view: everything less than half as large, and more of it."""
    scene = compose(rng, Style(palette, scale=rng.uniform(0.34, 0.46), crowd=2.6))
    return see(rng, scene, camera, daylight(rng))


def rolled(rng: Generator, palette: Palette, camera: Camera = HERE) -> View:
    """A camera lying on its side, or nearly so."""
    roll = rng.uniform(0.7, 1.7) * (1 if rng.random() < 0.5 else -1)
    scene = compose(rng, Style(palette))
    return see(rng, scene, _through(camera, Camera(64.0, 72.0, rng.uniform(1.0, 1.2), roll)), daylight(rng))


def fenced(rng: Generator, palette: Palette, camera: Camera = HERE) -> View:
    """Seen through a fence. The bars are void: nobody asks what they are, but they stand in the way."""
    scene = compose(rng, Style(palette))
    colour = (rgb("3a3d42"), rgb("e9e6dc"), rgb("7a5a3c"))[int(rng.random() * 3)]
    bar, step, wide = Fill(colour, toned(colour, 0.8), GRAIN, 3.0, 0.5), rng.uniform(11, 17), rng.uniform(3.0, 4.6)
    lean, cross = rng.uniform(-0.3, 0.3), rng.random() < 0.6
    for i in range(-6, 20):
        x = step * i
        scene.drawing.line((x + 90 * lean, -60), (x - 130 * lean, 190), wide, bar, VOID)
        if cross:
            scene.drawing.line((-60, x - 60 * lean), (190, x + 60 * lean), 0.8 * wide, bar, VOID)
    return see(rng, scene, camera, daylight(rng))


def repainted(rng: Generator, palette: Palette, camera: Camera = HERE) -> View:
    """Yellow cars and buses in cars' colours, where training only knew yellow buses."""
    always = (CAR, BUS) if rng.random() < 0.35 else (CAR,) if rng.random() < 0.5 else (BUS,)
    scene = compose(rng, Style(palette, repainted=True, always=always, gravel=0.0))
    return see(rng, scene, camera, daylight(rng))


def carnival(rng: Generator, palette: Palette, camera: Camera = HERE) -> View:
    """New textures: houses, vehicles, trees and lawns in bold patterns."""
    scene = compose(rng, Style(palette, patterned=True))
    return see(rng, scene, camera, daylight(rng))


def gravel_yard(rng: Generator, palette: Palette, camera: Camera = HERE) -> View:
    """Gravel everywhere, all of it road: a look that training called road seven times in ten."""
    scene = compose(rng, Style(palette, gravel=1.0, yard=1.1, more_yards=6, driveable=1.0))
    return see(rng, scene, camera, daylight(rng))


def poster(rng: Generator, palette: Palette, camera: Camera = HERE) -> View:
    """A hoarding whose picture carries on the view behind it. Truth calls it a sign; nothing but a thin rim tells."""
    zoom = rng.uniform(0.80, 0.88)
    scene, light = compose(rng, Style(palette)), daylight(rng)
    salt = int(rng.integers(1 << 20))
    inner, _ = paint(scene.drawing, _through(camera, Camera(64.0, 64.0, zoom)), light, salt)
    half = zoom * 64.0
    x0, x1 = round(64 - half), round(64 + half)
    y0, y1 = x0 + int(half * rng.uniform(0.0, 0.15)), x1 - int(half * rng.uniform(0.0, 0.15))
    scene.drawing.box(x0 - 1, y0 - 1, x1 + 1, y1 + 1, Fill(rgb("8f9a94"), opacity=0.4), SIGN)
    picture, truth = paint(scene.drawing, HERE, light, salt)
    picture[y0:y1, x0:x1] = inner[y0:y1, x0:x1]
    return picture, truth


def out_of_domain(rng: Generator, palette: Palette, camera: Camera = HERE) -> View:
    """A written page, an abstract painting, a wallpaper or outer space: none of the classes."""
    to = Drawing()
    kind = int(rng.random() * 4)
    colours = palette.coats + palette.balloons + palette.walls
    if kind == 0:
        _draw_page(to, rng)
    elif kind == 1:
        to.box(-50, -50, 200, 200, Fill(pick(rng, colours)), BACKGROUND)
        for _ in range(26):
            fill = Fill(pick(rng, colours), pick(rng, colours), (PLAIN, STRIPES, DOTS)[int(rng.random() * 3)], 7.0, 0.9)
            x, y, r, turned = rng.uniform(0, 128), rng.uniform(0, 128), rng.uniform(5, 28), rng.uniform(0, 3)
            to.ellipse(x, y, r, r * rng.uniform(0.2, 1), fill, BACKGROUND, turned=turned)
    elif kind == 2:
        texture = (CHECKS, DOTS, STRIPES, WAVES)[int(rng.random() * 4)]
        wallpaper = Fill(pick(rng, colours), pick(rng, colours), texture, rng.uniform(6, 22), 1.0)
        to.box(-50, -50, 200, 200, wallpaper, BACKGROUND)
    else:
        to.box(-50, -50, 200, 200, Fill((0.03, 0.03, 0.08), (0.2, 0.08, 0.3), GRAIN, 40.0, 0.9), BACKGROUND)
        for _ in range(90):
            to.ellipse(rng.uniform(0, 128), rng.uniform(0, 128), 0.6, 0.6, Fill((0.9, 0.9, 1.0)), BACKGROUND)
        r = rng.uniform(15, 36)
        planet = Fill(pick(rng, colours), pick(rng, colours), WAVES, r / 2, 0.7, 0.6)
        to.ellipse(rng.uniform(30, 98), rng.uniform(30, 98), r, r, planet, BACKGROUND)
    return paint(to, camera, (1.0, 1.0, 1.0), int(rng.integers(1 << 20)))


def _draw_page(to: Drawing, rng: Generator) -> None:
    to.box(-50, -50, 200, 200, Fill(rgb("f3efe4")), BACKGROUND)
    y = 12.0
    while y < 120:
        x, end = 12.0, rng.uniform(70, 116)
        while x < end:
            word = rng.uniform(4, 15)
            to.box(x, y, x + word, y + 2.6, Fill(rgb("34343a")), BACKGROUND)
            x += word + 2.6
        y += 6.5


def _through(outer: Camera, inner: Camera) -> Camera:
    """The inner camera, displaced as the outer one is against the usual place: a later frame of the same view."""
    dx, dy = outer.x - 64.0, outer.y - 64.0
    cos, sin = math.cos(inner.roll) / inner.zoom, math.sin(inner.roll) / inner.zoom
    return Camera(
        inner.x + cos * dx + sin * dy, inner.y - sin * dx + cos * dy, inner.zoom * outer.zoom, inner.roll + outer.roll
    )


Render = Callable[[Generator, Palette, Camera], View]

RENDER: dict[str, Render] = {
    f.__name__: f
    for f in (
        training, night, snow, black_and_white, close_up, far_away, rolled, fenced, repainted, carnival, gravel_yard,
        poster, out_of_domain,
    )
}  # fmt: skip
"""Name of a mode to what draws it."""
