"""A campaign is ended before its time: nobody is asked any more, and what isn't drawn may be mined again.

Nothing that was said or drawn is lost: grades carry over to later campaigns, and accepted masks stay where they are.
"""

from sqlalchemy import Connection, select, update

from madseg.labelling.masking import tasks
from madseg.labelling.masking.tables import TASKS
from madseg.labelling.scoring import errands, kept
from madseg.labelling.scoring.errands import REASON_OF, Act, Reason
from madseg.labelling.scoring.kept import Campaign
from madseg.labelling.scoring.standing import COUNTEREXAMPLE
from madseg.labelling.scoring.tables import ASSIGNMENTS, CAMPAIGNS, CHOSEN
from madseg.ports import Database

_OPEN = (tasks.WAITING, tasks.DRAWING, tasks.SUBMITTED, tasks.IN_REVIEW)


def cancel(database: Database, campaign_id: str, who: str, now: int) -> int:
    """Ends a campaign, in one transaction; how many mask tasks end with it. A second call ends nothing more.

    One whose sets are chosen stays closed: its tasks that aren't accepted are cancelled, and their images leave S and
    T.

    Raises:
        NotFound: no such campaign.
    """
    with database.write() as tx:
        found = kept.campaign(tx, campaign_id)
        if found.state in kept.GOING_ON:
            asked = (ASSIGNMENTS.c.campaign_id == found.id, ASSIGNMENTS.c.state.in_([kept.LEASED, kept.PLANNED]))
            tx.execute(update(ASSIGNMENTS).where(*asked).values(state=kept.RETURNED))
            _changed(tx, found, state=kept.CANCELLED)
        if found.state != kept.CLOSED:
            return 0
        query = select(TASKS).where(TASKS.c.campaign_id == found.id, TASKS.c.state.in_(_OPEN))
        ended = [tasks.from_row(row) for row in tx.execute(query).all()]
        for item in ended:
            tasks.change(tx, item, now, state=tasks.CANCELLED)
            tasks.record(tx, item, who, "cancelled", now)
        beside = [bytes.fromhex(item.image_id) for item in ended if item.purpose == COUNTEREXAMPLE]
        errands.ask(tx, beside, Act.RESTORE, Reason.TRAINING, now)  # S, and what was added to it
        if _leave(tx, found, now) or ended:
            _changed(tx, found)
        return len(ended)


def _leave(tx: Connection, found: Campaign, now: int) -> int:
    """Images of S and T without an accepted mask leave them, and may be mined again; how many."""
    drawn = select(TASKS.c.image_id).where(TASKS.c.campaign_id == found.id, TASKS.c.state == tasks.ACCEPTED)
    here = (CHOSEN.c.campaign_id == found.id, CHOSEN.c.purpose.in_(list(REASON_OF)), CHOSEN.c.left_at.is_(None))
    undrawn = (*here, CHOSEN.c.image_id.not_in(drawn))
    rows = tx.execute(select(CHOSEN.c.purpose, CHOSEN.c.image_id).where(*undrawn)).all()
    tx.execute(update(CHOSEN).where(*undrawn).values(left_at=now))
    for purpose, reason in REASON_OF.items():
        images = [row.image_id for row in rows if row.purpose == purpose]
        errands.ask(tx, images, Act.RESTORE, reason, now)
    return len(rows)


def _changed(tx: Connection, found: Campaign, **values: object) -> None:
    here = update(CAMPAIGNS).where(CAMPAIGNS.c.id == found.id)
    tx.execute(here.values(revision=CAMPAIGNS.c.revision + 1, **values))
