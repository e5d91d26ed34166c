"""What is kept of a campaign, and the counts of its images, brought up to date by whoever changes what they count."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    ScalarSelect,
    and_,
    bindparam,
    case,
    exists,
    func,
    not_,
    select,
    update,
)

from madseg.core.errors import NotFound, NotReady
from madseg.core.messages import VersionRef
from madseg.labelling.scoring.plan import Plan, loaded
from madseg.labelling.scoring.tables import ASSIGNMENTS, CAMPAIGNS, ITEMS, JUDGEMENTS

OPEN, SCORED, CLOSED, CANCELLED = "open", "scored", "closed", "cancelled"
"""States of a campaign."""

GOING_ON = (OPEN, SCORED)
"""States in which judgements still count."""

PLANNED, LEASED, LAPSED, RETURNED, JUDGED, CARRIED = "planned", "leased", "lapsed", "returned", "judged", "carried"
"""States of an assignment."""

GRADE, VETO, ABSTENTION = "grade", "veto", "abstention"
"""Kinds of judgements."""

IN_FORCE, UNDONE, REVOKED = "in_force", "undone", "revoked"
"""States of a judgement."""

VETO_IN_FORCE = and_(JUDGEMENTS.c.kind == VETO, JUDGEMENTS.c.state == IN_FORCE)
"""True for judgements that keep their image out."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as it stands in its row; `created_at` in microseconds since the epoch."""

    id: str
    created_at: int
    candidate_set_id: str
    target: VersionRef
    plan: Plan
    state: str
    images: int
    carried: int
    note: str
    revision: int
    chosen_at: int | None


Place = tuple[str, int]
"""A campaign's id and a position in it: one image."""


def campaign(tx: Connection, campaign_id: str, *states: str) -> Campaign:
    """The campaign of an id; for "" the newest, of those in one of the states where some are named.

    Raises:
        NotFound: no such campaign.
    """
    if campaign_id:
        row = tx.execute(_ONE, {"campaign": campaign_id}).one_or_none()
    else:
        row = tx.execute(_NEWEST.where(CAMPAIGNS.c.state.in_(states)) if states else _NEWEST).one_or_none()
    if row is not None:
        return from_row(row)
    if campaign_id:
        raise NotFound(f"no campaign {campaign_id[:100]!r}: `madseg campaign list` names those there are")
    if states == (CLOSED,):
        raise NotFound("there is no campaign that is closed yet: `madseg campaign choose` closes one")
    which = "campaign that is " + " or ".join(states) if states else "campaign"
    raise NotFound(f"there is no {which} yet: `madseg campaign create` opens one")


def from_row(row: Row[tuple[object, ...]]) -> Campaign:
    """The campaign of a row."""
    return Campaign(
        row.id,
        row.created_at,
        row.candidate_set_id,
        VersionRef(row.target_model, row.target_version),
        loaded(row.plan),
        row.state,
        row.images,
        row.carried,
        row.note,
        row.revision,
        row.chosen_at,
    )


def must_go_on(found: Campaign) -> None:
    """Does nothing where judgements still count.

    Raises:
        NotReady: it is closed or cancelled.
    """
    if found.state == CLOSED:
        raise NotReady(f"campaign {found.id} is closed: its sets are chosen, and take no further judgement")
    if found.state == CANCELLED:
        raise NotReady(f"campaign {found.id} was cancelled: nobody is asked any more")


def lapse(tx: Connection, found: Campaign, now: int) -> bool:
    """Frees the images of leases that have ended; True where there were any. Else it is a look into an index."""
    ended = tx.execute(_ENDED, {"campaign": found.id, "now": now}).all()
    if ended:
        tx.execute(update(ASSIGNMENTS).where(ASSIGNMENTS.c.id.in_([row.id for row in ended])).values(state=LAPSED))
        settle(tx, found, (row.position for row in ended))
    return bool(ended)


def settle(tx: Connection, found: Campaign, positions: Iterable[int]) -> None:
    """Counts some images of a campaign anew, and says whether the campaign still needs something."""
    for position in dict.fromkeys(positions):
        _count(tx, found, position)
    tx.execute(_SETTLED, {"campaign": found.id})


