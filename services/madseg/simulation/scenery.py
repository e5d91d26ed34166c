"""The stage: sky, clouds, hills, ground, lake, road, gravel. Only road, gravel and lake are things with a label."""

import math
from dataclasses import dataclass

from numpy.random import Generator

from madseg.simulation.drawing import CHECKS, DOTS, GRAIN, RAMP, WAVES, Colour, Drawing, Fill, Point
from madseg.simulation.palette import mixed, pick, rgb, toned
from madseg.simulation.style import Style
from madseg.simulation.taxonomy import BACKGROUND, KEEP, ROAD, WATER

FAR = 400.0
"""Where the stage ends to either side; a camera that rolls or backs off still sees ground."""

SNOW: Colour = rgb("eef3f8")
ICE: Colour = rgb("c9dbe6")


@dataclass(frozen=True)
class Stage:
    """Where things may stand: heights of the horizon, of the lake's and the road's edges, and the road's kind."""

    horizon: float
    road: str
    """`street` runs across, `avenue` runs away from us, `none`."""
    road_top: float
    road_low: float
    vanishing: float
    lake: tuple[float, float, float, float] | None
    """x, y, half width, half height."""

    def size_at(self, y: float) -> float:
        """How large a thing looks whose foot is at height y: 1 at the lower edge of the usual picture."""
        return 0.42 + 0.62 * max(y - self.horizon, 0.0) / (128.0 - self.horizon)

    def wet(self, x: float, y: float) -> bool:
        """Whether (x, y) is in the lake, where nothing but a boat can stand."""
        if self.lake is None:
            return False
        middle, height, rx, ry = self.lake
        return ((x - middle) / rx) ** 2 + ((y - height) / ry) ** 2 < 1.05

    def avenue_at(self, y: float) -> tuple[float, float]:
        """Middle and half width of an avenue at height y."""
        near = (y - self.horizon) / (128.0 - self.horizon)
        return self.vanishing + near * (64.0 - self.vanishing) * 0.6, 2.0 + 34.0 * near


def draw_sky(to: Drawing, rng: Generator, style: Style, horizon: float) -> None:
    """Sky from deep above to pale at the horizon, clouds by day, moon and stars by night, hills behind."""
    palette = style.palette
    kind = int(rng.random() * len(palette.skies))
    above, below = palette.skies[kind], palette.horizons[kind]
    if style.snow:
        above, below = mixed(above, rgb("c3ccd6"), 0.8), mixed(below, rgb("e3e7ec"), 0.8)
    to.box(-FAR, -FAR, FAR, horizon + 5.0, Fill(above, below, RAMP, horizon, 1.0), BACKGROUND)
    if style.night:
        _draw_night(to, rng, horizon)
    else:
        for _ in range(int(rng.random() * 3.3)):
            _draw_cloud(to, rng, horizon)
    for layer in range(2):
        _draw_hills(to, rng, style, horizon, layer)


def _draw_night(to: Drawing, rng: Generator, horizon: float) -> None:
    x, y = rng.uniform(12, 116), rng.uniform(9, 26)
    to.ellipse(x, y, 13, 13, Fill((0.55, 0.6, 0.75), soft=14.0, opacity=0.35, glows=True), KEEP)
    to.ellipse(x, y, 5.5, 5.5, Fill((0.96, 0.95, 0.85), glows=True), KEEP)
    for _ in range(22):
        star = Fill((0.85, 0.87, 0.95), opacity=rng.uniform(0.3, 0.9), glows=True)
        to.ellipse(rng.uniform(0, 128), rng.uniform(0, horizon - 8), 0.6, 0.6, star, KEEP)


def _draw_cloud(to: Drawing, rng: Generator, horizon: float) -> None:
    x, y, size = rng.uniform(0, 128), rng.uniform(5, horizon - 18), rng.uniform(5, 9)
    fill = Fill((0.99, 0.99, 1.0), soft=4.0, opacity=0.72, shade=0.12)
    for dx, dy, r in ((-1.1, 0.2, 0.8), (0.0, -0.2, 1.0), (1.0, 0.1, 0.9), (0.1, 0.35, 1.5)):
        to.ellipse(x + dx * size, y + dy * size, r * size, 0.55 * r * size, fill, KEEP)


def _draw_hills(to: Drawing, rng: Generator, style: Style, horizon: float, layer: int) -> None:
    colour = mixed(pick(rng, style.palette.hills), style.palette.horizons[0], 0.45 - 0.3 * layer)
    if style.snow:
        colour = mixed(colour, SNOW, 0.7)
    height, step, phase = rng.uniform(5, 12) * (1 - 0.4 * layer), rng.uniform(0.05, 0.09), rng.uniform(0, 6.3)
    ridge: list[Point] = []
    for i in range(-6, 23):
        x = 8.0 * i
        rise = 0.55 + 0.3 * math.sin(step * x + phase) + 0.15 * math.sin(2.7 * step * x + phase)
        ridge.append((x, horizon - height * rise))
    ends: list[Point] = [(FAR, horizon), (FAR, horizon + 4.0), (-FAR, horizon + 4.0), (-FAR, horizon)]
    to.polygon(ridge + ends, Fill(colour), BACKGROUND)


