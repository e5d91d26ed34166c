"""What people build: houses, signs, cars, buses, boats, balloons. Each is drawn standing on (x, y) at a size.

`size` is 1 for a thing in the foreground of the usual picture; a car is then about 34 pixels long.
"""

from numpy.random import Generator

from madseg.simulation.drawing import BRICKS, GRAIN, STRIPES, Colour, Drawing, Fill, Point
from madseg.simulation.palette import mixed, pick, rgb, toned
from madseg.simulation.scenery import SNOW
from madseg.simulation.style import BOLD, Style
from madseg.simulation.taxonomy import BALLOON, BOAT, BUS, CAR, HOUSE, KEEP, SIGN

GLASS: Colour = rgb("4a5a6b")
SHADOW = Fill((0.10, 0.12, 0.14), soft=2.5, opacity=0.33)
LIT = Fill((1.0, 0.85, 0.45), glows=True)


def _pattern(rng: Generator, style: Style, fill: Fill) -> Fill:
    """The fill itself, or with a bold pattern where the style wants patterns."""
    if not style.patterned:
        return fill
    texture = BOLD[int(rng.random() * len(BOLD))]
    second = mixed(fill.colour, pick(rng, style.palette.coats), 0.85)
    return fill._replace(second=second, texture=texture, size=rng.uniform(4, 8), strength=1.0)


def draw_house(to: Drawing, rng: Generator, style: Style, x: float, y: float, size: float) -> None:
    """A house: walls, a gabled or hipped roof, a chimney, a door, rows of windows."""
    wide, high = size * rng.uniform(40, 60), size * rng.uniform(24, 38)
    wall = pick(rng, style.palette.walls)
    fill = Fill(wall, toned(wall, 0.86), BRICKS, 5.0, 0.7) if rng.random() < 0.35 else Fill(wall, shade=0.1)
    left, right, eaves = x - wide / 2, x + wide / 2, y - high
    roof_high, inset = size * rng.uniform(11, 19), wide * rng.uniform(0.0, 0.45)
    colour = SNOW if style.snow else pick(rng, style.palette.roofs)
    roof = _pattern(rng, style, Fill(colour, toned(colour, 0.8), STRIPES, 2.4, 0.35, 0.15))
    if rng.random() < 0.7:
        at, top = x + wide * rng.uniform(-0.22, 0.22), eaves - roof_high
        to.box(at - 1.8 * size, top - 4 * size, at + 1.8 * size, eaves, Fill(rgb("8d5a4a")), HOUSE)
    over = 2.2 * size
    ridge = max(wide / 2 - inset, 0.08 * wide)
    gable: list[Point] = [
        (left - over, eaves), (x - wide / 2 + ridge, eaves - roof_high),
        (x + wide / 2 - ridge, eaves - roof_high), (right + over, eaves),
    ]  # fmt: skip
    to.box(left, eaves - 0.5, right, y, _pattern(rng, style, fill), HOUSE)
    to.polygon(gable, roof, HOUSE)
    _draw_windows(to, rng, style, (left, eaves, wide, high), size)


def _draw_windows(
    to: Drawing, rng: Generator, style: Style, front: tuple[float, float, float, float], size: float
) -> None:
    left, top, wide, high = front
    columns, rows = max(2, round(wide / (11 * size))), 2 if high > 29 * size else 1
    door = int(rng.random() * columns)
    pane = wide / columns
    for column in range(columns):
        x = left + (column + 0.5) * pane
        for row in range(rows):
            y = top + high * (row + 0.5) / rows - 1.5 * size
            if column == door and row == rows - 1:
                to.box(x - 2.6 * size, top + high - 10 * size, x + 2.6 * size, top + high, Fill(rgb("6a4632")), HOUSE)
                continue
            to.box(x - 3.1 * size, y - 3.9 * size, x + 3.1 * size, y + 3.9 * size, Fill(rgb("f5f2ea")), HOUSE)
            glass = LIT if style.night and rng.random() < 0.6 else Fill(GLASS, shade=0.3)
            to.box(x - 2.4 * size, y - 3.1 * size, x + 2.4 * size, y + 3.1 * size, glass, HOUSE)


