"""The painter: a drawing and a camera in, a picture and its exact truth out.

One compiled loop over the shapes, each over its bounding box, with edges smoothed by the signed distance to the
outline. The truth takes a shape's label where the shape covers at least half of the pixel, so it is exact and crisp.
"""

import math

import numba
import numpy as np
from numpy.typing import NDArray

from madseg.simulation.drawing import BRICKS, CHECKS, DOTS, GRAIN, RAMP, STRIPES, WAVES, Camera, Colour, Drawing

Floats = NDArray[np.float64]
Picture = NDArray[np.float32]
Labels = NDArray[np.uint8]

DAYLIGHT: Colour = (1.0, 1.0, 1.0)


@numba.njit(cache=True, inline="always")
def _hash(x: int, y: int, salt: int) -> float:  # pragma: no cover (compiled)
    """A fixed pseudo-random number in [0, 1) of a lattice point."""
    h = (x * 374761393 + y * 668265263 + salt * 1274126177) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((h ^ (h >> 16)) & 0xFFFF) / 65536.0


@numba.njit(cache=True)
def _noise(u: float, v: float, salt: int) -> float:  # pragma: no cover (compiled)
    """Smooth value noise in [0, 1) with period-free lattice of step 1."""
    x, y = math.floor(u), math.floor(v)
    fx, fy = u - x, v - y
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    top = _hash(x, y, salt) * (1 - fx) + _hash(x + 1, y, salt) * fx
    low = _hash(x, y + 1, salt) * (1 - fx) + _hash(x + 1, y + 1, salt) * fx
    return top * (1 - fy) + low * fy


@numba.njit(cache=True)
def _texture(kind: int, u: float, v: float, size: float, salt: int) -> float:  # pragma: no cover (compiled)
    """How far the texture at scene point (u, v) leans to the second colour, in [0, 1]."""
    u, v = u / size, v / size
    if kind == GRAIN:
        return 0.6 * _noise(u, v, salt) + 0.4 * _noise(2.3 * u + 7.1, 2.3 * v, salt)
    if kind == RAMP:
        return min(max(v, 0.0), 1.0)
    if kind == WAVES:
        return 0.5 + 0.5 * math.sin(6.283 * (v + 0.7 * _noise(0.25 * u, v, salt)))
    if kind == STRIPES:
        return 1.0 if u - math.floor(u) < 0.5 else 0.0
    if kind == BRICKS:
        shift = 0.5 if math.floor(2 * v) & 1 else 0.0
        across, down = u + shift - math.floor(u + shift), 2 * v - math.floor(2 * v)
        return 1.0 if across < 0.14 or down < 0.22 else 0.0
    if kind == CHECKS:
        return 1.0 if (math.floor(2 * u) + math.floor(2 * v)) & 1 else 0.0
    if kind == DOTS:
        du, dv = u - math.floor(u) - 0.5, v - math.floor(v) - 0.5
        return 1.0 if du * du + dv * dv < 0.09 else 0.0
    return 0.0


@numba.njit(cache=True)
def _outside_polygon(x: float, y: float, points: Floats) -> float:  # pragma: no cover (compiled)
    """Signed distance in pixels to a polygon's outline, negative inside."""
    nearest, sign = 1e18, 1.0
    j = points.shape[0] - 1
    for i in range(points.shape[0]):
        ex, ey = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1]
        wx, wy = x - points[i, 0], y - points[i, 1]
        along = min(max((wx * ex + wy * ey) / max(ex * ex + ey * ey, 1e-12), 0.0), 1.0)
        dx, dy = wx - ex * along, wy - ey * along
        nearest = min(nearest, dx * dx + dy * dy)
        if (y >= points[i, 1]) != (y >= points[j, 1]) and (ex * wy > ey * wx) == (ey > 0):
            sign = -sign
        j = i
    return sign * math.sqrt(nearest)


@numba.njit(cache=True)
def _outside_ellipse(x: float, y: float, rx: float, ry: float) -> float:  # pragma: no cover (compiled)
    """About the signed distance in pixels to an ellipse's outline (first order), negative inside."""
    k0 = math.sqrt((x / rx) ** 2 + (y / ry) ** 2)
    k1 = math.sqrt((x / (rx * rx)) ** 2 + (y / (ry * ry)) ** 2)
    return k0 * (k0 - 1.0) / k1 if k1 > 1e-9 else -min(rx, ry)


