"""What the tables say of an image, read into Python and back."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select

from madseg.core.messages import ImageFacts
from madseg.selector.bulk import Row
from madseg.selector.packing import unpack_maps
from madseg.selector.tables import IMAGES, MAPS, TALLIES
from madseg.selector.upsert import upsert

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def number_of(tx: Connection, image_id: bytes) -> int | None:
    """The number of an image, or None where nothing is known of it."""
    query = select(IMAGES.c.number).where(IMAGES.c.image_id == image_id)
    number: int | None = tx.execute(query).scalar_one_or_none()
    return number


def stored_maps(tx: Connection, number: int) -> dict[int, tuple[bytes, float | None]]:
    """The stored maps of an image in their wire form and their mean entropies, by version id."""
    found: dict[int, tuple[bytes, float | None]] = {}
    for row in tx.execute(select(MAPS.c.versions, MAPS.c.content).where(MAPS.c.number == number)):
        versions = [int(part) for part in row.versions.split(",")]
        found.update(zip(versions, zip(*unpack_maps(row.content), strict=True), strict=True))
    return found


def image_row(number: int, facts: ImageFacts, versions: tuple[str, str]) -> Row:
    """The row of `images`; the 64-bit hash as the signed number that databases have."""
    hashed = facts.perceptual_hash
    return (
        number,
        bytes.fromhex(facts.image_id),
        None if hashed is None else hashed - (1 << 64) * (hashed >> 63),
        facts.source,
        (facts.captured_at - _EPOCH) // _MICROSECOND,
        json.dumps(dict(facts.tags), sort_keys=True) if facts.tags else "",
        facts.random_lane,
        *versions,
    )


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
