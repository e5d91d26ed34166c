"""Composition: where things stand in a scene, and how often each class occurs. Far things are drawn first."""

from collections.abc import Callable
from dataclasses import dataclass

from numpy.random import Generator

from madseg.simulation.built import (
    draw_balloon,
    draw_boat,
    draw_bus,
    draw_car,
    draw_car_behind,
    draw_house,
    draw_sign,
)
from madseg.simulation.drawing import Drawing
from madseg.simulation.living import draw_bird, draw_dog, draw_person, draw_tree
from madseg.simulation.scenery import Stage, draw_gravel, draw_ground, draw_lake, draw_road, draw_sky
from madseg.simulation.style import Style
from madseg.simulation.taxonomy import (
    BALLOON,
    BIRD,
    BOAT,
    BUS,
    CAR,
    DOG,
    HOUSE,
    PERSON,
    ROAD,
    SIGN,
    TREE,
    WATER,
)

Painter = Callable[[Drawing, Generator, Style, float, float, float], None]

PREVALENCE = {
    ROAD: 0.72, TREE: 0.85, HOUSE: 0.66, WATER: 0.30, CAR: 0.55, PERSON: 0.48, SIGN: 0.26, BIRD: 0.20, BUS: 0.11,
    DOG: 0.11, BOAT: 0.07, BALLOON: 0.055,
}  # fmt: skip
"""Share of training scenes in which a class is drawn (it may end up hidden or outside): the long tail."""


@dataclass(frozen=True)
class Thing:
    """One thing and where its foot stands, in scene coordinates."""

    paint: Painter
    x: float
    y: float
    size: float


@dataclass(frozen=True)
class Composition:
    """A drawn scene and what stands in it, from far to near."""

    drawing: Drawing
    stage: Stage
    things: tuple[Thing, ...]


def compose(rng: Generator, style: Style) -> Composition:
    """Draws one scene in this style."""
    present = {k: rng.random() < share for k, share in PREVALENCE.items()}
    present.update(dict.fromkeys(style.always, True))
    if not (present[HOUSE] or present[ROAD]):
        present[TREE] = True
    stage = _stage(rng, present)
    to = Drawing()
    draw_sky(to, rng, style, stage.horizon)
    draw_ground(to, rng, style, stage)
    draw_lake(to, rng, style, stage)
    for _ in range(style.more_yards):
        draw_gravel(to, rng, style, stage.horizon + 24.0)
    draw_road(to, rng, style, stage)
    if rng.random() < style.gravel:
        draw_gravel(to, rng, style, stage.road_low if stage.road == "street" else stage.horizon + 26.0)
    things = sorted(_in_the_air(rng, style, stage, present), key=lambda thing: thing.size)
    things += sorted(_on_the_ground(rng, style, stage, present), key=lambda thing: thing.y)
    for thing in things:
        thing.paint(to, rng, style, thing.x, thing.y, thing.size)
    return Composition(to, stage, tuple(things))


def _stage(rng: Generator, present: dict[int, bool]) -> Stage:
    """Horizon, road and lake, so that each class that must stand on something finds it."""
    horizon = rng.uniform(46, 58)
    if present[BUS]:
        present[ROAD] = True
    if present[BOAT]:
        present[WATER] = True
    road = "none"
    if present[ROAD]:
        road = "street" if present[BUS] or rng.random() < 0.68 else "avenue"
    top = rng.uniform(84, 96)
    lake = None
    if present[WATER]:
        if road == "none" and rng.random() < 0.6:
            lake = (rng.uniform(20, 108), rng.uniform(98, 112), rng.uniform(30, 46), rng.uniform(9, 15))
        else:
            lake = (rng.uniform(10, 118), horizon + rng.uniform(12, 16), rng.uniform(34, 60), rng.uniform(6, 9.5))
    return Stage(horizon, road, top, top + rng.uniform(19, 26), rng.uniform(40, 88), lake)


