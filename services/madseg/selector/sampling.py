"""Candidate sets in another order than by discrepancy: by the target's entropy, or by lot (Wang et al. 2022, Table 2).

What the target has no map of can't be graded and is no candidate. Near-duplicates, exclusions, the random lane and,
where the set is grouped, subgroups and content constraint are those of every cut: nothing but the order differs.
"""

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from madseg.core.candidates import Candidate, Order, Placement, Strategy, cut, smallest
from madseg.core.errors import InvalidInput
from madseg.core.messages import Defender
from madseg.core.preprocess import unsigned_hash
from madseg.core.ranking import Entry, RankingKey
from madseg.selector.contests import Progress
from madseg.selector.layout import Contest, Ranking
from madseg.selector.packing import unpack_areas, unpack_entropies
from madseg.selector.stored import split
from madseg.selector.tables import IMAGES, MAPS, PAIRS
from madseg.selector.walk import ImageFilter, conditions, has_tags

CHUNK = 2000
"""Rows read in one query."""


@dataclass(frozen=True, slots=True)
class Scored:
    """An image by its number, its id and its hash as `Entry` has it, with what it is put in order by."""

    number: int
    image_id: str
    perceptual_hash: int | None
    score: float


def sampled(
    tx: Connection, contests: Sequence[Progress], images: ImageFilter, order: Order, pixels: int, near: int
) -> list[Candidate]:
    """The set. Costs a look at every image and, for entropy, at its stored maps: about 0.1 ms an image.

    Raises:
        InvalidInput: by entropy, and the target's maps have none.
    """
    scored = _scored(tx, contests[0].contest, images, order)
    if not order.grouped:
        return _plain(scored, order.size, near, contests[0].contest)
    walks = [Walk(tx, item.contest, scored) for item in contests]
    rankings = [(walk, ranking) for walk in walks for ranking in walk.contest.all_rankings()]

    def attempt(places: int) -> list[Candidate]:
        return cut({ranking.key: walk.entries(ranking, pixels) for walk, ranking in rankings}, places, near)

    by_contest = {(walk.contest.ref.target, walk.contest.ref.competitor): walk for walk in walks}
    found = smallest(attempt, len(rankings), order.size) if rankings else []
    for item in found:
        item.score = item.discrepancy
        item.placements = [
            Placement(at.key, at.rank, by_contest[at.key.target, at.key.competitor].discrepancy(item.image_id))
            for at in item.placements
        ]
    return found


class Walk:
    """The images of a contest in the order of their scores: read when they are needed, once for all its rankings."""

    def __init__(self, tx: Connection, contest: Contest, scored: Sequence[Scored]) -> None:
        self.contest = contest
        self._tx, self._scored, self._at = tx, scored, 0
        self._seen: list[tuple[Scored, tuple[dict[int, int], dict[int, int]]]] = []
        self._discrepancies: dict[str, float] = {}

    def entries(self, ranking: Ranking, pixels: int) -> Iterator[Entry]:
        """Those that a ranking admits; their score stands for the discrepancy."""
        side = ranking.key.defender is Defender.COMPETITOR
        for item, areas in self._pairs():
            share = areas[side].get(ranking.key.label, 0) / pixels
            if ranking.admits(share):
                yield Entry(item.image_id, item.score, share, item.perceptual_hash)

    def discrepancy(self, image_id: str) -> float:
        """Of an image that was walked over."""
        return self._discrepancies[image_id]

    def _pairs(self) -> Iterator[tuple[Scored, tuple[dict[int, int], dict[int, int]]]]:
        for at in itertools.count():
            while at == len(self._seen) and self._at < len(self._scored):
                self._read()
            if at == len(self._seen):
                return
            yield self._seen[at]

    def _read(self) -> None:
        some = self._scored[self._at : self._at + CHUNK]
        self._at += len(some)
        here = (PAIRS.c.contest_id == self.contest.id, PAIRS.c.number.in_([item.number for item in some]))
        rows = {row.number: row for row in self._tx.execute(select(PAIRS).where(*here))}
        for item in some:
            if item.number in rows:
                self._seen.append((item, unpack_areas(rows[item.number].areas)))
                self._discrepancies[item.image_id] = rows[item.number].discrepancy


def _plain(scored: Sequence[Scored], size: int, near: int, contest: Contest) -> list[Candidate]:
    """The first of all images. They have no places: no ranking chose them."""
    key = RankingKey(contest.ref.target, contest.ref.competitor, Defender.TARGET, 0)
    entries = (Entry(item.image_id, item.score, 1.0, item.perceptual_hash) for item in scored)
    found = cut({key: entries}, size, near)
    return [Candidate(item.image_id, [], item.near_duplicates, item.discrepancy) for item in found]


def _scored(tx: Connection, contest: Contest, images: ImageFilter, order: Order) -> list[Scored]:
    """The images that the target has a map of, highest score first, ties by id."""
    entropies = _entropies(tx, contest.target_id) if order.strategy is Strategy.ENTROPY else {}
    columns = (IMAGES.c.number, IMAGES.c.image_id, IMAGES.c.perceptual_hash, IMAGES.c.stored, IMAGES.c.tags)
    found, there = [], 0
    for row in tx.execute(select(*columns).where(conditions(images))):
        if contest.target_id not in split(row.stored) or not has_tags(row, images):
            continue
        there += 1
        image_id = row.image_id.hex()
        score = lot(order.seed, image_id) if order.strategy is Strategy.RANDOM else entropies.get(row.number)
        if score is not None:
            found.append(Scored(row.number, image_id, unsigned_hash(row.perceptual_hash), score))
    if there and not found:
        raise InvalidInput(
            f"{contest.ref.target} gives labels alone, without an entropy: cut by discrepancy or by lot",
            field="strategy",
        )
    return sorted(found, key=lambda item: (-item.score, item.image_id))


def lot(seed: int, image_id: str) -> float:
    """A number in [0, 1) that follows from the seed and the image."""
    return int.from_bytes(hashlib.sha256(f"{seed}\0{image_id}".encode()).digest()[:8], "big") / 2**64


def _entropies(tx: Connection, version_id: int) -> dict[int, float]:
    """Mean entropies of a version's maps, in nats, by number of the image."""
    found: dict[int, float] = {}
    after = (-1, 0)
    query = select(MAPS).order_by(MAPS.c.number, MAPS.c.part).limit(CHUNK)
    while True:
        behind = (MAPS.c.number > after[0]) | ((MAPS.c.number == after[0]) & (MAPS.c.part > after[1]))
        rows = tx.execute(query.where(behind)).all()
        for row in rows:
            versions = [int(part) for part in row.versions.split(",")]
            if version_id in versions:
                entropy = unpack_entropies(row.content)[versions.index(version_id)]
                if entropy is not None:
                    found[row.number] = entropy
        if len(rows) < CHUNK:
            return found
        after = rows[-1].number, rows[-1].part
