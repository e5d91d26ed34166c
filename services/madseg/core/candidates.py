"""The candidate set M: the union of the top n3 of every ranking (Wang et al. 2022, Algorithm 1, lines 3 to 12)."""

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from madseg.core.content import ContentConstraint
from madseg.core.discrepancy import Metric
from madseg.core.ranking import NEAR, Entry, Nearness, RankingKey
from madseg.core.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Placement:
    """A place of an image in one ranking; 1 is the first."""

    key: RankingKey
    rank: int
    discrepancy: float


@dataclass(slots=True)
class Candidate:
    """An image of M: the rankings that chose it, best first, and the near-duplicates behind it."""

    image_id: str
    placements: list[Placement] = field(default_factory=list)
    near_duplicates: list[str] = field(default_factory=list)

    @property
    def discrepancy(self) -> float:
        """Its largest discrepancy over the rankings that chose it, [0, 1]."""
        return max(place.discrepancy for place in self.placements)


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
