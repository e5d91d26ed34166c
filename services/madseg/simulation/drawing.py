"""A drawing: polygons and ellipses in painting order, each with a fill and a label.

A drawing is kept apart from its camera, so that one scene can be seen again from elsewhere, a moment later.
Scene coordinates are pixels of the usual camera: x to the right, y down, (0, 0) the upper left corner, 128 the width.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
"""Red, green, blue in [0, 1]."""

Point = tuple[float, float]

PLAIN, GRAIN, WAVES, STRIPES, BRICKS, CHECKS, DOTS, RAMP = range(8)
"""Textures. All mix `colour` with `second`; `size` is their period in scene pixels, of a ramp the y it ends at."""


class Fill(NamedTuple):
    """How a shape is coloured.

    `strength` in [0, 1] is how far the texture moves `colour` towards `second`; `shade` brightens the upper end and
    darkens the lower one by that share; `soft` is the width of the edge in pixels; `opacity` in [0, 1]; a fill that
    `glows` does not dim at night.
    """

    colour: Colour
    second: Colour = (0.0, 0.0, 0.0)
    texture: int = PLAIN
    size: float = 4.0
    strength: float = 0.0
    shade: float = 0.0
    soft: float = 1.0
    opacity: float = 1.0
    glows: bool = False


@dataclass(frozen=True)
class Camera:
    """Where the picture is taken: the scene point in its middle, magnification, roll in radians, pixels of a side."""

    x: float = 64.0
    y: float = 64.0
    zoom: float = 1.0
    roll: float = 0.0
    size: int = 128

    def matrix(self) -> NDArray[np.float64]:
        """(6,) float64: a, b, c, d, e, f of pixel = (a x + b y + c, d x + e y + f)."""
        cos, sin = self.zoom * math.cos(self.roll), self.zoom * math.sin(self.roll)
        half = self.size / 2
        return np.array([cos, -sin, half - cos * self.x + sin * self.y, sin, cos, half - sin * self.x - cos * self.y])


POLYGON, ELLIPSE = 0.0, 1.0


class Drawing:
    """Shapes in painting order; later ones cover earlier ones."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, ...]] = []
        self._points: list[Point] = []

    def polygon(self, points: list[Point], fill: Fill, label: int) -> None:
        """A simple polygon, in either sense of rotation. `label` is its class, KEEP leaves the truth below it."""
        self._add(POLYGON, (float(len(self._points)), float(len(points)), 0.0, 0.0, 0.0), fill, label)
        self._points += points

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: Fill, label: int) -> None:
        """An upright rectangle."""
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill, label)

    def line(self, start: Point, end: Point, width: float, fill: Fill, label: int) -> None:
        """A straight stroke with flat ends."""
        dx, dy = end[0] - start[0], end[1] - start[1]
        half = 0.5 * width / max(math.hypot(dx, dy), 1e-6)
        nx, ny = -dy * half, dx * half
        (ax, ay), (bx, by) = start, end
        self.polygon([(ax + nx, ay + ny), (bx + nx, by + ny), (bx - nx, by - ny), (ax - nx, ay - ny)], fill, label)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Fill, label: int, *, turned: float = 0.0) -> None:
        """An ellipse around (x, y) with half axes `rx` and `ry`, turned by radians."""
        self._add(ELLIPSE, (x, y, max(rx, 0.1), max(ry, 0.1), turned), fill, label)

    def _add(self, kind: float, geometry: tuple[float, ...], fill: Fill, label: int) -> None:
        colour, second, *rest = fill
        self._rows.append((kind, *geometry, float(label), *colour, *second, *rest))

    def arrays(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(shapes, 20) and (points, 2) float64: what the painter reads."""
        rows = np.array(self._rows, dtype=np.float64).reshape(-1, 20)
        points = np.array(self._points, dtype=np.float64).reshape(-1, 2)
        return rows, points
