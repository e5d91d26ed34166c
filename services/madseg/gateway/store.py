"""The gateway's tables: images in order of acceptance, facts of imported maps, bans, and how many images came in within
windows of time. Nobody else reads them.

Times are microseconds since 1970 in UTC. A ban hides an image in every query from the moment it is committed,
so that an upload under way can't revive it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    Text,
    cast,
    delete,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from madseg.core.messages import ImageAccepted, ImageFacts
from madseg.core.preprocess import Box, Size, signed_hash, unsigned_hash
from madseg.core.times import micros, moment

METADATA = MetaData()

IMAGES = Table(
    "gateway_images",
    METADATA,
    # SQLite counts up by itself only in a column of its type INTEGER.
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("image_id", String(32), nullable=False, unique=True),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("original_uri", Text, nullable=False),
    Column("canonical_uri", Text, nullable=False),
    Column("media_type", String(32), nullable=False),
    Column("name", Text, nullable=False),
    Column("height", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("crop_left", Integer, nullable=False),
    Column("crop_top", Integer, nullable=False),
    Column("crop_width", Integer, nullable=False),
    Column("crop_height", Integer, nullable=False),
    Column("grid_id", String(64), nullable=False),
    Column("perceptual_hash", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("captured_at", BigInteger, nullable=False),
    Column("accepted_at", BigInteger, nullable=False),
    Column("tags", Text, nullable=False),
    Column("random_lane", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

Index("gateway_images_by_age", IMAGES.c.accepted_at)

IMPORTED = Table(
    "gateway_imported",
    METADATA,
    Column("image_id", String(32), primary_key=True),
    Column("source", Text, nullable=False),
    Column("captured_at", BigInteger, nullable=False),
)

Index("gateway_imported_by_age", IMPORTED.c.captured_at)

BANS = Table(
    "gateway_bans",
    METADATA,
    Column("image_id", String(32), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("banned_at", BigInteger, nullable=False),
    # False until every part has forgotten the image.
    Column("finished", Boolean, nullable=False),
)


TAKEN = Table(
    "gateway_taken",
    METADATA,
    # "" stands for all sources together.
    Column("source", Text, primary_key=True),
    Column("seconds", Integer, primary_key=True, autoincrement=False),
    Column("begun", BigInteger, primary_key=True, autoincrement=False),
    Column("images", Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Window:
    """A window of time for the images of a source, "" for all: its length in seconds and when it began."""

    source: str
    seconds: int
    begun: int


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An accepted image as it was published, with what only the gateway keeps."""

    accepted: ImageAccepted
    media_type: str
    name: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Images accepted and not forgotten, those of them in the random lane, images banned."""

    accepted: int
    random_lane: int
    forgotten: int


def add_image(tx: Connection, image: StoredImage) -> bool:
    """True where it is new; False where it is in already, which changes nothing."""
    return _add(tx, IMAGES, _values(image))


def find_images(tx: Connection, image_ids: Sequence[str]) -> dict[str, StoredImage]:
    """Those of the images that are accepted and not forgotten."""
    rows = tx.execute(select(IMAGES).where(IMAGES.c.image_id.in_(image_ids), _living(IMAGES)))
    return {row.image_id: _image(row) for row in rows}


def list_images(
    tx: Connection, after: int, until: int, limit: int, *, random_lane: bool = False
) -> list[tuple[int, str]]:
    """(sequence, id) of at most `limit` images with sequence numbers in (after, until], in order of acceptance; with
    `random_lane` of that alone."""
    asked = IMAGES.c.sequence > after, IMAGES.c.sequence <= until
    query = select(IMAGES.c.sequence, IMAGES.c.image_id).where(*asked, _living(IMAGES))
    if random_lane:
        query = query.where(IMAGES.c.random_lane)
    return [(row.sequence, row.image_id) for row in tx.execute(query.order_by(IMAGES.c.sequence).limit(limit))]


def last_sequence(tx: Connection) -> int:
    """The largest sequence number that is committed; 0 where there is none."""
    return int(tx.execute(select(func.coalesce(func.max(IMAGES.c.sequence), 0))).scalar_one())


def import_facts(tx: Connection, facts: ImageFacts) -> ImageFacts:
    """What is known of an image without a picture: what was said first, so that later maps carry the same."""
    values = {"image_id": facts.image_id, "source": facts.source, "captured_at": micros(facts.captured_at)}
    _add(tx, IMPORTED, values)
    row = tx.execute(select(IMPORTED).where(IMPORTED.c.image_id == facts.image_id)).one()
    at = moment(row.captured_at)
    return ImageFacts(row.image_id, None, row.source, at, random_lane=facts.random_lane, accepted_at=at)


def ban(tx: Connection, image_id: str, reason: str, now: int) -> None:
    """Bans an image for ever; the first reason stays."""
    _add(tx, BANS, {"image_id": image_id, "reason": reason, "banned_at": now, "finished": False})


def banned(tx: Connection, image_ids: Sequence[str]) -> set[str]:
    """Those of the images that are forgotten."""
    return set(tx.execute(select(BANS.c.image_id).where(BANS.c.image_id.in_(image_ids))).scalars())


def unfinished_bans(tx: Connection, limit: int) -> list[tuple[str, str]]:
    """(id, reason) of images that some part has yet to forget, oldest first."""
    query = select(BANS.c.image_id, BANS.c.reason).where(BANS.c.finished.is_(False))
    rows = tx.execute(query.order_by(BANS.c.banned_at, BANS.c.image_id).limit(limit))
    return [(row.image_id, row.reason) for row in rows]


def finish_ban(tx: Connection, image_id: str) -> None:
    """Every part has forgotten the image."""
    tx.execute(update(BANS).where(BANS.c.image_id == image_id).values(finished=True))


def reopen_ban(tx: Connection, image_id: str) -> bool:
    """Has the ban of an image carried out once more; False where there is none."""
    return tx.execute(update(BANS).where(BANS.c.image_id == image_id).values(finished=False)).rowcount > 0


def reopen_bans(tx: Connection, since: int) -> None:
    """Has the bans since a time carried out once more."""
    tx.execute(update(BANS).where(BANS.c.banned_at >= since).values(finished=False))


def image_uris(tx: Connection, image_id: str) -> list[str]:
    """Where the pictures of an image are, banned or not; nothing where there is no row."""
    row = tx.execute(select(IMAGES.c.original_uri, IMAGES.c.canonical_uri).where(IMAGES.c.image_id == image_id)).first()
    return list(row) if row else []


def remove_image(tx: Connection, image_id: str) -> None:
    """Removes all rows of an image but its ban."""
    for table in (IMAGES, IMPORTED):
        tx.execute(delete(table).where(table.c.image_id == image_id))


def older_images(tx: Connection, before: int, limit: int) -> list[str]:
    """At most `limit` images that were accepted before a time, the oldest first, then those known by imports alone."""
    accepted = select(IMAGES.c.image_id).where(IMAGES.c.accepted_at < before).order_by(IMAGES.c.accepted_at)
    found = list(tx.execute(accepted.limit(limit)).scalars())
    pictured = exists().where(IMAGES.c.image_id == IMPORTED.c.image_id)
    imported = select(IMPORTED.c.image_id).where(IMPORTED.c.captured_at < before, ~pictured)
    return found + list(tx.execute(imported.order_by(IMPORTED.c.captured_at).limit(limit - len(found))).scalars())


def lock_older_images(tx: Connection, image_ids: Sequence[str], before: int) -> dict[str, list[str]]:
    """URIs of the pictures of those images that were accepted before a time and that nobody else has locked."""
    query = select(IMAGES.c.image_id, IMAGES.c.original_uri, IMAGES.c.canonical_uri)
    query = query.where(IMAGES.c.image_id.in_(image_ids), IMAGES.c.accepted_at < before)
    return {row[0]: list(row[1:]) for row in tx.execute(query.with_for_update(skip_locked=True))}


def remove_older(tx: Connection, image_ids: Sequence[str], locked: Sequence[str], before: int) -> int:
    """Removes the rows of images that were locked, and what was imported of images before a time; how many rows."""
    images = tx.execute(delete(IMAGES).where(IMAGES.c.image_id.in_(locked))).rowcount
    pictured = exists().where(IMAGES.c.image_id == IMPORTED.c.image_id)
    old = IMPORTED.c.image_id.in_(image_ids) & (IMPORTED.c.captured_at < before)
    return images + tx.execute(delete(IMPORTED).where(old, ~pictured)).rowcount


def taken(tx: Connection, window: Window) -> int:
    """How many images have a place in a window."""
    return tx.execute(select(TAKEN.c.images).where(*_is(window))).scalar() or 0


def take_place(tx: Connection, window: Window, most: int) -> bool:
    """Takes one more place in a window; False where `most` are taken, which changes nothing."""
    if most < 1:
        return False
    values = {"source": window.source, "seconds": window.seconds, "begun": window.begun, "images": 1}
    more = {"images": TAKEN.c.images + 1}
    key, free = [TAKEN.c.source, TAKEN.c.seconds, TAKEN.c.begun], TAKEN.c.images < most
    insert = _insert(tx, TAKEN).values(values)
    statement = insert.on_conflict_do_update(index_elements=key, set_=more, where=free)
    return tx.execute(statement.returning(TAKEN.c.images)).first() is not None


def give_place(tx: Connection, window: Window) -> None:
    """Gives a place back that was taken."""
    tx.execute(update(TAKEN).where(*_is(window)).values(images=TAKEN.c.images - 1))


def drop_windows(tx: Connection, ended_before: int) -> int:
    """Removes windows that ended before a time; how many."""
    ended = TAKEN.c.begun + cast(TAKEN.c.seconds, BigInteger) * 1_000_000 < ended_before
    return tx.execute(delete(TAKEN).where(ended)).rowcount


def counts(tx: Connection) -> Counts:
    """Reads all images' rows: about a tenth of a second for a million."""
    living = select(func.count(), func.count().filter(IMAGES.c.random_lane)).where(_living(IMAGES))
    accepted, random_lane = tx.execute(living).one()
    return Counts(accepted, random_lane, tx.execute(select(func.count()).select_from(BANS)).scalar_one())


