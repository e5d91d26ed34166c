"""What keeps the selector's caches in shape between batches: contests opened, backfilled, refilled, rebuilt.

Each call does a small piece in one transaction, so that the stream never waits long.
"""

import time
from collections.abc import Callable

import structlog
from sqlalchemy import Connection, delete, select, update

from madseg.core.discrepancy import compare
from madseg.core.label_maps import decode_all
from madseg.core.messages import Defender
from madseg.core.preprocess import Size
from madseg.ports import Database
from madseg.selector.criteria import Criteria
from madseg.selector.enter import UNIT, Entering, Entrant, from_entry
from madseg.selector.layout import Contest, Ranking, bounds, load_layout
from madseg.selector.offsets import bump, counter
from madseg.selector.packing import unpack_areas
from madseg.selector.stored import split, stored_maps
from madseg.selector.tables import CONTESTS, EXCLUSIONS, IMAGES, LEADERS, PAIRS, PROJECT, RANKING_TALLIES, RANKINGS
from madseg.selector.upsert import insert_absent
from madseg.selector.walk import past_floor

log = structlog.get_logger("madseg.selector")

BACKFILL_IMAGES = 100
"""Images compared per transaction of a backfill."""

READ_AT_ONCE = 10_000
"""Pairs held in memory by a pass over all of a contest."""

LOOK_SECONDS = 2.0
"""How often a selector with nothing to do looks whether another one has left contests to backfill."""

CHORE_SHARD = -1
"""The shard of tallies that chores write; partitions count from 0."""


