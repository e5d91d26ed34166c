"""Changes that people and other services make: exclusions, restorations, forgetting."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from madseg.core.errors import InvalidInput
from madseg.core.messages import checked_image_id
from madseg.ports import Database
from madseg.selector import candidate_sets
from madseg.selector.criteria import Criteria
from madseg.selector.ids import checked_ids
from madseg.selector.offsets import bump
from madseg.selector.remove import remove_images
from madseg.selector.tables import BANS, EXCLUSIONS, IMAGES
from madseg.selector.upsert import insert_absent


def exclude(database: Database, image_ids: Sequence[str], reason: str, now: int) -> int:
    """Keeps images out of rankings and cuts for a reason; returns how many weren't out for it before.

    `now` in microseconds since the epoch. Images that haven't come yet may be excluded too.

    Raises:
        InvalidInput: more than 1000 ids, an invalid id, no reason or one over 200 characters.
    """
    keys = _keys(image_ids, reason)
    with database.write() as tx:
        there = _excluded(tx, keys, reason)
        rows = [{"image_id": key, "reason": reason, "excluded_at": now} for key in keys if key not in there]
        insert_absent(tx, EXCLUSIONS, rows)
        if rows:
            bump(tx, "edits")
        return len(rows)


def restore(database: Database, image_ids: Sequence[str], reason: str) -> int:
    """Takes exclusions for a reason back; returns how many there were.

    Raises:
        InvalidInput: as `exclude`.
    """
    keys = _keys(image_ids, reason)
    with database.write() as tx:
        there = _excluded(tx, keys, reason)
        tx.execute(delete(EXCLUSIONS).where(EXCLUSIONS.c.image_id.in_(there), EXCLUSIONS.c.reason == reason))
        if there:
            bump(tx, "edits")
        return len(there)


def forget(database: Database, criteria: Criteria, image_id: str, reason: str, now: int) -> list[str]:
    """Bans an image for ever and removes everything stored of it; returns what is gone, one sentence each.

    Every later record of the image is dropped, so that nothing in flight revives it. Idempotent.

    Raises:
        InvalidInput: an invalid id, no reason.
    """
    key = bytes.fromhex(checked_image_id(image_id))
    if not reason.strip() or "\0" in reason:
        raise InvalidInput("forgetting an image needs a reason without NUL", field="reason")
    with database.write() as tx:
        insert_absent(tx, BANS, [{"image_id": key, "reason": reason, "banned_at": now}])
        images = tx.execute(select(IMAGES).where(IMAGES.c.image_id == key)).all()
        counts = remove_images(tx, criteria, images)
        counts["exclusions"] = tx.execute(delete(EXCLUSIONS).where(EXCLUSIONS.c.image_id == key)).rowcount
        counts |= candidate_sets.forget(tx, key)
        bump(tx, "edits")
        return [f"{number} {what}" for what, number in counts.items() if number]


def _keys(image_ids: Sequence[str], reason: str) -> list[bytes]:
    ids = checked_ids(image_ids, least=1)
    if not reason.strip() or len(reason) > 200 or "\0" in reason:
        raise InvalidInput(f"a reason has 1..200 characters and no NUL, got {len(reason)}", field="reason")
    return [bytes.fromhex(image_id) for image_id in dict.fromkeys(ids)]


def _excluded(tx: Connection, keys: Sequence[bytes], reason: str) -> set[bytes]:
    """Those of the keys that are excluded for the reason already."""
    query = select(EXCLUSIONS.c.image_id).where(EXCLUSIONS.c.image_id.in_(keys), EXCLUSIONS.c.reason == reason)
    return {row.image_id for row in tx.execute(query)}
