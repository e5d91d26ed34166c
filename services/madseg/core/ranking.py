"""MAD rankings: per contest, defender and class, the images on which the two versions disagree most.

The truth is one compact row per image and contest; a ranking is a cache over those rows.
It keeps every entry that precedes its *floor*, the best entry it ever dropped, and nothing else.
Whoever reads past the floor reads the rows. So a veto, a ban or a filter that empties the cache loses nothing,
and the result depends on the rows alone, not on the order in which they came.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from madseg.core.messages import Defender, VersionRef
from madseg.core.preprocess import hash_distance

NEAR = 10
"""Largest distance in bits of near-duplicates. Of 101,025 pairs of unrelated photographs the closest differ in 14;
a shift or zoom of 1 % with a change of exposure moves a photograph's hash by 4 to 6 at the median, 8 at the 90th
percentile."""


@dataclass(frozen=True, slots=True, order=True)
class RankingKey:
    """Names a ranking. `label` is the class's index in the taxonomy."""

    target: VersionRef
    competitor: VersionRef
    defender: Defender
    label: int


@dataclass(frozen=True, slots=True)
class Entry:
    """An image in a ranking.

    `discrepancy` is 1 - mIoU in [0, 1]; `area_share` in (0, 1] is the share of the grid that the class takes
    in the defender's map.
    """

    image_id: str
    discrepancy: float
    area_share: float
    perceptual_hash: int | None = None

    @property
    def order(self) -> tuple[float, str]:
        """Sorts the most discrepant first; ties go by image id, so that two runs agree to the bit."""
        return -self.discrepancy, self.image_id


@dataclass(slots=True)
class Ranked:
    """An entry that took a place, and the ids of the near-duplicates behind it, in rank order."""

    rank: int
    entry: Entry
    near_duplicates: list[str] = field(default_factory=list)


class Nearness:
    """The images taken so far, to be asked for one that is near.

    Similarity isn't transitive, so who stands behind whom depends on the order of asking:
    callers go in global rank order. An image without a hash is near to none.
    """

    def __init__(self, near: int = NEAR) -> None:
        self._near = near
        self._ids: list[str] = []
        self._hashes: NDArray[np.uint64] = np.empty(64, np.uint64)

    def find(self, perceptual_hash: int | None) -> str | None:
        """The id of the first taken image within the distance, or None. Costs one pass over the taken hashes."""
        if perceptual_hash is None or not self._ids or self._near < 0:
            return None
        if len(self._ids) == 1:  # the usual case of a short list, without the array machinery
            return self._ids[0] if hash_distance(int(self._hashes[0]), perceptual_hash) <= self._near else None
        distances = np.bitwise_count(self._hashes[: len(self._ids)] ^ np.uint64(perceptual_hash))
        near = np.flatnonzero(distances <= self._near)
        return self._ids[near[0]] if len(near) else None

    def take(self, image_id: str, perceptual_hash: int | None) -> None:
        """Adds an image; one without a hash is not kept."""
        if perceptual_hash is None:
            return
        if len(self._ids) == len(self._hashes):
            self._hashes = np.concatenate([self._hashes, np.empty_like(self._hashes)])
        self._hashes[len(self._ids)] = perceptual_hash
        self._ids.append(image_id)


def collapse(entries: Iterable[Entry], near: int = NEAR) -> Iterator[Ranked]:
    """Walks entries in rank order and yields those that take a place.

    An entry near to one that has a place is listed under it instead. A yielded item's list may still grow
    while the walk goes on. `near` below 0 gives every entry a place.
    """
    taken = Nearness(near)
    places: dict[str, Ranked] = {}
    for entry in entries:
        first = taken.find(entry.perceptual_hash)
        if first is not None:
            places[first].near_duplicates.append(entry.image_id)
            continue
        taken.take(entry.image_id, entry.perceptual_hash)
        ranked = places[entry.image_id] = Ranked(len(places) + 1, entry)
        yield ranked