def _many(rng: Generator, style: Style, most: int) -> int:
    """1 to `most` in the usual style, in proportion when it is crowded."""
    return max(1, round((1 + int(rng.random() * most)) * style.crowd))


def _in_the_air(rng: Generator, style: Style, stage: Stage, present: dict[int, bool]) -> list[Thing]:
    things = []
    if present[BALLOON]:
        things.append(Thing(draw_balloon, rng.uniform(18, 110), rng.uniform(16, 28), style.scale))
    if present[BIRD]:
        for _ in range(_many(rng, style, 3)):
            size = style.scale * rng.uniform(0.75, 1.25)
            things.append(Thing(draw_bird, rng.uniform(8, 120), rng.uniform(8, stage.horizon - 10), size))
    return things


def _on_the_ground(rng: Generator, style: Style, stage: Stage, present: dict[int, bool]) -> list[Thing]:
    things: list[Thing] = []

    def put(paint: Painter, x: float, y: float) -> None:
        if paint is draw_boat or not stage.wet(x, y):
            things.append(Thing(paint, x, y, style.scale * stage.size_at(y)))

    street = stage.road == "street"
    back = stage.road_top - 3.0 if street else 100.0
    if present[HOUSE]:
        for _ in range(_many(rng, style, 2)):
            put(draw_house, _beside(rng, stage, 84.0), min(rng.uniform(stage.horizon + 14, stage.horizon + 28), back))
    if present[TREE]:
        for _ in range(_many(rng, style, 5)):
            y = rng.uniform(stage.horizon + 8, back)
            if rng.random() < 0.2:
                y = rng.uniform(112, 132)
            put(draw_tree, _beside(rng, stage, y), y)
    if present[BOAT] and stage.lake is not None:
        x, y, rx, ry = stage.lake
        put(draw_boat, min(max(x + rng.uniform(-0.5, 0.5) * rx, 12), 116), y + rng.uniform(0.0, 0.4) * ry)
    _put_traffic(put, rng, style, stage, present)
    near = stage.road_low + 3.0 if street else stage.horizon + 24.0
    for label, paint, most in ((SIGN, draw_sign, 2), (PERSON, draw_person, 4), (DOG, draw_dog, 2)):
        if present[label]:
            for _ in range(_many(rng, style, most)):
                y = rng.uniform(near, 126)
                if street and rng.random() < 0.35:
                    y = stage.road_top - rng.uniform(0.5, 4.0)
                put(paint, _beside(rng, stage, y), y)
    return things


def _put_traffic(
    put: Callable[[Painter, float, float], None], rng: Generator, style: Style, stage: Stage, present: dict[int, bool]
) -> None:
    lanes = (stage.road_top + 0.42 * (stage.road_low - stage.road_top), stage.road_low - 1.5)
    if stage.road == "street":
        if present[BUS]:
            put(draw_bus, rng.uniform(10, 118), lanes[int(rng.random() * 2)])
        if present[CAR]:
            for _ in range(_many(rng, style, 3)):
                put(draw_car, rng.uniform(6, 122), lanes[int(rng.random() * 2)] + rng.uniform(-1, 1))
    elif present[CAR]:
        for _ in range(_many(rng, style, 2)):
            y = rng.uniform(stage.horizon + 24, 122)
            if stage.road == "avenue":
                x, half = stage.avenue_at(y)
                put(draw_car_behind, x + (0.45 if rng.random() < 0.5 else -0.45) * half, y)
            else:
                put(draw_car, rng.uniform(10, 118), y)


def _beside(rng: Generator, stage: Stage, y: float) -> float:
    """An x at which nothing stands in the middle of an avenue."""
    if stage.road != "avenue":
        return rng.uniform(4, 124)
    middle, half = stage.avenue_at(y)
    left, right = middle - half - 6.0, middle + half + 6.0
    if (rng.random() < 0.5 and left > 0) or right > 126:
        return rng.uniform(min(0.0, left - 20), left)
    return rng.uniform(right, max(128.0, right + 20))