def elsewhere(tx: Connection, image: bytes) -> list[tuple[Campaign, int]]:
    """The campaigns that an image is in and that go on, with its position there."""
    query = select(CAMPAIGNS, ITEMS.c.position).join(ITEMS, ITEMS.c.campaign_id == CAMPAIGNS.c.id)
    query = query.where(ITEMS.c.image_id == image, CAMPAIGNS.c.state.in_(GOING_ON))
    return [(from_row(row), row.position) for row in tx.execute(query)]


def is_vetoed(tx: Connection, image: bytes) -> bool:
    """Whether a veto of an image is in force, whichever campaign it was given in."""
    query = select(JUDGEMENTS.c.number).where(JUDGEMENTS.c.image_id == image, VETO_IN_FORCE)
    return tx.execute(query.limit(1)).first() is not None


def _count(tx: Connection, found: Campaign, position: int) -> None:
    here = {"campaign": found.id, "at": position}
    said = tx.execute(_SAID, here).one()
    needed = 0 if said.vetoes or said.stopped else max(0, found.plan.raters - said.grades)
    counts = {
        "to_grades": said.grades,
        "to_grade_sum": said.grade_sum,
        "to_abstentions": said.abstentions,
        "to_vetoes": said.vetoes,
        "to_needed": needed,
        "to_free": needed - said.leases,
    }
    tx.execute(_COUNTED, {**here, **counts})


# Statements that are made once: making one costs more than SQLite's work on it.

_NEWEST = select(CAMPAIGNS).order_by(CAMPAIGNS.c.number.desc()).limit(1)
_ONE = select(CAMPAIGNS).where(CAMPAIGNS.c.id == bindparam("campaign"))

_ENDED = select(ASSIGNMENTS.c.id, ASSIGNMENTS.c.position).where(
    ASSIGNMENTS.c.campaign_id == bindparam("campaign"),
    ASSIGNMENTS.c.state == LEASED,
    ASSIGNMENTS.c.leased_until <= bindparam("now"),
)

_HERE = (ITEMS.c.campaign_id == bindparam("campaign"), ITEMS.c.position == bindparam("at"))


def _given(counted: ColumnElement[int]) -> ScalarSelect[int]:
    """Of an item's judgements in force that aren't repeats."""
    return (
        select(counted)
        .where(JUDGEMENTS.c.campaign_id == ITEMS.c.campaign_id, JUDGEMENTS.c.position == ITEMS.c.position)
        .where(JUDGEMENTS.c.state == IN_FORCE, not_(JUDGEMENTS.c.repeat))
        .scalar_subquery()
    )


_SAID = select(
    ITEMS.c.stopped,
    _given(func.count(JUDGEMENTS.c.grade)).label("grades"),
    _given(func.coalesce(func.sum(JUDGEMENTS.c.grade), 0)).label("grade_sum"),
    _given(func.count(case((JUDGEMENTS.c.kind == ABSTENTION, 1)))).label("abstentions"),
    select(func.count())
    .where(JUDGEMENTS.c.image_id == ITEMS.c.image_id, VETO_IN_FORCE)
    .scalar_subquery()
    .label("vetoes"),
    select(func.count())
    .where(ASSIGNMENTS.c.campaign_id == ITEMS.c.campaign_id, ASSIGNMENTS.c.position == ITEMS.c.position)
    .where(ASSIGNMENTS.c.state == LEASED, not_(ASSIGNMENTS.c.repeat))
    .scalar_subquery()
    .label("leases"),
).where(*_HERE)

_COUNTED = (
    update(ITEMS)
    .where(*_HERE)
    .values(
        grades=bindparam("to_grades"),
        grade_sum=bindparam("to_grade_sum"),
        abstentions=bindparam("to_abstentions"),
        vetoes=bindparam("to_vetoes"),
        needed=bindparam("to_needed"),
        free=bindparam("to_free"),
    )
)

_SETTLED = (
    update(CAMPAIGNS)
    .where(CAMPAIGNS.c.id == bindparam("campaign"))
    .values(
        state=case(
            (CAMPAIGNS.c.state.not_in(GOING_ON), CAMPAIGNS.c.state),  # but its opinions change: a veto may come late
            (exists().where(ITEMS.c.campaign_id == bindparam("campaign"), ITEMS.c.needed > 0), OPEN),
            else_=SCORED,
        ),
        revision=CAMPAIGNS.c.revision + 1,
    )
)