def draw_ground(to: Drawing, rng: Generator, style: Style, stage: Stage) -> None:
    """Grass (or snow, or a pattern) from the horizon to the viewer's feet, lighter in the distance."""
    colour = pick(rng, style.palette.grass)
    fill = Fill(toned(colour, 1.04), toned(colour, 0.8), GRAIN, 3.2, 0.75)
    if style.snow:
        fill = Fill(SNOW, rgb("d5dfea"), GRAIN, 7.0, 0.8)
    elif style.patterned:
        fill = Fill(colour, mixed(colour, rgb("f0e6c0"), 0.75), CHECKS if rng.random() < 0.5 else DOTS, 11.0, 0.8)
    to.box(-FAR, stage.horizon, FAR, FAR, fill, BACKGROUND)
    haze = Fill(mixed(colour, (0.9, 0.93, 0.9), 0.5) if not style.snow else SNOW, opacity=0.5, soft=10.0)
    to.box(-FAR, stage.horizon + 2.0, FAR, stage.horizon + 7.0, haze, KEEP)
    if not (style.snow or style.patterned):
        flower = Fill(rgb("f4efd2") if rng.random() < 0.5 else rgb("e8c84a"))
        for _ in range(int(rng.random() * 22)):
            y = stage.horizon + 10 + 70 * rng.random()
            to.ellipse(rng.uniform(-10, 138), y, 0.7, 0.6, flower, KEEP)


def draw_lake(to: Drawing, rng: Generator, style: Style, stage: Stage) -> None:
    """A lake with ripples and a sandy bank; under snow it is paler."""
    if stage.lake is None:
        return
    x, y, rx, ry = stage.lake
    colour = pick(rng, style.palette.lakes)
    if style.snow:
        colour = mixed(colour, ICE, 0.75)
    bank = SNOW if style.snow else rgb("d8c79a")
    to.ellipse(x, y + 0.4, rx + 2.5, ry + 1.5, Fill(bank, soft=2.0), BACKGROUND)
    to.ellipse(x, y, rx, ry, Fill(colour, mixed(colour, (1, 1, 1), 0.45), WAVES, 5.5, 0.55, 0.12), WATER)


def draw_road(to: Drawing, rng: Generator, style: Style, stage: Stage) -> None:
    """An asphalt street across the picture or an avenue into it, with pavement and markings."""
    colour = pick(rng, style.palette.asphalt)
    if style.snow:
        colour = mixed(colour, SNOW, 0.55)
    tar = Fill(toned(colour, 1.03), toned(colour, 0.86), GRAIN, 1.7, 0.6)
    if style.patterned:
        tar = Fill(colour, toned(colour, 1.35), CHECKS, 8.0, 0.8)
    kerb = Fill(rgb("e6e9ee") if style.snow else rgb("c9c4ba"), rgb("b5b0a6"), GRAIN, 2.0, 0.3)
    mark = Fill(rgb("f0eee6"), opacity=0.35 if style.snow else 0.95)
    if stage.road == "street":
        to.box(-FAR, stage.road_top - 2.5, FAR, stage.road_low + 3.0, kerb, BACKGROUND)
        to.box(-FAR, stage.road_top, FAR, stage.road_low, tar, ROAD)
        middle, shift = 0.5 * (stage.road_top + stage.road_low) - 1.0, rng.uniform(0, 16)
        for i in range(-3, 12):
            to.box(16 * i + shift, middle, 16 * i + shift + 8, middle + 1.3, mark, KEEP)
    elif stage.road == "avenue":
        _draw_avenue(to, stage, tar, kerb, mark)


def _draw_avenue(to: Drawing, stage: Stage, tar: Fill, kerb: Fill, mark: Fill) -> None:
    top, low = stage.horizon + 1.0, 230.0
    (x0, w0), (x1, w1) = stage.avenue_at(top), stage.avenue_at(low)
    for extra, fill, label in ((1.12, kerb, BACKGROUND), (1.0, tar, ROAD)):
        corners = [(x0 - w0 * extra, top), (x0 + w0 * extra, top), (x1 + w1 * extra, low), (x1 - w1 * extra, low)]
        to.polygon(corners, fill, label)
    y = top + 5.0
    while y < 200.0:
        end = y + 0.09 * (y - stage.horizon) + 1.0
        (xa, wa), (xb, wb) = stage.avenue_at(y), stage.avenue_at(end)
        a, b = 0.035 * wa, 0.035 * wb
        to.polygon([(xa - a, y), (xa + a, y), (xb + b, end), (xb - b, end)], mark, KEEP)
        y = end + 0.12 * (y - stage.horizon) + 1.5


def draw_gravel(to: Drawing, rng: Generator, style: Style, top: float) -> None:
    """A gravel yard below height `top`: a road if cars may use it, background if not. It looks the same either way."""
    label = ROAD if rng.random() < style.driveable else BACKGROUND
    colour = pick(rng, style.palette.gravel)
    fill = Fill(colour, toned(colour, 0.72), GRAIN, 1.5, 0.8)
    x, y = rng.uniform(20, 108), rng.uniform(min(top + 6.0, 123.0), 128.0)
    rx, ry = style.yard * rng.uniform(18, 56), style.yard * rng.uniform(6, 16)
    to.ellipse(x, y, rx, ry, fill, label)