def count_random_lane(tx: Connection) -> int:
    """Images of the random lane that are not forgotten. Reads all images' rows, the bans of those in the lane alone."""
    lane = select(func.count()).select_from(IMAGES).where(IMAGES.c.random_lane, _living(IMAGES))
    return int(tx.execute(lane).scalar_one())


def _living(table: Table) -> Any:
    return ~exists().where(BANS.c.image_id == table.c.image_id)


def _is(window: Window) -> tuple[ColumnElement[bool], ...]:
    return TAKEN.c.source == window.source, TAKEN.c.seconds == window.seconds, TAKEN.c.begun == window.begun


def _insert(tx: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if tx.dialect.name == "postgresql" else sqlite.insert(table)


def _add(tx: Connection, table: Table, values: dict[str, object]) -> bool:
    statement = _insert(tx, table).values(values).on_conflict_do_nothing(index_elements=["image_id"])
    return tx.execute(statement.returning(table.c.image_id)).first() is not None


def _values(image: StoredImage) -> dict[str, object]:
    accepted, facts = image.accepted, image.accepted.image
    assert facts.perceptual_hash is not None
    return {
        "image_id": facts.image_id,
        "sha256": accepted.sha256,
        "original_uri": accepted.original_uri,
        "canonical_uri": accepted.canonical_uri,
        "media_type": image.media_type,
        "name": image.name,
        "height": accepted.original_size.height,
        "width": accepted.original_size.width,
        "crop_left": accepted.crop.left,
        "crop_top": accepted.crop.top,
        "crop_width": accepted.crop.width,
        "crop_height": accepted.crop.height,
        "grid_id": accepted.grid_id,
        "perceptual_hash": signed_hash(facts.perceptual_hash),
        "source": facts.source,
        "captured_at": micros(facts.captured_at),
        "accepted_at": micros(accepted.accepted_at),
        "tags": json.dumps(dict(facts.tags), sort_keys=True),
        "random_lane": facts.random_lane,
    }


def _image(row: Row[Any]) -> StoredImage:
    facts = ImageFacts(
        image_id=row.image_id,
        perceptual_hash=unsigned_hash(row.perceptual_hash),
        source=row.source,
        captured_at=moment(row.captured_at),
        tags=json.loads(row.tags),
        random_lane=row.random_lane,
        accepted_at=moment(row.accepted_at),
    )
    accepted = ImageAccepted(
        image=facts,
        sha256=row.sha256,
        original_uri=row.original_uri,
        canonical_uri=row.canonical_uri,
        original_size=Size(row.height, row.width),
        crop=Box(row.crop_left, row.crop_top, row.crop_width, row.crop_height),
        grid_id=row.grid_id,
    )
    return StoredImage(accepted, row.media_type, row.name)
