"""Who is asked about which image next: leases, taken and given back.

An image goes to a rater at most once, but for marked repeats, and to no more raters at a time than it still needs
grades. All of it happens in one write transaction, which waits for every other one.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, and_, bindparam, case, exists, func, insert, not_, or_, select, update

from madseg.core import adaptive
from madseg.core.errors import Forbidden, InvalidInput, NotFound
from madseg.core.messages import VersionRef
from madseg.labelling.scoring import draws, kept
from madseg.labelling.scoring.adapting import adapt
from madseg.labelling.scoring.kept import Campaign
from madseg.labelling.scoring.tables import ASSIGNMENTS, CAMPAIGNS, ITEMS
from madseg.ports import Database

MAX_COUNT = 20
"""Images that one rater may hold."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """An image that one rater is to judge; `leased_until` in microseconds since the epoch."""

    id: str
    image_id: str
    target: VersionRef
    leased_until: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Images that a rater has judged in a campaign, and those that the rater could yet be asked about."""

    judged: int
    left: int


def take(database: Database, campaign_id: str, rater: str, count: int, now: int) -> tuple[list[Assignment], Tally]:
    """Leases images until the rater holds `count`; leases that are held already are prolonged and come first.

    Raises:
        InvalidInput: a count outside 1..20.
        NotFound: no such campaign, or none that is open.
        NotReady: it is closed.
    """
    if not 1 <= count <= MAX_COUNT:
        raise InvalidInput(f"count must be 1..{MAX_COUNT}, got {count}", field="count")
    with database.write() as tx:
        found = working(tx, campaign_id)
        kept.lapse(tx, found, now)
        until = now + found.plan.lease_seconds * 1_000_000
        held = _held(tx, found, rater)
        longer = _prolong(tx, found, held, until)
        taken = [_assignment(found, row, until if row.id in longer else row.leased_until) for row in held]
        if len(taken) < count:
            taken += _repeats(tx, found, rater, count - len(taken), now, until)
        if len(taken) < count:
            taken += _fresh(tx, found, rater, count - len(taken), now, until)
        if not taken:  # nothing else is left: repeats need not wait any longer
            taken += _repeats(tx, found, rater, count, now, until, at_once=True)
        if len(taken) > len(held):
            tx.execute(_CHANGED, {"campaign": found.id})
        return taken, tally(tx, found, rater)


def give_back(database: Database, rater: str, assignment_ids: Sequence[str], now: int) -> int:
    """Gives leases back unjudged, all that the rater holds where none are named; how many there were.

    Raises:
        NotFound: one of them doesn't exist.
        Forbidden: one of them is somebody else's.
    """
    with database.write() as tx:
        query = select(ASSIGNMENTS.c.id, ASSIGNMENTS.c.campaign_id, ASSIGNMENTS.c.position)
        query = query.where(ASSIGNMENTS.c.rater == rater, ASSIGNMENTS.c.state == kept.LEASED)
        if assignment_ids:
            for assignment_id in dict.fromkeys(assignment_ids):
                owned(tx, assignment_id, rater)
            query = query.where(ASSIGNMENTS.c.id.in_(set(assignment_ids)))
        query = query.where(ASSIGNMENTS.c.leased_until > now)
        rows = tx.execute(query).all()
        tx.execute(update(ASSIGNMENTS).where(ASSIGNMENTS.c.id.in_([row.id for row in rows])).values(_GIVEN_BACK))
        for campaign_id in dict.fromkeys(row.campaign_id for row in rows):
            found = kept.campaign(tx, campaign_id)
            kept.settle(tx, found, [row.position for row in rows if row.campaign_id == campaign_id])
        return len(rows)


def working(tx: Connection, campaign_id: str) -> Campaign:
    """The campaign to work on; for "" the newest that is open, else the newest where only repeats are left.

    Raises:
        NotFound: no such campaign, or none that is open.
        NotReady: it is closed or cancelled.
    """
    if campaign_id:
        found = kept.campaign(tx, campaign_id)
        kept.must_go_on(found)
        return found
    try:
        return kept.campaign(tx, "", kept.OPEN)
    except NotFound:
        return kept.campaign(tx, "", *kept.GOING_ON)


