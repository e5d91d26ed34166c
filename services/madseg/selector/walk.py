"""Reading a ranking best first: its leaders, and past their floor the pairs themselves.

Banned images are gone from the tables; excluded ones and the random lane are skipped here.
The walk is lazy: it reads a few dozen rows at first and more the longer it is followed.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, or_, select

from madseg.core.messages import Defender
from madseg.core.ranking import Entry
from madseg.selector.layout import Ranking
from madseg.selector.packing import unpack_areas
from madseg.selector.tables import EXCLUSIONS, IMAGES, LEADERS, PAIRS

FIRST_CHUNK, LARGEST_CHUNK = 64, 4096
"""Rows per query, doubling from the first to the largest."""


@dataclass(frozen=True, slots=True)
class ImageFilter:
    """Which images a query looks at: captured in [from, until) microseconds since the epoch, of a source, with tags.

    None and empty values don't filter.
    """

    captured_from: int | None = None
    captured_until: int | None = None
    source: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry with what a page shows of it; `captured_at` in microseconds since the epoch."""

    entry: Entry
    source: str
    captured_at: int


EVERY_IMAGE = ImageFilter()


def walk(
    tx: Connection,
    ranking: Ranking,
    pixels: int,
    images: ImageFilter = EVERY_IMAGE,
    past: Callable[[int], None] = lambda _ranking: None,
) -> Iterator[Standing]:
    """The entries of a ranking that may be mined, most discrepant first, ties by image id.

    `pixels` is the size of the canonical grid; `past` is told the ranking's id when the leaders didn't suffice.
    Costs a few queries for the top; a walk over everything, or under a filter that few images meet, reads every pair
    of the contest once.
    """
    where = _conditions(images)
    for row in _leaders(tx, ranking, where):
        if _has_tags(row, images):
            yield _standing(row, row.area / pixels)
    if ranking.floor is not None:
        past(ranking.id)
    for row, area in _past_floor(tx, ranking, pixels, where):
        if _has_tags(row, images):
            yield _standing(row, area / pixels)


def past_floor(tx: Connection, ranking: Ranking, pixels: int) -> Iterator[tuple[bytes, float, int]]:
    """(image, discrepancy, area) of the entries behind the floor, excluded images included, in rank order."""
    for row, area in _past_floor(tx, ranking, pixels, IMAGES.c.random_lane.is_(False)):
        yield row.image_id, row.discrepancy, area


_FACTS = (IMAGES.c.image_id, IMAGES.c.perceptual_hash, IMAGES.c.source, IMAGES.c.captured_at, IMAGES.c.tags)


def _conditions(images: ImageFilter) -> ColumnElement[bool]:
    conditions = [~exists().where(EXCLUSIONS.c.image_id == IMAGES.c.image_id), IMAGES.c.random_lane.is_(False)]
    if images.captured_from is not None:
        conditions.append(IMAGES.c.captured_at >= images.captured_from)
    if images.captured_until is not None:
        conditions.append(IMAGES.c.captured_at < images.captured_until)
    if images.source:
        conditions.append(IMAGES.c.source == images.source)
    return and_(*conditions)


def _leaders(tx: Connection, ranking: Ranking, where: ColumnElement[bool]) -> Iterator[Row[Any]]:
    query = select(LEADERS.c.discrepancy, LEADERS.c.area, *_FACTS).join(IMAGES, IMAGES.c.image_id == LEADERS.c.image_id)
    query = query.where(LEADERS.c.ranking_id == ranking.id, where)
    if ranking.floor is not None:  # another selector may have added one before it learnt of the floor
        query = query.where(~_from(LEADERS.c.discrepancy, LEADERS.c.image_id, *ranking.floor))
    return _chunks(tx, query, LEADERS.c.discrepancy, LEADERS.c.image_id, FIRST_CHUNK)


def _past_floor(
    tx: Connection, ranking: Ranking, pixels: int, where: ColumnElement[bool]
) -> Iterator[tuple[Row[Any], int]]:
    """Sorts the contest's pairs, so it asks for many rows at once."""
    if ranking.floor is None:
        return
    query = select(PAIRS.c.discrepancy, PAIRS.c.areas, *_FACTS).join(IMAGES, IMAGES.c.number == PAIRS.c.number)
    behind = _from(PAIRS.c.discrepancy, IMAGES.c.image_id, *ranking.floor)
    query = query.where(PAIRS.c.contest_id == ranking.contest.id, behind, where)
    side = ranking.key.defender is Defender.COMPETITOR
    for row in _chunks(tx, query, PAIRS.c.discrepancy, IMAGES.c.image_id, LARGEST_CHUNK):
        area = unpack_areas(row.areas)[side].get(ranking.key.label)
        if area is not None and ranking.low <= area / pixels <= ranking.high:
            yield row, area


def _from(
    discrepancies: ColumnElement[float], images: ColumnElement[bytes], discrepancy: float, image: bytes
) -> ColumnElement[bool]:
    """True for entries at a place in the order or behind it. Spelt so that an index range is used."""
    return and_(discrepancies <= discrepancy, or_(discrepancies < discrepancy, images >= image))


def _chunks(
    tx: Connection, query: Any, discrepancies: ColumnElement[float], images: ColumnElement[bytes], size: int
) -> Iterator[Row[Any]]:
    query, after = query.order_by(discrepancies.desc(), images), None
    while True:
        page = query if after is None else query.where(_from(discrepancies, images, *after), images != after[1])
        rows = tx.execute(page.limit(size)).all()
        yield from rows
        if len(rows) < size:
            return
        after = rows[-1].discrepancy, rows[-1].image_id
        size = min(2 * size, LARGEST_CHUNK)


def _has_tags(row: Row[Any], images: ImageFilter) -> bool:
    if not images.tags:
        return True
    tags = json.loads(row.tags) if row.tags else {}
    return all(tags.get(name) == value for name, value in images.tags.items())


def _standing(row: Row[Any], share: float) -> Standing:
    hashed = None if row.perceptual_hash is None else row.perceptual_hash & (1 << 64) - 1
    entry = Entry(row.image_id.hex(), row.discrepancy, share, hashed)
    return Standing(entry, row.source, row.captured_at)
