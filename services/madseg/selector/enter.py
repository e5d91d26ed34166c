"""Compared images enter the pairs, and from there the rankings.

The pairs are the truth. Of a ranking's entries only those that precede its floor are kept as leaders;
when a ranking has grown to twice its capacity, the worse half goes and the best of it becomes the floor.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, and_, delete, not_, or_, select, update

from madseg.core.discrepancy import Compared
from madseg.core.messages import Defender
from madseg.observing.ranking import Entered
from madseg.selector.bulk import Row, insert_rows
from madseg.selector.layout import Contest, Ranking
from madseg.selector.packing import pack_areas
from madseg.selector.tables import LEADERS, PAIRS, RANKING_TALLIES, RANKINGS
from madseg.selector.upsert import upsert

UNIT = 1 << 32
"""Discrepancies are summed in whole units of 2**-32, so that the sum doesn't depend on the order."""

CHORE_SHARD = -1
"""The shard of tallies that chores and edits write; partitions count from 0."""


class Entrant(NamedTuple):
    """An image as rankings know it: its number, its id, and whether it is of the random lane."""

    number: int
    key: bytes
    random_lane: bool


class Entering:
    """Collects the rows of one transaction. `pixels` is the size of the canonical grid."""

    def __init__(self, tx: Connection, shard: int, pixels: int) -> None:
        self._tx, self._shard, self._pixels = tx, shard, pixels
        self._pairs: list[Row] = []
        self._leaders: list[Row] = []
        self._tallies: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
        self._grown: dict[int, Ranking] = {}
        self.entered: list[Entered] = []
        """The places that images took."""

    def enter(self, contest: Contest, images: Sequence[Entrant], compared: Compared) -> None:
        """Adds the pairs of P images that have none yet in this contest.

        Images of the random lane are compared but never ranked.
        """
        areas = pack_areas(compared.target_areas, compared.competitor_areas)
        numbers = [image.number for image in images]
        self._pairs += zip([contest.id] * len(images), numbers, compared.discrepancy.tolist(), areas, strict=True)
        self._rank(images, compared.discrepancy, contest.rankings[Defender.TARGET], compared.target_areas)
        self._rank(images, compared.discrepancy, contest.rankings[Defender.COMPETITOR], compared.competitor_areas)

    def _rank(
        self,
        images: Sequence[Entrant],
        discrepancy: NDArray[np.float64],
        rankings: Mapping[int, Ranking],
        areas: NDArray[np.int32],
    ) -> None:
        if not rankings:
            return
        ranked = list(rankings.values())
        mined = np.array([not image.random_lane for image in images], bool)[:, None]
        areas = areas[:, list(rankings)]
        present = (areas > 0) & mined
        shares = areas / self._pixels
        low, high = np.array([item.low for item in ranked]), np.array([item.high for item in ranked])
        eligible = present & (low <= shares) & (shares <= high)
        units = np.rint(discrepancy * UNIT).astype(np.int64)[:, None]
        counts = zip(present.sum(0).tolist(), eligible.sum(0).tolist(), (units * present).sum(0).tolist(), strict=True)
        for ranking, numbers in zip(ranked, counts, strict=True):
            self.count(ranking, *numbers)
        floors = np.array([-1.0 if item.floor is None else item.floor[0] for item in ranked])
        for row, column in np.argwhere(eligible & (discrepancy[:, None] >= floors)).tolist():
            ranking, d = ranked[column], float(discrepancy[row])
            if ranking.precedes_floor(d, images[row].key):
                self.lead(ranking, images[row].key, d, int(areas[row, column]))

    def count(self, ranking: Ranking, images: int, eligible: int, units: int) -> None:
        """Adds to a ranking's tally: images, those within the constraint, their discrepancies in 1 / `UNIT`."""
        if images:
            numbers = self._tallies[ranking.id]
            numbers[0] += images
            numbers[1] += eligible
            numbers[2] += units

    def lead(self, ranking: Ranking, image: bytes, discrepancy: float, area: int) -> None:
        """Adds a leader that isn't there yet."""
        self._leaders.append((ranking.id, discrepancy, image, area))
        self.entered.append((ranking.key, image, discrepancy))
        ranking.leaders += 1
        self._grown[ranking.id] = ranking

    def write(self) -> None:
        """Writes what was collected."""
        insert_rows(self._tx, PAIRS, self._pairs)
        insert_rows(self._tx, LEADERS, self._leaders)
        rows = [
            {"shard": self._shard, "ranking_id": number, "images": a, "eligible": b, "discrepancy_sum": c}
            for number, (a, b, c) in self._tallies.items()
        ]
        upsert(self._tx, RANKING_TALLIES, rows, update=(), add=("images", "eligible", "discrepancy_sum"))
        self._pairs, self._leaders = [], []
        self._tallies.clear()

    def trim(self, capacity: int) -> None:
        """Cuts rankings that have more than twice their capacity back to it.

        In the order of their ids, so that two selectors that trim at once never wait for each other in a circle.
        """
        for _, ranking in sorted(self._grown.items()):
            if ranking.leaders > 2 * capacity:
                self._trim(ranking, capacity)

    def _trim(self, ranking: Ranking, capacity: int) -> None:
        """Raises the floor to the best entry that is one too many.

        The ranking's row is held meanwhile: another selector may have raised the floor, and it never falls here.
        """
        row, ours = RANKINGS.c.id == ranking.id, LEADERS.c.ranking_id == ranking.id
        held = select(RANKINGS.c.floor_discrepancy, RANKINGS.c.floor_image).where(row).with_for_update(key_share=True)
        discrepancy, image = self._tx.execute(held).one()
        ahead = ours if discrepancy is None else and_(ours, not_(from_entry(discrepancy, image)))
        first = select(LEADERS.c.discrepancy, LEADERS.c.image_id).where(ahead)
        first = first.order_by(LEADERS.c.discrepancy.desc(), LEADERS.c.image_id)
        dropped = self._tx.execute(first.offset(capacity).limit(1)).one_or_none()
        if dropped is not None:
            discrepancy, image = dropped
            self._tx.execute(update(RANKINGS).where(row).values(floor_discrepancy=discrepancy, floor_image=image))
        if discrepancy is not None:
            self._tx.execute(delete(LEADERS).where(ours, from_entry(discrepancy, image)))
            ranking.floor = discrepancy, image
        ranking.leaders = capacity


def from_entry(discrepancy: float, image: bytes) -> ColumnElement[bool]:
    """True for leaders at a place in the order or behind it."""
    tied = and_(LEADERS.c.discrepancy == discrepancy, LEADERS.c.image_id >= image)
    return or_(LEADERS.c.discrepancy < discrepancy, tied)
