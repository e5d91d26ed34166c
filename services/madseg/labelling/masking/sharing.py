"""Who draws, and what is drawn twice.

Names take turns, so that the split is even and the same for the same call. Which images are drawn twice is told by a
hash of campaign and image: it doesn't depend on who draws, nor on how well the target did.
"""

import hashlib
import math
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from madseg.labelling.masking import tasks
from madseg.labelling.masking.new_tasks import blank, put_in
from madseg.labelling.masking.tables import GONE, TASKS
from madseg.labelling.scoring.kept import Campaign

_COPIED = (
    "height",
    "width",
    "crop_left",
    "crop_top",
    "crop_width",
    "crop_height",
    "classes",
    "background",
    "campaign_id",
    "target_model",
    "target_version",
)
"""What two tasks of an image have in common."""


class Shares:
    """Whose turn it is: whoever has the fewest tasks of a campaign, of several the one named first."""

    def __init__(self, tx: Connection, found: Campaign, names: Sequence[str]) -> None:
        query = select(TASKS.c.annotator, func.count().label("tasks")).where(TASKS.c.campaign_id == found.id)
        query = query.where(TASKS.c.state.not_in(GONE)).group_by(TASKS.c.annotator)
        there = {row.annotator: row.tasks for row in tx.execute(query)}
        self._loads = {name: there.get(name, 0) for name in names}

    def next(self, but: str = "") -> str:
        """The name, which has a task more now; "" where nobody was named, or nobody `but` this one."""
        others = [name for name in self._loads if name != but]
        if not others:
            return ""
        name = min(others, key=self._loads.__getitem__)
        self._loads[name] += 1
        return name


def double(tx: Connection, found: Campaign, share: float, shares: Shares, who: str, now: int) -> int:
    """Has some of the images drawn twice, by somebody else; how many more."""
    second = TASKS.alias("second")
    query = select(TASKS, second.c.id.label("second_id")).outerjoin(second, second.c.first_id == TASKS.c.id)
    query = query.where(TASKS.c.campaign_id == found.id, TASKS.c.first_id.is_(None))
    rows = tx.execute(query.where(TASKS.c.state.not_in(GONE))).all()
    lacking = math.ceil(round(share * len(rows), 6)) - sum(row.second_id is not None for row in rows)
    single = sorted((row for row in rows if row.second_id is None), key=lambda row: (_drawn(found, row), row.number))
    made = []
    for row in single[: max(0, lacking)]:
        copied = {name: row._mapping[name] for name in _COPIED}
        made.append({**blank(row.image_id, tasks.SECOND_OPINION, now), **copied, "first_id": row.id})
        made[-1]["annotator"] = shares.next(but=row.annotator)
    put_in(tx, made, who, now)
    return len(made)


def _drawn(found: Campaign, row: object) -> bytes:
    image: bytes = row.image_id  # type: ignore[attr-defined]
    return hashlib.sha256(f"drawn twice\0{found.id}\0".encode() + image).digest()
