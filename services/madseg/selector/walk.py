"""Reading a ranking best first: its leaders, and past their floor the pairs themselves.

Banned images are gone from the tables; excluded ones and the random lane are skipped here.
The walk is lazy: it reads a few dozen rows at first and more the longer it is followed.
"""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, or_, select

from madseg.core.preprocess import unsigned_hash
from madseg.core.ranking import Entry
from madseg.selector.layout import Ranking
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
    beyond: "Beyond | None" = None,
) -> Iterator[Standing]:
    """The entries of a ranking that may be mined, most discrepant first, ties by image id.

    `pixels` is the size of the canonical grid; `past` is told the ranking's id when the leaders didn't suffice.
    `beyond` is what lies past the leaders, for who follows several rankings of the contest under one filter.
    Costs a few queries for the top; a walk over everything, or under a filter that few images meet, reads every pair
    of the contest once.
    """
    where = conditions(images)
    for row in _leaders(tx, ranking, where):
        if has_tags(row, images):
            yield _standing(row, row.area / pixels)
    if ranking.floor is None:
        return
    past(ranking.id)
    further = beyond or Beyond(tx, [ranking], where, pixels)
    for row, area in further.entries(ranking):
        if has_tags(row, images):
            yield _standing(row, area / pixels)


def beyond(tx: Connection, rankings: Iterable[Ranking], pixels: int, images: ImageFilter) -> "Beyond":
    """What lies past the leaders of some rankings of one contest: read when it is needed, and once for all of them."""
    return Beyond(tx, list(rankings), conditions(images), pixels)


def past_floor(tx: Connection, ranking: Ranking, pixels: int) -> Iterator[tuple[bytes, float, int]]:
    """(image, discrepancy, area) of the entries behind the floor, excluded images included, in rank order."""
    for row, area in Beyond(tx, [ranking], IMAGES.c.random_lane.is_(False), pixels).entries(ranking):
        yield row.image_id, row.discrepancy, area


class Beyond:
    """The pairs of a contest in rank order, from the first floor of some of its rankings on.

    Measured on a cut over 200,000 images and 200 rankings under filters that one image in twenty or in a hundred meets:
    18 to 25 s where each ranking reads by itself, 4 to 6 s so. An index of the images by time changes neither.
    What one ranking has read is kept for the others, a kilobyte a pair; nothing is where there is one ranking.
    """

    def __init__(self, tx: Connection, rankings: Sequence[Ranking], where: ColumnElement[bool], pixels: int) -> None:
        self._rankings, self._ids = rankings, {ranking.id for ranking in rankings}
        self._pixels, self._seen = pixels, list[_Passed]()
        self._rows = self._passed(_pairs(tx, rankings, where))

    def entries(self, ranking: Ranking) -> Iterator[tuple[Row[Any], int]]:
        """The entries of a ranking behind its floor: rows of an image and its pair, and the area of the ranking's class
        in pixels."""
        for row, areas in self._rows if len(self._rankings) == 1 else self._shared():
            area = areas.get(ranking.id)
            if area is not None:
                yield row, area

    def _shared(self) -> Iterator["_Passed"]:
        for at in itertools.count():
            if at == len(self._seen):
                row = next(self._rows, None)
                if row is None:
                    return
                self._seen.append(row)
            yield self._seen[at]

    def _passed(self, rows: Iterator[Row[Any]]) -> Iterator["_Passed"]:
        """The rows that are an entry of some ranking."""
        for row in rows:
            areas = dict(self._entered(row))
            if areas:
                yield row, areas

    def _entered(self, row: Row[Any]) -> Iterator[tuple[int, int]]:
        """The rankings behind whose floor a row is an entry, by id, and the area of each one's class."""
        for ranking, area in self._rankings[0].contest.shown(row.areas):
            if ranking.id not in self._ids or ranking.precedes_floor(row.discrepancy, row.image_id):
                continue
            if ranking.admits(area / self._pixels):
                yield ranking.id, area


_Passed = tuple[Row[Any], dict[int, int]]
"""A row of an image and its pair, and by ranking the area of its class in pixels."""

_FACTS = (IMAGES.c.image_id, IMAGES.c.perceptual_hash, IMAGES.c.source, IMAGES.c.captured_at, IMAGES.c.tags)


def conditions(images: ImageFilter) -> ColumnElement[bool]:
    """True for rows of `images` that may be mined and that a filter meets, but for tags: those need `has_tags`."""
    conditions = [~exists().where(EXCLUSIONS.c.image_id == IMAGES.c.image_id), IMAGES.c.random_lane.is_(False)]
    if images.captured_from is not None:
        conditions.append(IMAGES.c.captured_at >= images.captured_from)
    if images.captured_until is not None:
        conditions.append(IMAGES.c.captured_at < images.captured_until)
    if images.source:
        conditions.append(IMAGES.c.source == images.source)
    for name, value in images.tags.items():  # nearly: `has_tags` looks closer
        conditions.append(IMAGES.c.tags.contains(json.dumps({name: value})[1:-1], autoescape=True))
    return and_(*conditions)


def _leaders(tx: Connection, ranking: Ranking, where: ColumnElement[bool]) -> Iterator[Row[Any]]:
    query = select(LEADERS.c.discrepancy, LEADERS.c.area, *_FACTS).join(IMAGES, IMAGES.c.image_id == LEADERS.c.image_id)
    query = query.where(LEADERS.c.ranking_id == ranking.id, where)
    if ranking.floor is not None:  # another selector may have added one before it learnt of the floor
        query = query.where(~_from(LEADERS.c.discrepancy, LEADERS.c.image_id, *ranking.floor))
    return _chunks(tx, query, LEADERS.c.discrepancy, LEADERS.c.image_id, FIRST_CHUNK)


def _pairs(tx: Connection, rankings: Sequence[Ranking], where: ColumnElement[bool]) -> Iterator[Row[Any]]:
    """Sorts the contest's pairs, so it asks for many rows at once."""
    floors = [ranking.floor for ranking in rankings if ranking.floor is not None]
    if not floors:
        return iter(())
    query = select(PAIRS.c.discrepancy, PAIRS.c.areas, *_FACTS).join(IMAGES, IMAGES.c.number == PAIRS.c.number)
    first = min(floors, key=lambda floor: (-floor[0], floor[1]))
    behind = _from(PAIRS.c.discrepancy, IMAGES.c.image_id, *first)
    query = query.where(PAIRS.c.contest_id == rankings[0].contest.id, behind, where)
    return _chunks(tx, query, PAIRS.c.discrepancy, IMAGES.c.image_id, LARGEST_CHUNK)


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


def has_tags(row: Any, images: ImageFilter) -> bool:
    """Whether a row with `tags` has those of a filter."""
    if not images.tags:
        return True
    tags = json.loads(row.tags) if row.tags else {}
    return all(tags.get(name) == value for name, value in images.tags.items())


def _standing(row: Row[Any], share: float) -> Standing:
    entry = Entry(row.image_id.hex(), row.discrepancy, share, unsigned_hash(row.perceptual_hash))
    return Standing(entry, row.source, row.captured_at)
