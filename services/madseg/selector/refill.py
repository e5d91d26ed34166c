"""Which of a ranking's entries are its leaders, where that is chosen anew: from the floor on, or from the first one."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select, update

from madseg.core.preprocess import Size
from madseg.selector.enter import from_entry
from madseg.selector.layout import Ranking
from madseg.selector.offsets import bump
from madseg.selector.tables import EXCLUSIONS, LEADERS, RANKINGS
from madseg.selector.upsert import insert_absent
from madseg.selector.walk import past_floor


def refill(tx: Connection, ranking: Ranking, grid: Size, capacity: int) -> None:
    """Lowers a ranking's floor until as many leaders as its capacity may be mined, or it holds twice its capacity.

    Excluded images become leaders too: they are skipped on reading and may be restored. Where there are enough, as
    somebody has only read deeper than they reach, the floor stays, and the pairs aren't read.
    """
    if ranking.floor is None:
        return
    # Another selector may have added some before it learnt of the floor.
    tx.execute(delete(LEADERS).where(LEADERS.c.ranking_id == ranking.id, from_entry(*ranking.floor)))
    there = set(tx.execute(select(LEADERS.c.image_id).where(LEADERS.c.ranking_id == ranking.id)).scalars())
    choice = Choice(capacity, excluded(tx), there)
    if not choice.full:
        choice.lead(tx, ranking, past_floor(tx, ranking, grid.pixels))
        bump(tx, "layout")


def excluded(tx: Connection) -> set[bytes]:
    """The images that are kept out for any reason."""
    return set(tx.execute(select(EXCLUSIONS.c.image_id)).scalars())


class Choice:
    """Chooses leaders beside those that are `there`, until as many as the capacity may be mined."""

    def __init__(self, capacity: int, excluded: set[bytes], there: set[bytes]) -> None:
        self._capacity, self._excluded = capacity, excluded
        self._total, self._mineable = len(there), len(there - excluded)

    @property
    def full(self) -> bool:
        """True where there are enough, or twice the capacity with those that are excluded."""
        return self._mineable >= self._capacity or self._total >= 2 * self._capacity

    def lead(self, tx: Connection, ranking: Ranking, entries: Iterable[tuple[bytes, float, int]]) -> None:
        """Makes leaders of entries, (image, discrepancy, area) in rank order; the first that is one too many becomes
        the floor. At most one more than twice the capacity are read."""
        rows, floor = [], None
        for image, discrepancy, area in entries:
            if self.full:
                floor = discrepancy, image
                break
            self._total, self._mineable = self._total + 1, self._mineable + (image not in self._excluded)
            rows.append({"ranking_id": ranking.id, "image_id": image, "discrepancy": discrepancy, "area": area})
        insert_absent(tx, LEADERS, rows)
        values = dict(zip(("floor_discrepancy", "floor_image"), floor or (None, None), strict=True))
        tx.execute(update(RANKINGS).where(RANKINGS.c.id == ranking.id).values(values))
        ranking.floor = floor
