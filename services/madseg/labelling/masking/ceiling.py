"""The human ceiling: how alike two people draw the same image. No model is to be expected to do better."""

from dataclasses import dataclass
from statistics import fmean

from sqlalchemy import Connection, select

from madseg.core.confusion import confusion, mean_iou
from madseg.core.label_map import decode
from madseg.labelling.masking import tasks
from madseg.labelling.masking.revisions import unpacked
from madseg.labelling.masking.tables import REVISIONS, TASKS
from madseg.labelling.scoring import kept
from madseg.ports import Database


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Mean over `images` of the mIoU of two accepted masks, [0, 1]; None without such an image."""

    images: int
    mean_iou: float | None


def ceiling(database: Database, campaign_id: str) -> Ceiling:
    """Of one campaign, "" of all. Reads two masks an image.

    Raises:
        NotFound: no such campaign.
    """
    first, second = TASKS.alias("first"), TASKS.alias("second")
    query = select(first.c.id, second.c.id).join(second, second.c.first_id == first.c.id)
    query = query.where(first.c.state == tasks.ACCEPTED, second.c.state == tasks.ACCEPTED)
    with database.snapshot() as tx:
        if campaign_id:
            query = query.where(first.c.campaign_id == kept.campaign(tx, campaign_id).id)
        pairs = tx.execute(query.order_by(first.c.number)).all()
        ious = [_alike(tx, one, other) for one, other in pairs]
    return Ceiling(len(ious), fmean(ious) if ious else None)


def _alike(tx: Connection, one: str, other: str) -> float:
    first, second = (tx.execute(_MASK.where(TASKS.c.id == item)).one() for item in (one, other))
    return mean_iou(confusion(decode(unpacked(first.map)), decode(unpacked(second.map)), first.classes))


_MASK = select(REVISIONS.c.map, TASKS.c.classes).join(
    TASKS, (REVISIONS.c.task_id == TASKS.c.id) & (REVISIONS.c.revision == TASKS.c.accepted_revision)
)