def owned(tx: Connection, assignment_id: str, rater: str) -> Any:
    """The row of a rater's assignment.

    Raises:
        NotFound: there is none with this id.
        Forbidden: it is somebody else's.
    """
    row = tx.execute(_OWNED, {"assignment": assignment_id}).one_or_none()
    if row is None or row.state == kept.PLANNED:
        raise NotFound(f"no assignment {assignment_id[:100]!r}: take one first")
    if row.rater != rater:
        raise Forbidden(f"assignment {assignment_id} is somebody else's: judge your own, which TakeAssignments gives")
    return row


def tally(tx: Connection, found: Campaign, rater: str) -> Tally:
    """How far a rater is. Costs a walk over what the rater has judged."""
    row = tx.execute(_TALLY, {"campaign": found.id, "rater": rater}).one()
    return Tally(row.judged, row.needed - row.through + row.again)


_SAME = and_(ITEMS.c.campaign_id == ASSIGNMENTS.c.campaign_id, ITEMS.c.position == ASSIGNMENTS.c.position)

_GIVEN_BACK = {"state": kept.RETURNED}

_FIRST = ASSIGNMENTS.alias("first")


def _held(tx: Connection, found: Campaign, rater: str) -> list[Any]:
    """What a rater holds, in the order in which it was given out."""
    factor, shift = draws.way(found.plan.seed, rater)
    rows = tx.execute(_HELD, {"campaign": found.id, "rater": rater}).all()
    return sorted(rows, key=lambda row: (row.taken_at, not row.repeat, (factor * row.position + shift) % draws.PRIME))


def _prolong(tx: Connection, found: Campaign, held: Sequence[Any], until: int) -> set[str]:
    """Those where it makes a difference: a lease that has just been given is left alone."""
    soon = until - found.plan.lease_seconds * 1_000_000 // 10
    ids = {row.id for row in held if row.leased_until < soon}
    if ids:
        tx.execute(update(ASSIGNMENTS).where(ASSIGNMENTS.c.id.in_(ids)).values(leased_until=until))
    return ids


def _repeats(
    tx: Connection, found: Campaign, rater: str, count: int, now: int, until: int, *, at_once: bool = False
) -> list[Assignment]:
    """Leases repeats that are due, or all that are planned. Vetoed images aren't shown again."""
    values = {"campaign": found.id, "rater": rater, "count": count}
    rows = tx.execute(_PLANNED if at_once else _DUE, values).all()
    _lease(tx, [row.id for row in rows], now, until)
    return [_assignment(found, row, until) for row in rows]


def _fresh(tx: Connection, found: Campaign, rater: str, count: int, now: int, until: int) -> list[Assignment]:
    """Leases images that the rater hasn't had, in the rater's own order."""
    rows = _next(tx, found, rater, count)
    if len(rows) < count and adapt(tx, found):
        rows = _next(tx, found, rater, count)
    again = [row.assignment_id for row in rows if row.assignment_id is not None]
    _lease(tx, again, now, until)
    ids = [row.assignment_id or uuid.uuid4().hex for row in rows]
    new = [
        {
            "id": made,
            "campaign_id": found.id,
            "position": row.position,
            "rater": rater,
            "repeat": False,
            "state": kept.LEASED,
            "taken_at": now,
            "leased_until": until,
            "due": 0,
        }
        for row, made in zip(rows, ids, strict=True)
        if row.assignment_id is None
    ]
    if new:
        tx.execute(insert(ASSIGNMENTS), new)
    if rows:
        here = (ITEMS.c.campaign_id == found.id, ITEMS.c.position.in_([row.position for row in rows]))
        tx.execute(update(ITEMS).where(*here).values(free=ITEMS.c.free - 1))
    return [Assignment(made, row.image_id.hex(), found.target, until) for row, made in zip(rows, ids, strict=True)]


def _next(tx: Connection, found: Campaign, rater: str, count: int) -> Sequence[Any]:
    """Images that are free and that the rater hasn't had, or gave back, or let lapse. In adaptive mode those that must
    be asked about in any case come first. Costs a walk over those that are free, within the database."""
    factor, shift = draws.way(found.plan.seed, rater)
    values = {"campaign": found.id, "rater": rater, "factor": factor, "shift": shift, "count": count}
    if not found.plan.adaptive:
        return tx.execute(_FREE.order_by(_WAY), values).all()
    size = found.plan.counterexamples
    places = size + adaptive.crowded(size, found.images, found.plan.test_reserved)
    return tx.execute(_FREE.order_by(_PRESSING, _WAY), {**values, "before": places - 1}).all()