def draw_sign(to: Drawing, rng: Generator, _style: Style, x: float, y: float, size: float) -> None:
    """A traffic sign on a post: a disc, a triangle or a lozenge with a coloured rim."""
    top, r = y - size * rng.uniform(25, 30), size * rng.uniform(5.6, 6.8)
    to.line((x, y), (x, top), 1.5 * size, Fill(rgb("8a8f96")), SIGN)
    rim, face = Fill(rgb("c4302b")), Fill(rgb("f6f3ec"))
    kind = int(rng.random() * 3)
    if kind == 0:
        to.ellipse(x, top, r, r, rim, SIGN)
        to.ellipse(x, top, 0.64 * r, 0.64 * r, face, SIGN)
    elif kind == 1:
        for part, fill in ((1.15, rim), (0.62, face)):
            corners = [(0.0, -1.0), (0.92, 0.66), (-0.92, 0.66)]
            to.polygon([(x + a * r * part, top + b * r * part) for a, b in corners], fill, SIGN)
    else:
        for part, fill in ((1.15, face), (0.8, Fill(rgb("e8b92e")))):
            corners = [(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)]
            to.polygon([(x + a * r * part, top + b * r * part) for a, b in corners], fill, SIGN)


def _wheels(to: Drawing, places: tuple[float, ...], y: float, r: float, label: int) -> None:
    for x in places:
        to.ellipse(x, y - r, r, r, Fill(rgb("1e2024")), label)
        to.ellipse(x, y - r, 0.45 * r, 0.45 * r, Fill(rgb("a9adb3")), label)


def draw_car(to: Drawing, rng: Generator, style: Style, x: float, y: float, size: float) -> None:
    """A car seen from the side, driving either way."""
    colours = style.palette.buses if style.repainted else style.palette.cars
    paint = _pattern(rng, style, Fill(pick(rng, colours), shade=0.3))
    way, s = (1.0 if rng.random() < 0.5 else -1.0), size * rng.uniform(0.95, 1.1)
    to.ellipse(x, y, 18 * s, 2.2 * s, SHADOW, KEEP)

    def at(*corners: Point) -> list[Point]:
        return [(x + way * a * s, y - b * s) for a, b in corners]

    to.polygon(at((-17, 3), (-17, 8), (-15, 9.5), (15, 8.5), (17, 6.5), (17, 3)), paint, CAR)
    to.polygon(at((-13, 9), (-9, 15), (4, 15), (10, 9)), paint, CAR)
    to.polygon(at((-10.8, 9.5), (-7.8, 13.8), (-3.2, 13.8), (-3.2, 9.5)), Fill(GLASS, shade=0.3), CAR)
    to.polygon(at((-2, 9.5), (-2, 13.8), (3.4, 13.8), (7.5, 9.5)), Fill(GLASS, shade=0.3), CAR)
    _wheels(to, (x - 10 * s, x + 10 * s), y, 3.7 * s, CAR)
    lamp = LIT if style.night else Fill(rgb("f3e7b0"))
    to.polygon(at((15, 6), (15, 7.6), (17, 7), (17, 5.6)), lamp, CAR)


def draw_car_behind(to: Drawing, rng: Generator, style: Style, x: float, y: float, size: float) -> None:
    """A car seen from behind, on an avenue."""
    colours = style.palette.buses if style.repainted else style.palette.cars
    paint = _pattern(rng, style, Fill(pick(rng, colours), shade=0.3))
    s = size
    to.ellipse(x, y, 11 * s, 2.0 * s, SHADOW, KEEP)
    for side in (-1, 1):
        to.box(x + side * 7 * s - 1.8 * s, y - 4 * s, x + side * 7 * s + 1.8 * s, y, Fill(rgb("1e2024")), CAR)
    to.box(x - 9.5 * s, y - 10 * s, x + 9.5 * s, y - 2 * s, paint, CAR)
    cabin = [(x - 8.5 * s, y - 9.5 * s), (x - 6 * s, y - 16 * s), (x + 6 * s, y - 16 * s), (x + 8.5 * s, y - 9.5 * s)]
    to.polygon(cabin, paint, CAR)
    pane = [(x - 6.6 * s, y - 10 * s), (x - 4.9 * s, y - 15 * s), (x + 4.9 * s, y - 15 * s), (x + 6.6 * s, y - 10 * s)]
    to.polygon(pane, Fill(GLASS, shade=0.3), CAR)
    lamp = Fill((0.95, 0.15, 0.1), glows=style.night)
    for side in (-1, 1):
        to.box(x + side * 7.6 * s - 1.5 * s, y - 8.5 * s, x + side * 7.6 * s + 1.5 * s, y - 6.3 * s, lamp, CAR)


