"""What labelling shows to Prometheus, counted in its tables at a scrape: judgements, leases, raters, masks by state."""

from collections.abc import Callable, Iterator

from sqlalchemy import Column, ColumnElement, Connection, func, select

from madseg.labelling.masking.tables import TASKS
from madseg.labelling.masking.tasks import STATES
from madseg.labelling.scoring import kept
from madseg.labelling.scoring.tables import ASSIGNMENTS, CAMPAIGNS, ITEMS, JUDGEMENTS
from madseg.observing.readings import Figure, Reading
from madseg.ports import Database

ACTIVE_SECONDS = 900
"""A rater who has judged within these is active."""

KNOWN_SECONDS = 7 * 86_400
"""A rater of an open campaign who has judged within these, and isn't active, is idle."""

CAMPAIGNS_BY_STATE = Figure("madseg_labelling_campaigns", "Campaigns: open, scored or closed", ("state",))
MISSING_GRADES = Figure("madseg_labelling_grades_missing", "Grades that open campaigns still need")
LEASES = Figure("madseg_labelling_leases", "Images that raters hold now")
JUDGED = Figure(
    "madseg_labelling_judgements", "Judgements in force: grade, veto or abstention; repeats and carried too", ("kind",)
)
RATERS = Figure(
    "madseg_labelling_raters",
    "Raters of open campaigns: active (judged in the last 15 minutes) or idle (not so, but in the last 7 days)",
    ("state",),
)
MASKS = Figure("madseg_labelling_mask_tasks", "Tasks of masks by their state", ("state",))

FIGURES = (CAMPAIGNS_BY_STATE, MISSING_GRADES, LEASES, JUDGED, RATERS, MASKS)


def figures(database: Database, clock: Callable[[], int]) -> Iterator[Reading]:
    """All of them from one snapshot. `clock` gives microseconds since the epoch."""
    with database.snapshot() as tx:
        campaigns = _tally(tx, CAMPAIGNS.c.state)
        yield from (CAMPAIGNS_BY_STATE.at(campaigns.get(state, 0), state) for state in _CAMPAIGN_STATES)
        judged = _tally(tx, JUDGEMENTS.c.kind, JUDGEMENTS.c.state == kept.IN_FORCE)
        yield from (JUDGED.at(judged.get(kind, 0), kind) for kind in _KINDS)
        masks = _tally(tx, TASKS.c.state)
        yield from (MASKS.at(masks.get(state, 0), state) for state in STATES)
        now = clock()
        yield LEASES.at(_count(tx, ASSIGNMENTS.c.state == kept.LEASED, ASSIGNMENTS.c.leased_until > now))
        yield MISSING_GRADES.at(int(tx.execute(_NEEDED).scalar_one() or 0))
        yield from _raters(tx, now)


_CAMPAIGN_STATES = (*kept.GOING_ON, kept.CLOSED, kept.CANCELLED)
_KINDS = (kept.GRADE, kept.VETO, kept.ABSTENTION)

_IN_OPEN = CAMPAIGNS.c.state == kept.OPEN

_NEEDED = (
    select(func.sum(ITEMS.c.needed))
    .join(CAMPAIGNS, CAMPAIGNS.c.id == ITEMS.c.campaign_id)
    .where(_IN_OPEN, ITEMS.c.needed > 0)
)

_LAST = (
    select(func.max(JUDGEMENTS.c.given_at).label("at"))
    .join(CAMPAIGNS, CAMPAIGNS.c.id == JUDGEMENTS.c.campaign_id)
    .where(_IN_OPEN)
    .group_by(JUDGEMENTS.c.rater)
)


def _raters(tx: Connection, now: int) -> Iterator[Reading]:
    ages = [(now - row.at) / 1_000_000 for row in tx.execute(_LAST)]
    yield RATERS.at(sum(age < ACTIVE_SECONDS for age in ages), "active")
    yield RATERS.at(sum(ACTIVE_SECONDS <= age < KNOWN_SECONDS for age in ages), "idle")


def _tally(tx: Connection, column: Column[str], *where: ColumnElement[bool]) -> dict[str, int]:
    rows = tx.execute(select(column, func.count()).where(*where).group_by(column))
    return {value: int(count) for value, count in rows}


def _count(tx: Connection, *where: ColumnElement[bool]) -> int:
    return int(tx.execute(select(func.count()).where(*where)).scalar_one())
