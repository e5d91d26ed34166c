"""Compared images enter the pairs, and from there the rankings.

The pairs are the truth. Of a ranking's entries only those that precede its floor are kept as leaders;
when a ranking has grown to twice its capacity, the worse half goes and the best of it becomes the floor.
"""

from collections import defaultdict

from sqlalchemy import Connection, delete, or_, select, update

from madseg.core.discrepancy import Compared
from madseg.core.messages import Defender
from madseg.selector.bulk import Row, insert_rows
from madseg.selector.layout import Contest, Ranking
from madseg.selector.packing import pack_areas
from madseg.selector.tables import LEADERS, PAIRS, RANKING_TALLIES, RANKINGS
from madseg.selector.upsert import upsert

UNIT = 1 << 32
"""Discrepancies are summed in whole units of 2**-32, so that the sum doesn't depend on the order."""


class Entering:
    """Collects the rows of one transaction. `pixels` is the size of the canonical grid."""

    def __init__(self, tx: Connection, shard: int, pixels: int) -> None:
        self._tx, self._shard, self._pixels = tx, shard, pixels
        self._pairs: list[Row] = []
        self._leaders: list[Row] = []
        self._tallies: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
        self._grown: dict[int, Ranking] = {}

    def enter(self, number: int, image: bytes, random_lane: bool, contest: Contest, compared: Compared) -> None:
        """Adds the pair of an image (its number, its id) that isn't there yet.

        Images of the random lane are compared but never ranked.
        """
        areas = pack_areas(compared.target_areas, compared.competitor_areas)
        self._pairs.append((contest.id, number, compared.discrepancy, areas))
        if not random_lane:
            self._rank(image, compared.discrepancy, contest.rankings[Defender.TARGET], compared.target_areas)
            self._rank(image, compared.discrepancy, contest.rankings[Defender.COMPETITOR], compared.competitor_areas)

    def _rank(self, image: bytes, discrepancy: float, rankings: dict[int, Ranking], present: dict[int, int]) -> None:
        units = round(discrepancy * UNIT)
        for label, area in present.items():
            ranking = rankings.get(label)
            if ranking is not None:
                eligible = ranking.low <= area / self._pixels <= ranking.high
                self.count(ranking, units, eligible)
                if eligible and ranking.precedes_floor(discrepancy, image):
                    self.lead(ranking, image, discrepancy, area)

    def count(self, ranking: Ranking, units: int, eligible: bool, sign: int = 1) -> None:
        """Counts an image of discrepancy `units` / `UNIT` into a ranking's tally, or out of it."""
        numbers = self._tallies[ranking.id]
        numbers[0] += sign
        numbers[1] += sign * eligible
        numbers[2] += sign * units

    def lead(self, ranking: Ranking, image: bytes, discrepancy: float, area: int) -> None:
        """Adds a leader that isn't there yet."""
        self._leaders.append((ranking.id, discrepancy, image, area))
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
        """Cuts rankings that have more than twice their capacity back to it."""
        for ranking in self._grown.values():
            if ranking.leaders > 2 * capacity:
                self._trim(ranking, capacity)

    def _trim(self, ranking: Ranking, capacity: int) -> None:
        ours = LEADERS.c.ranking_id == ranking.id
        order = (LEADERS.c.discrepancy.desc(), LEADERS.c.image_id)
        first = select(LEADERS.c.discrepancy, LEADERS.c.image_id).where(ours).order_by(*order)
        dropped = self._tx.execute(first.offset(capacity).limit(1)).one_or_none()
        if dropped is None:
            return
        discrepancy, image = dropped
        behind = or_(
            LEADERS.c.discrepancy < discrepancy,
            (LEADERS.c.discrepancy == discrepancy) & (LEADERS.c.image_id >= image),
        )
        self._tx.execute(delete(LEADERS).where(ours, behind))
        floor = {"floor_discrepancy": discrepancy, "floor_image": image}
        self._tx.execute(update(RANKINGS).where(RANKINGS.c.id == ranking.id).values(floor))
        ranking.floor, ranking.leaders = (discrepancy, image), capacity
