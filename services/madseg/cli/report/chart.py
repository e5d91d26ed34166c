"""Throughput over time as an inline SVG: one line for each stage, named at its end."""

import math
from collections.abc import Sequence
from html import escape

from madseg.cli.report.data import Stage

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 12, 34
"""Margins around the plot, in units of the drawing."""

LINES = 5
"""How many stages have a colour of their own; further ones begin again."""


def throughput(stages: Sequence[Stage]) -> str:
    """The chart, with the stages' means and peaks in a table below it; nothing for no points."""
    drawn = [stage for stage in stages if len(stage.points) > 1]
    if not drawn:
        return ""
    end = max(moment for stage in drawn for moment, _ in stage.points) or 1.0
    most = _round_up(max(rate for stage in drawn for _, rate in stage.points))
    lines = "".join(_line(at, stage, end, most) for at, stage in enumerate(drawn))
    words = f"Images per second over {_seconds(end)}, up to {most:g}"
    return (
        f'<figure class="chart"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(words)}">'
        f"{_grid(end, most)}{lines}</svg>{_table(drawn)}</figure>"
    )


def _line(at: int, stage: Stage, end: float, most: float) -> str:
    points = " ".join(f"{_x(moment, end):.1f},{_y(rate, most):.1f}" for moment, rate in stage.points)
    return f'<polyline class="line line-{at % LINES}" points="{points}"/>'


def _grid(end: float, most: float) -> str:
    parts = []
    for step in range(5):
        rate, moment = most * step / 4, end * step / 4
        y, x = _y(rate, most), _x(moment, end)
        parts.append(f'<line class="rule" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{rate:g}</text>')
        anchor = "end" if step == 4 else "middle" if step else "start"
        parts.append(
            f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 10}" text-anchor="{anchor}">{_seconds(moment)}</text>'
        )
    return "".join(parts)


def _table(stages: Sequence[Stage]) -> str:
    rows = "".join(
        f'<tr><th scope="row"><span class="key line-{at % LINES}"></span>{escape(stage.name)}</th>'
        f"<td>{_mean(stage):,.1f}</td><td>{max(rate for _, rate in stage.points):,.1f}</td></tr>"
        for at, stage in enumerate(stages)
    )
    return (
        '<table class="plain"><thead><tr><th scope="col">Stage</th><th scope="col">Mean, images/s</th>'
        f'<th scope="col">Peak, images/s</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _mean(stage: Stage) -> float:
    return sum(rate for _, rate in stage.points) / len(stage.points)


def _x(moment: float, end: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * moment / end


def _y(rate: float, most: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - rate / most)


def _round_up(value: float) -> float:
    """The next round number, so that quarters read well."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 8, 10) if step * power >= value)


def _seconds(value: float) -> str:
    if value < 120:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"
