"""Vetoes: an image that one person finds out of domain is removed (Wang et al. 2022, section 4.2), and may come back.

A veto belongs to the image: in force in one campaign, it holds in all.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from madseg.core.errors import NotFound
from madseg.core.messages import checked_image_id
from madseg.labelling.scoring import kept
from madseg.labelling.scoring.judgements import Said, lifted, vetoed
from madseg.labelling.scoring.kept import Campaign
from madseg.labelling.scoring.tables import ITEMS, JUDGEMENTS
from madseg.ports import Database


@dataclass(frozen=True, slots=True)
class VetoRecord:
    """A veto for the audit; `at` in microseconds since the epoch. `revoked_by` "": it is in force."""

    image_id: str
    rater: str
    at: int
    reason: str
    text: str
    revoked_by: str


def vetoes(tx: Connection, found: Campaign) -> list[VetoRecord]:
    """The vetoes of a campaign's images, whichever campaign they were given in, newest first."""
    images = select(ITEMS.c.image_id).where(ITEMS.c.campaign_id == found.id)
    query = select(JUDGEMENTS).where(JUDGEMENTS.c.kind == kept.VETO, JUDGEMENTS.c.image_id.in_(images))
    rows = tx.execute(query.order_by(JUDGEMENTS.c.number.desc()))
    return [
        VetoRecord(row.image_id.hex(), row.rater, row.given_at, row.reason, row.text, row.changed_by or "")
        for row in rows
    ]


def revoke(database: Database, campaign_id: str, image_id: str, who: str, now: int) -> int:
    """Takes every veto of an image back, also those given in other campaigns; how many were in force.

    Raises:
        InvalidInput: no image id.
        NotFound: no such campaign, or the image isn't in it.
    """
    key = bytes.fromhex(checked_image_id(image_id))
    with database.write() as tx:
        found = kept.campaign(tx, campaign_id)
        item = item_of(tx, found, key)
        here = (JUDGEMENTS.c.image_id == key, kept.VETO_IN_FORCE)
        values = {"state": kept.REVOKED, "changed_at": now, "changed_by": who}
        revoked = tx.execute(update(JUDGEMENTS).where(*here).values(values)).rowcount
        if revoked:
            kept.settle(tx, found, [item.position])
            lifted(tx, key, now)
        return revoked


def veto(tx: Connection, found: Campaign, image: bytes, said: Said, who: str, now: int) -> None:
    """A veto that comes with no assignment: from somebody who was to draw the image, in a campaign that may be closed.

    Raises:
        NotFound: the image isn't in the campaign.
    """
    item = item_of(tx, found, image)
    values = {
        "campaign_id": found.id,
        "position": item.position,
        "image_id": image,
        "map_sha256": item.map_sha256,
        "rater": who,
        "repeat": False,
        "kind": kept.VETO,
        "reason": said.reason,
        "text": said.text,
        "looked_ms": 0,
        "given_at": now,
        "state": kept.IN_FORCE,
    }
    tx.execute(insert(JUDGEMENTS), values)
    kept.settle(tx, found, [item.position])
    vetoed(tx, image, now)


def item_of(tx: Connection, found: Campaign, image: bytes) -> Any:
    """An image's row in a campaign.

    Raises:
        NotFound: it isn't in it.
    """
    row = tx.execute(select(ITEMS).where(ITEMS.c.campaign_id == found.id, ITEMS.c.image_id == image)).one_or_none()
    if row is None:
        raise NotFound(f"image {image.hex()} is not in campaign {found.id}")
    return row