def draw_bus(to: Drawing, rng: Generator, style: Style, x: float, y: float, size: float) -> None:
    """A long yellow bus with a row of windows."""
    colours = style.palette.cars if style.repainted else style.palette.buses
    paint = _pattern(rng, style, Fill(pick(rng, colours), shade=0.2))
    way, s = (1.0 if rng.random() < 0.5 else -1.0), size
    to.ellipse(x, y, 30 * s, 2.6 * s, SHADOW, KEEP)
    body: list[Point] = [(-28, 3), (-28, 23), (-26, 25), (26, 25), (28.5, 21), (28.5, 3)]
    to.polygon([(x + way * a * s, y - b * s) for a, b in body], paint, BUS)
    glass = LIT if style.night else Fill(GLASS, shade=0.3)
    for i in range(5):
        a = x + way * (-25.5 + 8.6 * i) * s
        b = a + way * 7.0 * s
        to.box(min(a, b), y - 21.5 * s, max(a, b), y - 13.5 * s, glass, BUS)
    door = x + way * 21.5 * s
    to.box(min(door, door + way * 4.5 * s), y - 21.5 * s, max(door, door + way * 4.5 * s), y - 4 * s, glass, BUS)
    to.box(x - 27.5 * s, y - 9.2 * s, x + 27.5 * s, y - 7.8 * s, Fill(toned(paint.colour, 0.6)), BUS)
    _wheels(to, (x - 17 * s, x + 16 * s), y, 4.4 * s, BUS)


def draw_boat(to: Drawing, rng: Generator, style: Style, x: float, y: float, size: float) -> None:
    """A sailing boat; (x, y) is its water line."""
    hull, sail = pick(rng, style.palette.hulls), pick(rng, style.palette.sails)
    way, s = (1.0 if rng.random() < 0.5 else -1.0), size * rng.uniform(1.0, 1.2)

    def at(*corners: Point) -> list[Point]:
        return [(x + way * a * s, y - b * s) for a, b in corners]

    cloth = _pattern(rng, style, Fill(sail, toned(sail, 0.85), STRIPES, 5.0, 0.4, 0.1))
    to.ellipse(x, y + 0.8 * s, 11 * s, 1.4 * s, SHADOW, KEEP)
    to.polygon(at((-1.2, 5), (-1.2, 27), (11, 7)), cloth, BOAT)
    to.polygon(at((-2.6, 6), (-2.6, 24), (-9.5, 8)), cloth, BOAT)
    to.line((x - way * 1.8 * s, y - 3 * s), (x - way * 1.8 * s, y - 28 * s), 1.2 * s, Fill(rgb("5c4330")), BOAT)
    to.polygon(at((-12, 4.5), (13, 4.5), (9, -0.6), (-9, -0.6)), Fill(hull, shade=0.3), BOAT)


def draw_balloon(to: Drawing, rng: Generator, style: Style, x: float, y: float, size: float) -> None:
    """A hot-air balloon; (x, y) is the middle of its envelope."""
    one, two = pick(rng, style.palette.balloons), pick(rng, style.palette.stripes)
    r = 12.5 * size * rng.uniform(0.85, 1.15)
    envelope = _pattern(rng, style, Fill(one, two, STRIPES, 0.62 * r, 1.0, 0.25))
    for side in (-0.32, 0.32):
        start, end = (x + side * 1.4 * r, y + 0.7 * r), (x + side * 0.5 * r, y + 1.62 * r)
        to.line(start, end, 0.8, Fill(rgb("5c4330")), BALLOON)
    to.polygon(
        [(x - 0.86 * r, y + 0.42 * r), (x + 0.86 * r, y + 0.42 * r), (x + 0.3 * r, y + 1.25 * r),
         (x - 0.3 * r, y + 1.25 * r)], envelope, BALLOON,
    )  # fmt: skip
    to.ellipse(x, y, r, r, envelope, BALLOON)
    basket = Fill(rgb("8a5a34"), rgb("6d4427"), GRAIN, 1.5, 0.6)
    to.box(x - 0.24 * r, y + 1.5 * r, x + 0.24 * r, y + 1.85 * r, basket, BALLOON)
    if style.night:
        to.ellipse(x, y + 0.4 * r, 0.6 * r, 0.6 * r, Fill((1.0, 0.7, 0.3), soft=8.0, opacity=0.5, glows=True), KEEP)
