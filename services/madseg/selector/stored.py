"""What the tables say of an image, read into Python and back."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy import Row as TableRow

from madseg.core.messages import ImageFacts
from madseg.core.preprocess import signed_hash, unsigned_hash
from madseg.core.times import micros, moment
from madseg.selector.bulk import Row
from madseg.selector.packing import unpack_maps
from madseg.selector.tables import IMAGES, MAPS, TALLIES
from madseg.selector.upsert import upsert


def number_of(tx: Connection, image_id: bytes) -> int | None:
    """The number of an image, or None where nothing is known of it."""
    query = select(IMAGES.c.number).where(IMAGES.c.image_id == image_id)
    number: int | None = tx.execute(query).scalar_one_or_none()
    return number


def stored_maps(tx: Connection, numbers: Collection[int]) -> dict[int, dict[int, tuple[bytes, float | None]]]:
    """Per image number the stored maps in their wire form and their mean entropies, by version id."""
    found: dict[int, dict[int, tuple[bytes, float | None]]] = {number: {} for number in numbers}
    query = select(MAPS.c.number, MAPS.c.versions, MAPS.c.content).where(MAPS.c.number.in_(numbers))
    for row in tx.execute(query) if numbers else ():
        versions = [int(part) for part in row.versions.split(",")]
        found[row.number].update(zip(versions, zip(*unpack_maps(row.content), strict=True), strict=True))
    return found


def image_row(number: int, facts: ImageFacts, versions: tuple[str, str]) -> Row:
    """The row of `images`."""
    return (
        number,
        bytes.fromhex(facts.image_id),
        signed_hash(facts.perceptual_hash),
        facts.source,
        micros(facts.captured_at),
        json.dumps(dict(facts.tags), sort_keys=True) if facts.tags else "",
        facts.random_lane,
        *versions,
        None if facts.accepted_at is None else micros(facts.accepted_at),
    )


def facts_of(row: TableRow[Any]) -> ImageFacts:
    """The facts in a row of `images`."""
    return ImageFacts(
        image_id=row.image_id.hex(),
        perceptual_hash=unsigned_hash(row.perceptual_hash),
        source=row.source,
        captured_at=moment(row.captured_at),
        tags=json.loads(row.tags) if row.tags else {},
        random_lane=row.random_lane,
        accepted_at=None if row.accepted_at is None else moment(row.accepted_at),
    )


def set_versions(tx: Connection, rows: Sequence[tuple[int, str, str]]) -> None:
    """Sets `stored` and `failed` of images by their numbers."""
    if rows:
        here = update(IMAGES).where(IMAGES.c.number == bindparam("at"))
        values = [{"at": number, "now_stored": stored, "now_failed": failed} for number, stored, failed in rows]
        tx.execute(here.values(stored=bindparam("now_stored"), failed=bindparam("now_failed")), values)


def tally(tx: Connection, shard: int, moves: Iterable[tuple[tuple[str, str] | None, tuple[str, str] | None]]) -> None:
    """Moves images between the tallies of their version sets; None is nowhere."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for before, after in moves:
        if before is not None:
            counts[before] -= 1
        if after is not None:
            counts[after] += 1
    rows = [
        {"shard": shard, "stored": stored, "failed": failed, "images": images}
        for (stored, failed), images in counts.items()
        if images
    ]
    upsert(tx, TALLIES, rows, update=(), add=("images",))


def joined(numbers: set[int]) -> str:
    """Version ids as a column: ascending, by commas."""
    return ",".join(map(str, sorted(numbers)))


def split(text: str) -> set[int]:
    """What `joined` joined."""
    return {int(part) for part in text.split(",")} if text else set()
