"""How the version learned, by epoch, and what the gate says of it."""

from html import escape
from typing import TYPE_CHECKING

from madseg.report.words import signed

if TYPE_CHECKING:
    from madseg.client import Figure, Run, RunProgress

WIDTH, HEIGHT = 420, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 10, 12, 30
"""Margins around a plot, in units of the drawing."""

LINES = 5
"""Learning rates that have a colour of their own; further ones begin again."""

CURVES = (("loss", "Mean loss"), ("selected", "mIoU on T0-select"), ("learning_rate", "Learning rate"))


def gate(run: "Run | None") -> str:
    """What was held against what is allowed; nothing before the gate."""
    if run is None or not (run.checks or run.reasons):
        return ""
    reasons = "".join(f'<p class="no">{escape(reason)}</p>' for reason in run.reasons)
    checks = "".join(
        f'<li><span class="{"yes" if check.passed else "no"}">{"holds" if check.passed else "doesn’t hold"}</span> '
        f"{escape(check.sentence or check.name)}</li>"
        for check in run.checks
    )
    change = ""
    if run.before and run.after:
        gained = signed(run.after.value - run.before.value)
        change = (
            f"<p>mIoU on T0-report: {_estimate(run.before)} before, {_estimate(run.after)} after, "
            f"<strong>{gained}</strong>, on {run.after.images:,} images.</p>"
        )
    return f'{reasons}{change}<ul class="gate">{checks}</ul>'


def curves(run: "Run | None") -> str:
    """Loss, mIoU and learning rate by epoch, a line for each learning rate that was tried; nothing for no epoch."""
    if run is None or not run.epochs:
        return ""
    return f'<div class="curves">{"".join(_curve(run, name, words) for name, words in CURVES)}</div>'


def _curve(run: "Run", name: str, words: str) -> str:
    rates = sorted({item.rate for item in run.epochs})
    lines = [[item for item in run.epochs if item.rate == rate] for rate in rates]
    values = [value for line in lines for item in line if (value := _value(item, name)) is not None]
    if not values:
        return ""
    low, high = min(values), max(values)
    last = max(item.epoch for item in run.epochs)
    drawn = "".join(_line(at, line, name, low, high, last) for at, line in enumerate(lines))
    ends = ", ".join(f"rate {rate}: {_value(line[-1], name):.3g}" for rate, line in zip(rates, lines, strict=True))
    return (
        f'<figure class="chart"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words} by epoch">'
        f"{_grid(low, high, last)}{drawn}</svg><figcaption>{words} by epoch; at the end {ends}</figcaption></figure>"
    )


def _line(at: int, line: "list[RunProgress]", name: str, low: float, high: float, last: int) -> str:
    points = " ".join(
        f"{_x(item.epoch, last):.1f},{_y(value, low, high):.1f}"
        for item in line
        if (value := _value(item, name)) is not None
    )
    return f'<polyline class="line line-{at % LINES}" points="{points}"/>'


def _grid(low: float, high: float, last: int) -> str:
    parts = []
    for step in range(3):
        value = low + (high - low) * step / 2
        y = _y(value, low, high)
        parts.append(f'<line class="rule" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    for epoch, anchor in ((1, "start"), (last, "end")):
        parts.append(
            f'<text class="tick" x="{_x(epoch, last):.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">epoch {epoch}</text>'
        )
    return "".join(parts[: 8 if last > 1 else 7])


def _value(item: "RunProgress", name: str) -> float | None:
    found: float | None = getattr(item, name)
    return found


def _x(epoch: int, last: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * ((epoch - 1) / (last - 1) if last > 1 else 0.5)


def _y(value: float, low: float, high: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - ((value - low) / (high - low) if high > low else 0.5))


def _estimate(figure: "Figure") -> str:
    return f"{figure.value:.3f} ({figure.low:.3f} – {figure.high:.3f})"
