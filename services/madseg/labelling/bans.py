"""Images that are forgotten for ever."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from madseg.labelling.tables import BANS

CHUNK = 500
"""Images looked up in one query."""


def banned(tx: Connection, images: Sequence[bytes]) -> set[bytes]:
    """Those of the images that are forgotten. In a write transaction it stays so until its end."""
    found: set[bytes] = set()
    for at in range(0, len(images), CHUNK):
        query = select(BANS.c.image_id).where(BANS.c.image_id.in_(images[at : at + CHUNK]))
        found.update(tx.execute(query).scalars())
    return found