def _lease(tx: Connection, ids: Sequence[str], now: int, until: int) -> None:
    if ids:
        values = {"state": kept.LEASED, "taken_at": now, "leased_until": until}
        tx.execute(update(ASSIGNMENTS).where(ASSIGNMENTS.c.id.in_(ids)).values(values))


def _assignment(found: Campaign, row: Any, until: int) -> Assignment:
    return Assignment(row.id, row.image_id.hex(), found.target, until)


_OF_RATER = (ASSIGNMENTS.c.campaign_id == bindparam("campaign"), ASSIGNMENTS.c.rater == bindparam("rater"))

_HELD = select(ASSIGNMENTS, ITEMS.c.image_id).join(ITEMS, _SAME).where(*_OF_RATER, ASSIGNMENTS.c.state == kept.LEASED)

_JUDGED = select(func.count()).where(*_OF_RATER, ASSIGNMENTS.c.state == kept.JUDGED).scalar_subquery()
"""Repeats count too: a rater isn't to notice them."""

_TALLY = select(
    _JUDGED.label("judged"),
    select(func.count())
    .where(ITEMS.c.campaign_id == bindparam("campaign"), ITEMS.c.needed > 0)
    .scalar_subquery()
    .label("needed"),
    select(func.count())
    .select_from(ASSIGNMENTS.join(ITEMS, _SAME))
    .where(*_OF_RATER, ASSIGNMENTS.c.state.in_([kept.JUDGED, kept.CARRIED]), not_(ASSIGNMENTS.c.repeat))
    .where(ITEMS.c.needed > 0)
    .scalar_subquery()
    .label("through"),
    select(func.count())
    .where(*_OF_RATER, ASSIGNMENTS.c.state != kept.JUDGED, ASSIGNMENTS.c.repeat)
    .scalar_subquery()
    .label("again"),
)

_PLANNED = (
    select(ASSIGNMENTS.c.id, ITEMS.c.image_id)
    .join(ITEMS, _SAME)
    .where(*_OF_RATER, ASSIGNMENTS.c.repeat, ITEMS.c.vetoes == 0)
    .where(ASSIGNMENTS.c.state.in_([kept.PLANNED, kept.LAPSED, kept.RETURNED]))
    .where(
        exists().where(
            _FIRST.c.campaign_id == ASSIGNMENTS.c.campaign_id,
            _FIRST.c.position == ASSIGNMENTS.c.position,
            _FIRST.c.rater == ASSIGNMENTS.c.rater,
            not_(_FIRST.c.repeat),
            _FIRST.c.state == kept.JUDGED,
        )
    )
    .order_by(ASSIGNMENTS.c.due, ASSIGNMENTS.c.position)
    .limit(bindparam("count"))
)

_DUE = _PLANNED.where(ASSIGNMENTS.c.due <= _JUDGED)

_FREE = (
    select(ITEMS.c.position, ITEMS.c.image_id, ASSIGNMENTS.c.id.label("assignment_id"))
    .outerjoin(ASSIGNMENTS, and_(_SAME, ASSIGNMENTS.c.rater == bindparam("rater"), not_(ASSIGNMENTS.c.repeat)))
    .where(ITEMS.c.campaign_id == bindparam("campaign"), ITEMS.c.free > 0)
    .where(or_(ASSIGNMENTS.c.id.is_(None), ASSIGNMENTS.c.state.in_([kept.LAPSED, kept.RETURNED])))
    .limit(bindparam("count"))
)

_WAY = (ITEMS.c.position * bindparam("factor", type_=BigInteger) + bindparam("shift", type_=BigInteger)) % draws.PRIME

_OTHERS = ITEMS.alias("others")

_FLOOR = (
    select(_OTHERS.c.grade_sum - _OTHERS.c.grades)
    .where(_OTHERS.c.campaign_id == bindparam("campaign"), _OTHERS.c.vetoes == 0)
    .order_by(_OTHERS.c.grade_sum - _OTHERS.c.grades)
    .offset(bindparam("before"))
    .limit(1)
    .scalar_subquery()
)
"""As `madseg.core.adaptive.floor`, in grades above the lowest. Costs a walk over the campaign's images."""

_PRESSING = case((ITEMS.c.grade_sum - ITEMS.c.grades > _FLOOR, 1), else_=0)

_CHANGED = update(CAMPAIGNS).where(CAMPAIGNS.c.id == bindparam("campaign")).values(revision=CAMPAIGNS.c.revision + 1)

_OWNED = select(ASSIGNMENTS).where(ASSIGNMENTS.c.id == bindparam("assignment"))
