"""The candidate set M: the union of the top n3 of every ranking (Wang et al. 2022, Algorithm 1, lines 3 to 12)."""

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from madseg.core.content import ContentConstraint
from madseg.core.discrepancy import Metric
from madseg.core.messages import VersionRef
from madseg.core.ranking import NEAR, Entry, Nearness, RankingKey
from madseg.core.taxonomy import Taxonomy


class Strategy(StrEnum):
    """By what the images of a cut are put in order: how much two versions disagree, how unsure the target is, or by
    lot. The last two are what discrepancy is measured against (Wang et al. 2022, Table 2)."""

    DISCREPANCY = "discrepancy"
    ENTROPY = "entropy"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Order:
    """How a set is cut. `size` images, by entropy or by lot: `grouped`, through the subgroups and the content
    constraint of the rankings, or else the first of all images; `seed` decides the lots. `contestants` compete with
    each other, each pair in both roles, in place of a target with its competitors."""

    strategy: Strategy = Strategy.DISCREPANCY
    size: int = 0
    grouped: bool = False
    seed: int = 0
    contestants: tuple[VersionRef, ...] = ()


BY_DISCREPANCY = Order()
"""M as the paper cuts it."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A place of an image in one ranking; 1 is the first."""

    key: RankingKey
    rank: int
    discrepancy: float


@dataclass(slots=True)
class Candidate:
    """An image of M: the rankings that chose it, best first, and the near-duplicates behind it. `score` is what it was
    put in order by, where that isn't its discrepancy."""

    image_id: str
    placements: list[Placement] = field(default_factory=list)
    near_duplicates: list[str] = field(default_factory=list)
    score: float | None = None

    @property
    def discrepancy(self) -> float:
        """Its largest discrepancy over the rankings that chose it, [0, 1]; 0 where none did."""
        return max((place.discrepancy for place in self.placements), default=0.0)


def criteria_id(taxonomy: Taxonomy, grid_id: str, metric: Metric, constraint: ContentConstraint) -> str:
    """16 hexadecimal digits over everything that decides what a discrepancy means and which images count.

    Two cuts with the same criteria id can be compared.
    """
    text = "\0".join((taxonomy.id, grid_id, metric.id, constraint.id))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def cut(rankings: Mapping[RankingKey, Iterable[Entry]], per_ranking: int, near: int = NEAR) -> list[Candidate]:
    """Cuts M from rankings that hold only images that may be mined, each in rank order.

    All entries are walked in one global order: most discrepant first, ties by image id, then by ranking.
    An entry takes the next place of its ranking until that has `per_ranking`. An image near to one that M has already
    is listed under it and takes no place; the ranking goes on to its next entry.
    `near` below 0 keeps near-duplicates apart, as the paper does.

    The rankings are read lazily and only as far as needed.
    """
    taken = Nearness(near)
    chosen: dict[str, Candidate] = {}
    behind: dict[str, str] = {}
    places = dict.fromkeys(rankings, 0)
    for key, entry in _global_order(rankings, places, per_ranking):
        image = entry.image_id
        if image not in chosen and image not in behind:
            first = taken.find(entry.perceptual_hash)
            if first is None:
                chosen[image] = Candidate(image)
                taken.take(image, entry.perceptual_hash)
            else:
                behind[image] = first
                chosen[first].near_duplicates.append(image)
        if image in chosen:
            places[key] += 1
            chosen[image].placements.append(Placement(key, places[key], entry.discrepancy))
    return list(chosen.values())


def smallest(attempt: Callable[[int], list[Candidate]], rankings: int, size: int) -> list[Candidate]:
    """The first `size` images of the smallest set that has as many; all there are where none has.

    `attempt` cuts with so many places a ranking, of which there are `rankings`. Costs about 2 log2(size) cuts.
    """
    low = places = max(1, -(-size // max(1, rankings)))
    while len(found := attempt(places)) < size and places < size:
        low, places = places + 1, min(2 * places, size)
    while low < places:
        middle = (low + places) // 2
        if len(fewer := attempt(middle)) >= size:
            places, found = middle, fewer
        else:
            low = middle + 1
    return found[:size]


def _global_order(
    rankings: Mapping[RankingKey, Iterable[Entry]], places: Mapping[RankingKey, int], per_ranking: int
) -> Iterator[tuple[RankingKey, Entry]]:
    """Merges the rankings; leaves out each one as soon as its places are full."""
    walks = {key: iter(entries) for key, entries in rankings.items()}
    heap: list[tuple[tuple[float, str], RankingKey, Entry]] = []

    def advance(key: RankingKey) -> None:
        entry = next(walks[key], None) if places[key] < per_ranking else None
        if entry is not None:
            heapq.heappush(heap, (entry.order, key, entry))

    for key in rankings:
        advance(key)
    while heap:
        _, key, entry = heapq.heappop(heap)
        yield key, entry
        advance(key)
