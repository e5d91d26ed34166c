"""The discrepancy matrix: class by competitor and defender, as a table with numbers and heat."""

from collections.abc import Sequence
from html import escape

from madseg.cli.report.data import Cell, ReportData
from madseg.report.marks import named, swatch

SIDES = ("target", "competitor")


def matrix(data: ReportData) -> str:
    """The table of classes that were seen at all; heat is scaled to the largest mean. Nothing for no cells."""
    cells, shown = data.cells, {item.class_name for item in data.findings}
    if not cells:
        return ""
    found = {(item.class_name, item.competitor, item.defender): item for item in cells}
    names = list(dict.fromkeys(item.class_name for item in cells if item.images))
    others = list(dict.fromkeys(item.competitor for item in cells))
    colours = {item.name: item.colour for item in data.legend}
    most = max((item.mean for item in cells), default=0.0) or 1.0
    rows = []
    for name in names:
        values = "".join(_cell(found.get((name, other, side)), most) for other in others for side in SIDES)
        head = swatch(colours.get(name)) + named(name, shown)
        rows.append(f'<tr><th scope="row">{head}</th>{values}</tr>')
    return (
        '<div class="scroll" role="region" aria-label="Discrepancy matrix" tabindex="0"><table class="heat">'
        f"{_head(others)}<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _head(others: Sequence[str]) -> str:
    groups = "".join(f'<th scope="colgroup" colspan="2">{escape(other)}</th>' for other in others)
    sides = '<th scope="col">target sees</th><th scope="col">competitor sees</th>' * len(others)
    return f'<thead><tr><th scope="col" rowspan="2">Class</th>{groups}</tr><tr>{sides}</tr></thead>'


def _cell(item: Cell | None, most: float) -> str:
    if item is None or not item.images:
        return '<td class="none">–</td>'
    words = f"{item.eligible:,} of {item.images:,} images count; worst {item.top or 0:.3f}"
    return f'<td style="--heat:{item.mean / most:.3f}" title="{escape(words)}">{item.mean:.3f}</td>'
