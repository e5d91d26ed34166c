"""What was said in a campaign, as it is counted: one value for opinions and agreement."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from madseg.labelling.scoring import kept
from madseg.labelling.scoring.kept import Campaign
from madseg.labelling.scoring.standing import Standing, standings
from madseg.labelling.scoring.tables import JUDGEMENTS

Grades = Mapping[int, Mapping[str, int]]
"""By position of the image and rater."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A campaign's images and all judgements but those that were undone.

    `first` are the grades that count, `again` those of marked repeats.
    """

    kept: Campaign
    items: tuple[Standing, ...]
    first: Grades
    again: Grades
    rows: tuple[Any, ...]

    def shared(self) -> Grades:
        """The grades that feed agreement and bias: in adaptive mode those of the fully rated share alone, as who gets
        all raters there depends on the grades."""
        if not self.kept.plan.adaptive:
            return self.first
        full = {item.position for item in self.items if item.full}
        return {position: given for position, given in self.first.items() if position in full}


def judged(tx: Connection, found: Campaign) -> Judged:
    """All that was said in a campaign. Costs a walk over it."""
    query = select(JUDGEMENTS).where(JUDGEMENTS.c.campaign_id == found.id, JUDGEMENTS.c.state != kept.UNDONE)
    rows = tuple(tx.execute(query.order_by(JUDGEMENTS.c.number)))
    first: dict[int, dict[str, int]] = defaultdict(dict)
    again: dict[int, dict[str, int]] = defaultdict(dict)
    for row in rows:
        if row.kind == kept.GRADE:
            (again if row.repeat else first)[row.position][row.rater] = row.grade
    return Judged(found, tuple(standings(tx, found)), dict(first), dict(again), rows)
