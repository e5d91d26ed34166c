"""Rankings made again for another content constraint: their leaders and counts follow from the pairs.

A contest's pairs are read once, in any order, and feed all of its rankings: 40 of them over 40,000 images take 0.5 s of
CPU time, over 200,000 2.4 s. Reading them in rank order, for one ranking after the other, took 21 s over 40,000, as the
database sorts them anew for every few thousand (SQLite on a busy machine with two cores; capacity 200).
"""

from collections.abc import Sequence

import structlog
from sqlalchemy import Connection, delete, select, update

from madseg.ports import Database
from madseg.selector.criteria import Criteria
from madseg.selector.enter import CHORE_SHARD, UNIT, Entering
from madseg.selector.layout import CHANGING, Contest, Ranking, bounds, read_layout
from madseg.selector.offsets import bump
from madseg.selector.refill import Choice, excluded
from madseg.selector.tables import IMAGES, LEADERS, PAIRS, PROJECT, RANKING_TALLIES, RANKINGS

log = structlog.get_logger("madseg.selector")

READ_AT_ONCE = 10_000
"""Pairs held in memory by a pass over all of a contest."""

Firsts = dict[int, list[tuple[float, bytes, int]]]
"""Per ranking its first entries: (-discrepancy, image, area), which sorts in rank order."""


def apply_constraint(database: Database, criteria: Criteria, capacity: int) -> int:
    """Makes the rankings again whose bounds of the area share aren't the project's any more; returns how many.

    One contest in a transaction, so that a start that is cut off goes on with the next one. Until the last of them is
    made nobody ranks; then those with this constraint do, and no others. Costs a pass over the pairs of the contests.
    """
    made = 0
    while again := _next_contest(database, criteria, capacity):
        made += again
    return made


def _next_contest(database: Database, criteria: Criteria, capacity: int) -> int:
    """Makes the rankings of the first contest again that has other bounds; returns how many, 0 where none has."""
    with database.write() as tx:
        found = (_stale(contest, criteria) for contest in read_layout(tx, criteria).contests.values())
        rankings = next(filter(None, found), [])
        _note(tx, CHANGING if rankings else criteria.constraint.id)
        if rankings:
            _make_again(tx, rankings, criteria, capacity)
    return len(rankings)


def _stale(contest: Contest, criteria: Criteria) -> list[Ranking]:
    """The rankings of a contest that have other bounds than the project's."""
    return [item for item in contest.all_rankings() if (item.low, item.high) != bounds(criteria, item.key.label)]


def _note(tx: Connection, constraint: str) -> None:
    """Says by which constraint all rank now."""
    other = PROJECT.c.content_constraint.is_distinct_from(constraint)
    if tx.execute(update(PROJECT).where(other).values(content_constraint=constraint)).rowcount:
        bump(tx, "layout")
        bump(tx, "edits")


def _make_again(tx: Connection, rankings: Sequence[Ranking], criteria: Criteria, capacity: int) -> None:
    """Chooses and counts anew what rankings of one contest hold, by the project's bounds."""
    for ranking in rankings:
        ranking.low, ranking.high = bounds(criteria, ranking.key.label)
        here = RANKINGS.c.id == ranking.id
        tx.execute(update(RANKINGS).where(here).values(low=ranking.low, high=ranking.high))
    for table in (LEADERS, RANKING_TALLIES):
        tx.execute(delete(table).where(table.c.ranking_id.in_([ranking.id for ranking in rankings])))
    entering = Entering(tx, CHORE_SHARD, criteria.grid.pixels)
    firsts = _read(tx, rankings, entering, criteria.grid.pixels, 2 * capacity + 1)
    entering.write()
    kept_out = excluded(tx)
    for ranking in rankings:
        entries = ((image, -negative, area) for negative, image, area in firsts[ranking.id])
        Choice(capacity, kept_out, set()).lead(tx, ranking, entries)
    bump(tx, "layout")
    bump(tx, "edits")
    log.info("constraint_applied", competitor=str(rankings[0].contest.ref.competitor), rankings=len(rankings))


def _read(tx: Connection, rankings: Sequence[Ranking], entering: Entering, pixels: int, most: int) -> Firsts:
    """One pass over the pairs of a contest, in any order: counts the images of its rankings, and returns up to `most`
    of the first entries of each."""
    firsts: Firsts = {ranking.id: [] for ranking in rankings}
    contest = rankings[0].contest
    query = select(PAIRS.c.discrepancy, PAIRS.c.areas, IMAGES.c.image_id)
    query = query.join(IMAGES, IMAGES.c.number == PAIRS.c.number).where(IMAGES.c.random_lane.is_(False))
    query = query.where(PAIRS.c.contest_id == contest.id).execution_options(yield_per=READ_AT_ONCE)
    for rows in tx.execute(query).partitions():
        for discrepancy, packed, image in rows:
            units = round(discrepancy * UNIT)
            for ranking, area in contest.shown(packed):
                if ranking.id in firsts:
                    eligible = ranking.admits(area / pixels)
                    entering.count(ranking, 1, eligible, units)
                    if eligible:
                        firsts[ranking.id].append((-discrepancy, image, area))
        firsts = {number: sorted(entries)[:most] for number, entries in firsts.items()}
    return firsts
