"""How far back images, their maps and everything made from these go.

The gateway knows when it accepted an image and says which have expired. From then on a record of an image that was
accepted before the *horizon* is dropped: nothing in flight revives it, and the same picture sent again is a new image,
as that was accepted later.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from madseg.core.errors import InvalidInput
from madseg.ports import Database
from madseg.selector.criteria import Criteria
from madseg.selector.ids import checked_ids
from madseg.selector.offsets import bump, counter
from madseg.selector.remove import remove_images
from madseg.selector.tables import COUNTERS, IMAGES
from madseg.selector.upsert import upsert


def expire(database: Database, criteria: Criteria, image_ids: Sequence[str], accepted_before: int, now: int) -> int:
    """Removes those of the images that were accepted before a time; how many. Idempotent.

    Times are in microseconds since the epoch. What people said of the images stays: exclusions hold if they come
    again, candidate sets keep their rows.

    Raises:
        InvalidInput: more than 1000 ids, an invalid one, or a time that is still to come.
    """
    keys = [bytes.fromhex(image_id) for image_id in checked_ids(image_ids)]
    if accepted_before > now:  # it would shut out whatever comes
        raise InvalidInput("accepted_before must not be in the future", field="accepted_before")
    with database.write() as tx:
        _raise_horizon(tx, accepted_before)
        old = IMAGES.c.accepted_at.is_(None) | (IMAGES.c.accepted_at < accepted_before)
        images = tx.execute(select(IMAGES).where(IMAGES.c.image_id.in_(keys), old)).all()
        if images:
            remove_images(tx, criteria, images)
            bump(tx, "edits")
        return len(images)


def _raise_horizon(tx: Connection, to: int) -> None:
    """Every batch learns of it, since the layout is loaded anew. It never falls."""
    if to > counter(tx, "horizon"):
        upsert(tx, COUNTERS, [{"name": "horizon", "value": to}], update=("value",))
        bump(tx, "layout")
