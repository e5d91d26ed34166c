"""Accepted masks, in order of image id, a few at a time: an export holds neither the database nor much memory."""

from dataclasses import dataclass

from sqlalchemy import Connection, select, tuple_

from madseg.labelling.masking import tasks
from madseg.labelling.masking.revisions import unpacked
from madseg.labelling.masking.tables import REVISIONS, TASKS
from madseg.labelling.scoring import kept
from madseg.ports import Database

CHUNK = 4
"""Masks read at a time; one may have 16 MB."""

FIRST = (b"", 0)
"""Before every mask."""


@dataclass(frozen=True, slots=True)
class Exported:
    """An accepted mask, in wire form on the original's grid. `place` is its place in the order."""

    image_id: str
    purpose: str
    label_map: bytes
    annotator: str
    reviewer: str
    revision: int
    place: tuple[bytes, int]


def chunk(database: Database, campaign_id: str, purpose: str, after: tuple[bytes, int]) -> list[Exported]:
    """The masks that follow a place; none: that was all. "" is all campaigns, and all purposes but second opinions.

    Raises:
        NotFound: no such campaign.
    """
    with database.snapshot() as tx:
        return _chunk(tx, campaign_id, purpose, after)


def _chunk(tx: Connection, campaign_id: str, purpose: str, after: tuple[bytes, int]) -> list[Exported]:
    accepted = (REVISIONS.c.task_id == TASKS.c.id) & (REVISIONS.c.revision == TASKS.c.accepted_revision)
    query = select(TASKS, REVISIONS.c.map, REVISIONS.c.author).join(REVISIONS, accepted)
    query = query.where(TASKS.c.state == tasks.ACCEPTED)
    query = query.where(TASKS.c.purpose == purpose if purpose else TASKS.c.purpose != tasks.SECOND_OPINION)
    if campaign_id:
        query = query.where(TASKS.c.campaign_id == kept.campaign(tx, campaign_id).id)
    image, number = after
    query = query.where(tuple_(TASKS.c.image_id, TASKS.c.number) > tuple_(image, number))
    rows = tx.execute(query.order_by(TASKS.c.image_id, TASKS.c.number).limit(CHUNK))
    return [
        Exported(
            image_id=row.image_id.hex(),
            purpose=row.purpose,
            label_map=unpacked(row.map),
            annotator=row.author,
            reviewer=row.reviewer,
            revision=row.accepted_revision,
            place=(row.image_id, row.number),
        )
        for row in rows
    ]