class Chores:
    """Runs one piece of what is due, with the tables for itself. Several selectors take the pieces in turn.

    `clock` gives seconds since anything.
    """

    def __init__(
        self, database: Database, criteria: Criteria, capacity: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database, self._criteria, self._capacity, self._clock = database, criteria, capacity, clock
        self._due = True
        self._seen, self._next_look = 0, clock()
        self.thin: set[int] = set()
        """Ids of rankings whose readers had to go past the floor; the next chore refills them."""

    def announce(self) -> None:
        """Says that contests may have been opened."""
        self._due = True

    @property
    def due(self) -> bool:
        """True while there is something to do."""
        return self._due or bool(self.thin)

    def __call__(self) -> None:
        """Backfills one piece of the first contest that needs it, or refills one ranking."""
        if self._due:
            self._due = False  # before the look, so that what is announced meanwhile isn't missed
            try:
                if self._backfill_one():
                    self._due = True
            except BaseException:
                self._due = True
                raise
        elif self.thin:
            number = self.thin.pop()
            with self._database.write() as tx:
                ranking = load_layout(tx, self._criteria).rankings().get(number)
                if ranking is not None:
                    refill(tx, ranking, self._criteria.grid, self._capacity)
        else:
            self._look()

    def _look(self) -> None:
        """Finds out whether the layout has changed, which another selector may have done and then ended."""
        if self._clock() >= self._next_look:
            with self._database.snapshot() as tx:
                number = counter(tx, "layout")
            if number != self._seen:
                self._seen, self._due = number, True
            self._next_look = self._clock() + LOOK_SECONDS

    def _backfill_one(self) -> bool:
        """False where no contest needs it."""
        with self._database.write() as tx:
            layout = load_layout(tx, self._criteria)
            contest = next((item for item in layout.contests.values() if not item.backfilled), None)
            if contest is not None:
                backfill(tx, contest, self._criteria, self._capacity)
            return contest is not None


def backfill(tx: Connection, contest: Contest, criteria: Criteria, capacity: int) -> None:
    """Compares the next images that have both maps and no pair; moves the contest's cursor."""
    cursor = tx.execute(select(CONTESTS.c.cursor).where(CONTESTS.c.id == contest.id)).scalar_one()
    if cursor is None:
        return
    columns = (IMAGES.c.number, IMAGES.c.image_id, IMAGES.c.stored, IMAGES.c.random_lane)
    following = select(*columns).where(IMAGES.c.number > cursor).order_by(IMAGES.c.number).limit(BACKFILL_IMAGES)
    rows = tx.execute(following).all()
    numbers = [row.number for row in rows]
    paired = select(PAIRS.c.number).where(PAIRS.c.contest_id == contest.id, PAIRS.c.number.in_(numbers))
    there = set(tx.execute(paired).scalars())
    sides = contest.target_id, contest.competitor_id
    images = [row for row in rows if row.number not in there and set(sides) <= split(row.stored)]
    entrants = [Entrant(row.number, row.image_id, row.random_lane) for row in images]
    stored = stored_maps(tx, [row.number for row in images])
    maps = decode_all([stored[row.number][side][0] for side in sides for row in images])
    entering = Entering(tx, CHORE_SHARD, criteria.grid.pixels)
    first, second = range(len(images)), range(len(images), 2 * len(images))
    entering.enter(contest, entrants, compare(maps, first, second, criteria.metric, contest.known))
    entering.write()
    entering.trim(capacity)
    last = rows[-1].number if len(rows) == BACKFILL_IMAGES else None
    tx.execute(update(CONTESTS).where(CONTESTS.c.id == contest.id).values(cursor=last))
    bump(tx, "layout")
    bump(tx, "edits")
    if last is None:
        log.info("contest_backfilled", target=str(contest.ref.target), competitor=str(contest.ref.competitor))


def refill(tx: Connection, ranking: Ranking, grid: Size, capacity: int) -> None:
    """Lowers a ranking's floor until as many leaders as its capacity may be mined, or it holds twice its capacity.

    Excluded images become leaders too: they are skipped on reading and may be restored. Where there are enough, as
    somebody has only read deeper than they reach, the floor stays, and the pairs aren't read.
    """
    if ranking.floor is None:
        return
    excluded = set(tx.execute(select(EXCLUSIONS.c.image_id)).scalars())
    # Another selector may have added some before it learnt of the floor.
    tx.execute(delete(LEADERS).where(LEADERS.c.ranking_id == ranking.id, from_entry(*ranking.floor)))
    leaders = set(tx.execute(select(LEADERS.c.image_id).where(LEADERS.c.ranking_id == ranking.id)).scalars())
    total, mineable = len(leaders), len(leaders - excluded)
    if mineable >= capacity or total >= 2 * capacity:
        return
    rows, floor = [], None
    for image, discrepancy, area in past_floor(tx, ranking, grid.pixels):
        if mineable >= capacity or total >= 2 * capacity:
            floor = discrepancy, image
            break
        total, mineable = total + 1, mineable + (image not in excluded)
        rows.append({"ranking_id": ranking.id, "image_id": image, "discrepancy": discrepancy, "area": area})
    insert_absent(tx, LEADERS, rows)
    _set_floor(tx, ranking, floor)
    bump(tx, "layout")


def drop_other_metrics(tx: Connection, criteria: Criteria) -> int:
    """Removes contests that were compared by another metric; returns how many. The maps stay, and the contests that
    the roles ask for open anew and are backfilled from them. Selectors with the other metric stop comparing."""
    others = select(CONTESTS.c.id).where(CONTESTS.c.metric != criteria.metric.id)
    rankings = select(RANKINGS.c.id).where(RANKINGS.c.contest_id.in_(others))
    tx.execute(delete(LEADERS).where(LEADERS.c.ranking_id.in_(rankings)))
    tx.execute(delete(RANKING_TALLIES).where(RANKING_TALLIES.c.ranking_id.in_(rankings)))
    tx.execute(delete(PAIRS).where(PAIRS.c.contest_id.in_(others)))
    tx.execute(delete(RANKINGS).where(RANKINGS.c.contest_id.in_(others)))
    changed = PROJECT.c.metric.is_distinct_from(criteria.metric.id)
    if tx.execute(update(PROJECT).where(changed).values(metric=criteria.metric.id)).rowcount:
        bump(tx, "layout")
    return tx.execute(delete(CONTESTS).where(CONTESTS.c.metric != criteria.metric.id)).rowcount


def apply_constraint(tx: Connection, criteria: Criteria, capacity: int) -> int:
    """Makes the rankings again whose bounds of the area share aren't the project's any more; returns how many.
    Selectors with the other constraint rank no more.

    Costs one pass over the pairs of their contests.
    """
    other = PROJECT.c.content_constraint.is_distinct_from(criteria.constraint.id)
    if tx.execute(update(PROJECT).where(other).values(content_constraint=criteria.constraint.id)).rowcount:
        bump(tx, "layout")
    changed = 0
    for contest in load_layout(tx, criteria).contests.values():
        stale = [item for item in contest.all_rankings() if (item.low, item.high) != bounds(criteria, item.key.label)]
        for ranking in stale:
            ranking.low, ranking.high = bounds(criteria, ranking.key.label)
            tx.execute(update(RANKINGS).where(RANKINGS.c.id == ranking.id).values(low=ranking.low, high=ranking.high))
            tx.execute(delete(LEADERS).where(LEADERS.c.ranking_id == ranking.id))
            ranking.floor = EVERYTHING
            refill(tx, ranking, criteria.grid, capacity)
        if stale:
            _recount(tx, contest, stale, criteria.grid)
            log.info("constraint_applied", competitor=str(contest.ref.competitor), rankings=len(stale))
        changed += len(stale)
    if changed:
        bump(tx, "layout")
        bump(tx, "edits")
    return changed


EVERYTHING = (2.0, b"")
"""A floor that every entry is behind."""


def _set_floor(tx: Connection, ranking: Ranking, floor: tuple[float, bytes] | None) -> None:
    discrepancy, image = floor or (None, None)
    values = {"floor_discrepancy": discrepancy, "floor_image": image}
    tx.execute(update(RANKINGS).where(RANKINGS.c.id == ranking.id).values(values))
    ranking.floor = floor


def _recount(tx: Connection, contest: Contest, rankings: list[Ranking], grid: Size) -> None:
    """Counts the tallies of some rankings of a contest anew."""
    tx.execute(delete(RANKING_TALLIES).where(RANKING_TALLIES.c.ranking_id.in_([item.id for item in rankings])))
    entering = Entering(tx, CHORE_SHARD, grid.pixels)
    query = (
        select(PAIRS.c.discrepancy, PAIRS.c.areas)
        .join(IMAGES, IMAGES.c.number == PAIRS.c.number)
        .where(PAIRS.c.contest_id == contest.id, IMAGES.c.random_lane.is_(False))
    )
    for row in tx.execute(query.execution_options(yield_per=READ_AT_ONCE)):
        sides, units = dict(zip(Defender, unpack_areas(row.areas), strict=True)), round(row.discrepancy * UNIT)
        for ranking in rankings:
            area = sides[ranking.key.defender].get(ranking.key.label)
            if area is not None:
                entering.count(ranking, 1, ranking.low <= area / grid.pixels <= ranking.high, units)
    entering.write()
