"""An image is forgotten: all that was said and drawn of it is removed, and nothing of it comes in again.

The ban is a row that every transaction looks for which could bring the image back. It and the removal are one
transaction, so what is in flight either comes before and is removed, or finds the ban.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Table, delete, func, insert, select, update

from madseg.core.errors import InvalidInput
from madseg.core.messages import checked_image_id
from madseg.labelling.bans import banned
from madseg.labelling.masking import tasks
from madseg.labelling.masking.tables import EVENTS, FINDINGS, MESSAGES, REVISIONS, TASKS
from madseg.labelling.scoring import kept
from madseg.labelling.scoring.adapting import adapt
from madseg.labelling.scoring.kept import Place
from madseg.labelling.scoring.standing import COUNTEREXAMPLE
from madseg.labelling.scoring.tables import ASSIGNMENTS, CAMPAIGNS, CHOSEN, ERRANDS, ITEMS, JUDGEMENTS
from madseg.labelling.tables import BANS
from madseg.ports import Database


def forget(database: Database, image_id: str, reason: str, now: int) -> tuple[list[str], list[str]]:
    """Bans an image for ever and removes all of it; what is gone and what stays, one sentence each. Idempotent.

    The campaigns that it was in go on, or stay closed, without it; nobody takes its place in S or T.

    Raises:
        InvalidInput: no image id, or no reason.
    """
    image = bytes.fromhex(checked_image_id(image_id))
    if not reason.strip():
        raise InvalidInput("forgetting an image needs a reason: it is kept for the audit", field="reason")
    with database.write() as tx:
        if not banned(tx, [image]):
            tx.execute(insert(BANS), {"image_id": image, "reason": reason, "banned_at": now})
        stays = _learned(tx, image)
        drawn, said = _drawn(tx, image), _said(tx, image)
        gone = [f"{number} {what}" for what, number in (said | drawn).items() if number]
        return gone, ["the ban itself in labelling: the id, the reason and the time", *stays]


def _learned(tx: Connection, image: bytes) -> list[str]:
    """Where a mask of the image was accepted for training, which weights may stand on it."""
    query = select(CAMPAIGNS).join(TASKS, TASKS.c.campaign_id == CAMPAIGNS.c.id)
    accepted = query.where(TASKS.c.purpose == COUNTEREXAMPLE, TASKS.c.state == tasks.ACCEPTED)
    return [
        f"what versions of {row.target_model} after {row.target_version} learned from its mask in campaign {row.id}, "
        "and its picture and mask in the folders of those runs: `madseg finetune list` names them"
        for row in tx.execute(accepted.where(TASKS.c.image_id == image))
    ]


def _drawn(tx: Connection, image: bytes) -> dict[str, int]:
    """Removes tasks with all that hangs on them; how much of each."""
    ids = list(tx.execute(select(TASKS.c.id).where(TASKS.c.image_id == image)).scalars())
    counts = {
        "masks, every revision of them": _removed(tx, REVISIONS, ids),
        "findings": _removed(tx, FINDINGS, ids),
        "messages": _removed(tx, MESSAGES, ids),
    }
    _removed(tx, EVENTS, ids)
    here = delete(TASKS).where(TASKS.c.image_id == image)
    second = tx.execute(here.where(TASKS.c.first_id.is_not(None))).rowcount
    counts["mask tasks"] = second + tx.execute(here).rowcount
    tx.execute(update(TASKS).where(TASKS.c.replacement == image).values(replacement=None))
    return counts


def _removed(tx: Connection, table: Table, ids: Sequence[str]) -> int:
    return int(tx.execute(delete(table).where(table.c.task_id.in_(ids))).rowcount)


def _said(tx: Connection, image: bytes) -> dict[str, int]:
    """Removes the image from campaigns, with what was judged and chosen; how much of each."""
    places = [(row.campaign_id, row.position) for row in tx.execute(select(ITEMS).where(ITEMS.c.image_id == image))]
    counts = {"judgements": tx.execute(delete(JUDGEMENTS).where(JUDGEMENTS.c.image_id == image)).rowcount}
    for campaign_id, position in places:
        here = (ASSIGNMENTS.c.campaign_id == campaign_id, ASSIGNMENTS.c.position == position)
        tx.execute(delete(ASSIGNMENTS).where(*here))
    for what, table in (("places in campaigns", ITEMS), ("places in S, T and the line behind S", CHOSEN)):
        counts[what] = tx.execute(delete(table).where(table.c.image_id == image)).rowcount
    tx.execute(delete(ERRANDS).where(ERRANDS.c.image_id == image))
    for place in places:
        _recount(tx, place)
    return counts


def _recount(tx: Connection, place: Place) -> None:
    """A campaign without one of its images: its counts, whether it needs anything, and who is still asked about."""
    campaign_id, _ = place
    images = select(func.count()).where(ITEMS.c.campaign_id == campaign_id).scalar_subquery()
    carried = select(func.count()).where(JUDGEMENTS.c.campaign_id == campaign_id, JUDGEMENTS.c.origin.is_not(None))
    values = {"images": images, "carried": carried.scalar_subquery(), "revision": CAMPAIGNS.c.revision + 1}
    tx.execute(update(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign_id).values(values))
    found = kept.campaign(tx, campaign_id)
    if found.state in kept.GOING_ON:
        kept.settle(tx, found, [])
        adapt(tx, found)
