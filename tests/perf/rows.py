"""Rows of `build/bench.json`, and timing in pairs: ours and the baseline in turn, as the machine drifts."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from madseg.cli.output import table


@dataclass(frozen=True)
class Row:
    """A measured figure: the median, the baseline's median in the same unit, and the median of the runs' ratios.

    `spread` is the smallest and largest ratio.
    """

    name: str
    value: float
    unit: str
    baseline: float
    ratio: float
    runs: int
    spread: tuple[float, float]
    detail: str = ""

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "spread": list(self.spread)}


def shown(rows: Sequence[Row]) -> list[object]:
    """A table, and a line on each row below it."""
    grid = table("name>", "value>", "baseline>", "ratio>", "spread of the ratio>", "runs>")
    for row in rows:
        low, high = row.spread
        values = (f"{row.value:,.2f}", f"{row.baseline:,.2f}", f"{row.ratio:,.2f}")
        grid.add_row(row.name, *values, f"{low:,.2f}..{high:,.2f}", str(row.runs))
    return ["", grid, "", *(f"{row.name}, {row.unit}: {row.detail}" for row in rows), ""]


def seconds(act: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def faster(name: str, unit: str, ours: Sequence[float], baseline: Sequence[float], detail: str = "") -> Row:
    """A row of costs per item: the ratio says how many times cheaper ours is."""
    return _row(name, unit, ours, baseline, [b / a for a, b in zip(ours, baseline, strict=True)], detail)


def share(name: str, unit: str, ours: Sequence[float], baseline: Sequence[float], detail: str = "") -> Row:
    """A row of rates or sizes: the ratio is ours over the baseline."""
    return _row(name, unit, ours, baseline, [a / b for a, b in zip(ours, baseline, strict=True)], detail)


def _row(
    name: str, unit: str, ours: Sequence[float], baseline: Sequence[float], ratios: Sequence[float], detail: str
) -> Row:
    return Row(
        name=name,
        value=statistics.median(ours),
        unit=unit,
        baseline=statistics.median(baseline),
        ratio=statistics.median(ratios),
        runs=len(ratios),
        spread=(min(ratios), max(ratios)),
        detail=detail,
    )
