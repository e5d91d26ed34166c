"""`madseg matrix`: the mean discrepancy of every ranking."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from madseg.cli.arguments import Json, Target, connect
from madseg.cli.output import emit, headed, share, show, table

if TYPE_CHECKING:
    from madseg.client import RankingSummary

COMPETITORS_ACROSS = 4
"""How many competitors stand side by side in 80 columns; more go into further tables."""

HEAT = ("", "yellow", "dark_orange", "red")
"""Colours of a mean discrepancy, a quarter of the largest one each."""


def matrix(target: Target = None, json: Json = False) -> None:
    """Show how much target and competitors disagree on average, per class that was seen."""
    with connect() as client:
        cells = client.matrix(target)
    if json:
        emit(cells)
        return
    if not cells:
        show("No ranking yet: images are needed that a target and a competitor have segmented.")
    names = list(dict.fromkeys(item.key.class_name for item in cells if item.images))
    others = list(dict.fromkeys(str(item.key.competitor) for item in cells))
    for side in ("target", "competitor"):
        for start in range(0, len(others), COMPETITORS_ACROSS):
            made = _half(cells, names, others[start : start + COMPETITORS_ACROSS], side)
            show(headed(f"Mean discrepancy where the {side} sees the class"), made, "")


def _half(cells: "Sequence[RankingSummary]", names: Sequence[str], others: Sequence[str], side: str) -> Table:
    found = {(item.key.class_name, str(item.key.competitor)): item for item in cells if item.key.defender == side}
    most = max((item.mean_discrepancy for item in cells), default=0.0)
    made = table("class", *(f"{other}>" for other in others))
    for name in names:
        made.add_row(name, *(_cell(found.get((name, other)), most) for other in others))
    return made


def _cell(item: "RankingSummary | None", most: float) -> Text:
    if item is None or not item.images:
        return Text("–")
    step = min(3, int(4 * item.mean_discrepancy / most)) if most else 0
    return Text(share(item.mean_discrepancy), HEAT[step])
