"""Accepted masks, in order of image id, a few at a time: an export holds neither the database nor much memory.

An image may have several: of several campaigns, for several purposes. A mask's place in the order never changes, so an
export that goes on after a place passes over none that was accepted before it began.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select, tuple_

from madseg.core.errors import InvalidInput
from madseg.core.messages import checked_image_id
from madseg.labelling.masking import tasks
from madseg.labelling.masking.revisions import unpacked
from madseg.labelling.masking.tables import REVISIONS, TASKS
from madseg.labelling.scoring import kept
from madseg.ports import Database
from madseg.requests import foreign_token, from_token, token

CHUNK = 4
"""Masks read at a time; one may have 16 MB."""

FIRST = (b"", 0)
"""Before every mask."""

_LARGEST = (1 << 63) - 1

_FIELD = "resume_token"


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

    @property
    def resume_token(self) -> str:
        """Names its place."""
        image, number = self.place
        return token(image=image.hex(), task=number)


def start(after_image_id: str, resume_token: str) -> tuple[bytes, int]:
    """The place to begin after: the token's, else the last of an image, else before every mask.

    Raises:
        InvalidInput: it is no image id, or no token of an export.
    """
    if resume_token:
        return _place(from_token(resume_token, _FIELD))
    return (bytes.fromhex(checked_image_id(after_image_id)), _LARGEST) if after_image_id else FIRST


def chunk(database: Database, campaign_id: str, purpose: str, after: tuple[bytes, int]) -> list[Exported]:
    """The masks that follow a place; none: that was all. "" is all campaigns, and all purposes but second opinions.

    Raises:
        NotFound: no such campaign.
    """
    with database.snapshot() as tx:
        return _chunk(tx, campaign_id, purpose, after)


def _place(said: Mapping[str, object]) -> tuple[bytes, int]:
    image, number = said.get("image"), said.get("task")
    if not isinstance(image, str) or not isinstance(number, int) or not 0 <= number <= _LARGEST:
        raise foreign_token(_FIELD)
    try:
        return bytes.fromhex(checked_image_id(image)), number
    except InvalidInput:
        raise foreign_token(_FIELD) from None


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