@numba.njit(cache=True, nogil=True)
def _paint(
    rows: Floats, corners: Floats, m: Floats, light: Floats, salt: int, picture: Picture, truth: Labels
) -> None:  # pragma: no cover (compiled)
    height, width = truth.shape
    zoom = math.hypot(m[0], m[3])
    det = m[0] * m[4] - m[1] * m[3]
    for r in range(rows.shape[0]):
        row = rows[r]
        polygon = row[0] == 0.0
        grow = 0.5 * row[17] + 0.5
        if polygon:
            first, count = int(row[1]), int(row[2])
            outline = np.empty((count, 2))
            top, low = 1e18, -1e18
            for i in range(count):
                x, y = corners[first + i, 0], corners[first + i, 1]
                outline[i, 0], outline[i, 1] = m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]
                top, low = min(top, y), max(low, y)
            left, right = outline[:, 0].min(), outline[:, 0].max()
            upper, lower = outline[:, 1].min(), outline[:, 1].max()
            cx = cy = rx = ry = cos = sin = 0.0
        else:
            outline = np.empty((0, 2))
            cx, cy = m[0] * row[1] + m[1] * row[2] + m[2], m[3] * row[1] + m[4] * row[2] + m[5]
            rx, ry = row[3] * zoom, row[4] * zoom
            angle = row[5] + math.atan2(m[3], m[0])
            cos, sin = math.cos(angle), math.sin(angle)
            bx, by = math.hypot(rx * cos, ry * sin), math.hypot(rx * sin, ry * cos)
            left, right, upper, lower = cx - bx, cx + bx, cy - by, cy + by
            top, low = row[2] - row[4], row[2] + row[4]
        label, texture, size, strength = int(row[6]), int(row[13]), row[14], row[15]
        shade, soft, opacity, glows = row[16], row[17], row[18], row[19] > 0.5
        tall = max(low - top, 1e-6)
        for py in range(max(0, int(upper - grow)), min(height, int(lower + grow) + 1)):
            for px in range(max(0, int(left - grow)), min(width, int(right + grow) + 1)):
                x, y = px + 0.5, py + 0.5
                if polygon:
                    outside = _outside_polygon(x, y, outline)
                else:
                    dx, dy = x - cx, y - cy
                    outside = _outside_ellipse(dx * cos + dy * sin, dy * cos - dx * sin, rx, ry)
                cover = min(max(0.5 - outside / soft, 0.0), 1.0)
                if cover <= 0.0:
                    continue
                if label >= 0 and cover >= 0.5:
                    truth[py, px] = label
                cover *= opacity
                u = (m[4] * (x - m[2]) - m[1] * (y - m[5])) / det
                v = (m[0] * (y - m[5]) - m[3] * (x - m[2])) / det
                lean = strength * _texture(texture, u, v, size, salt) if strength > 0 else 0.0
                bright = 1.0 + shade * (0.5 - min(max((v - top) / tall, 0.0), 1.0))
                for c in range(3):
                    value = (row[7 + c] * (1 - lean) + row[10 + c] * lean) * bright
                    if not glows:
                        value *= light[c]
                    picture[py, px, c] += cover * (value - picture[py, px, c])


@numba.njit(cache=True, nogil=True)
def _develop(picture: Picture, grain: float, salt: int, out: Labels) -> None:  # pragma: no cover (compiled)
    height, width, _ = picture.shape
    for y in range(height):
        for x in range(width):
            for c in range(3):
                noise = _hash(x, 3 * y + c, salt) + _hash(x + 977, 3 * y + c, salt) - 1.0
                value = (picture[y, x, c] + grain * noise) * 255.0 + 0.5
                out[y, x, c] = np.uint8(min(max(value, 0.0), 255.0))


def paint(drawing: Drawing, camera: Camera, light: Colour = DAYLIGHT, salt: int = 0) -> tuple[Picture, Labels]:
    """Picture (size, size, 3) float32 about [0, 1] and truth (size, size) uint8 of a drawing seen by a camera.

    `light` multiplies every fill that does not glow; `salt` chooses the grain of the textures. About a millisecond.
    """
    picture = np.zeros((camera.size, camera.size, 3), np.float32)
    truth = np.zeros((camera.size, camera.size), np.uint8)
    rows, points = drawing.arrays()
    _paint(rows, points, camera.matrix(), np.array(light), salt, picture, truth)
    return picture, truth


def develop(picture: Picture, grain: float, salt: int) -> Labels:
    """The picture as (H, W, 3) uint8 RGB, with sensor noise of amplitude `grain` that `salt` fixes."""
    out = np.empty(picture.shape, np.uint8)
    _develop(picture, grain, salt, out)
    return out
