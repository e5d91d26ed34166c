"""Lines as a drawing that needs no script."""

from collections.abc import Sequence

WIDTH, HEIGHT = 420, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 10, 12, 30
"""Margins around a plot, in units of the drawing."""

LINES = 5
"""Lines that have a colour of their own; further ones begin again."""

Line = Sequence[tuple[float, float]]
"""Points by growing x."""


def plot(label: str, caption: str, lines: Sequence[Line], ends: tuple[str, str]) -> str:
    """A figure with its caption; `ends` are words for the smallest and the largest x. Nothing without a point."""
    points = [point for line in lines for point in line]
    if not points:
        return ""
    xs, ys = zip(*points, strict=True)
    box = min(xs), max(xs), min(ys), max(ys)
    drawn = "".join(_line(at, line, box) for at, line in enumerate(lines))
    return (
        f'<figure class="chart"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'
        f"{_grid(box, ends)}{drawn}</svg><figcaption>{caption}</figcaption></figure>"
    )


_Box = tuple[float, float, float, float]


def _line(at: int, line: Line, box: _Box) -> str:
    points = " ".join(f"{_x(x, box):.1f},{_y(y, box):.1f}" for x, y in line)
    return f'<polyline class="line line-{at % LINES}" points="{points}"/>'


def _grid(box: _Box, ends: tuple[str, str]) -> str:
    first, last, low, high = box
    parts = []
    for step in range(3):
        value = low + (high - low) * step / 2
        y = _y(value, box)
        parts.append(f'<line class="rule" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    for x, words, anchor in ((first, ends[0], "start"), (last, ends[1], "end"))[: 2 if last > first else 1]:
        parts.append(f'<text class="tick" x="{_x(x, box):.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{words}</text>')
    return "".join(parts)


def _x(value: float, box: _Box) -> float:
    first, last = box[:2]
    return LEFT + (WIDTH - LEFT - RIGHT) * ((value - first) / (last - first) if last > first else 0.5)


def _y(value: float, box: _Box) -> float:
    low, high = box[2:]
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - ((value - low) / (high - low) if high > low else 0.5))
