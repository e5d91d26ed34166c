"""What keeps the selector's caches in shape between batches: contests backfilled, rankings refilled.

Each call does a small piece in one transaction, so that the stream never waits long.
"""

import time
from collections.abc import Callable

import structlog
from sqlalchemy import Connection, delete, select, update

from madseg.core.discrepancy import compare
from madseg.core.label_maps import decode_all
from madseg.ports import Database
from madseg.selector.criteria import Criteria
from madseg.selector.enter import CHORE_SHARD, Entering, Entrant
from madseg.selector.layout import Contest, load_layout
from madseg.selector.offsets import bump, counter
from madseg.selector.refill import refill
from madseg.selector.stored import split, stored_maps
from madseg.selector.tables import CONTESTS, IMAGES, LEADERS, PAIRS, PROJECT, RANKING_TALLIES, RANKINGS

log = structlog.get_logger("madseg.selector")

BACKFILL_IMAGES = 100
"""Images compared per transaction of a backfill."""

LOOK_SECONDS = 2.0
"""How often a selector with nothing to do looks whether another one has left contests to backfill."""


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
