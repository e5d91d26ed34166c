"""How the version learned, by epoch, and what the gate says of it."""

from html import escape
from typing import TYPE_CHECKING

from madseg.report.plot import plot
from madseg.report.words import signed

if TYPE_CHECKING:
    from madseg.client import Figure, Run, RunProgress

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
    last = max(item.epoch for item in run.epochs)
    ends = ", ".join(f"rate {rate}: {_value(line[-1], name):.3g}" for rate, line in zip(rates, lines, strict=True))
    drawn = [
        [(float(item.epoch), value) for item in line if (value := _value(item, name)) is not None] for line in lines
    ]
    return plot(f"{words} by epoch", f"{words} by epoch; at the end {ends}", drawn, ("epoch 1", f"epoch {last}"))


def _value(item: "RunProgress", name: str) -> float | None:
    found: float | None = getattr(item, name)
    return found


def _estimate(figure: "Figure") -> str:
    return f"{figure.value:.3f} ({figure.low:.3f} – {figure.high:.3f})"
