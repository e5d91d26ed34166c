"""Which images people are asked about: M by discrepancy, by entropy or by lot, all through the selector's own rankings.

An arm differs in one number an image, by which its rankings are sorted. Eligibility, near-duplicates and the walk
through the rankings are those of `madseg.core.candidates` for every arm.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from madseg.core.candidates import Candidate, cut
from madseg.core.content import ContentConstraint
from madseg.core.discrepancy import Metric, compare
from madseg.core.label_maps import decode_all
from madseg.core.messages import Defender, VersionRef
from madseg.core.ranking import Entry, RankingKey
from madseg.simulation.experiment.answers import Answers, Floats
from madseg.simulation.experiment.pictures import Picture
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.world import SIZE

METRIC = Metric(len(TAXONOMY))

Rankings = Mapping[RankingKey, Sequence[Entry]]


@dataclass(frozen=True, eq=False)
class Contests:
    """A target against its competitors over N pictures.

    `rankings` are all entries of each ranking, best first; `discrepancies` (N,) float64 the mean over competitors.
    """

    rankings: Rankings
    discrepancies: Floats


def compete(
    pictures: Sequence[Picture],
    target: tuple[VersionRef, Answers],
    competitors: Sequence[tuple[VersionRef, Answers]],
    constraint: ContentConstraint,
) -> Contests:
    """Compares the target's label maps with each competitor's and ranks the pictures per class and role."""
    rankings: dict[RankingKey, Sequence[Entry]] = {}
    found = []
    count = len(pictures)
    for rival, said in competitors:
        maps = decode_all([*target[1].wires, *said.wires])
        compared = compare(maps, range(count), range(count, 2 * count), METRIC)
        found.append(compared.discrepancy)
        for defender, areas in (
            (Defender.TARGET, compared.target_areas),
            (Defender.COMPETITOR, compared.competitor_areas),
        ):
            for label in TAXONOMY.ranked:
                key = RankingKey(target[0], rival, defender, label)
                rankings[key] = _ranked(pictures, compared.discrepancy, areas[:, label], label, constraint)
    return Contests(rankings, np.mean(found, axis=0))


def _ranked(
    pictures: Sequence[Picture],
    discrepancy: Floats,
    areas: NDArray[np.int32],
    label: int,
    constraint: ContentConstraint,
) -> list[Entry]:
    entries = (
        Entry(pictures[n].image_id, float(discrepancy[n]), float(areas[n]) / SIZE**2, pictures[n].perceptual_hash)
        for n in np.flatnonzero(areas).tolist()
    )
    admitted = (entry for entry in entries if constraint.admits(label, entry.area_share))
    return sorted(admitted, key=lambda entry: entry.order)


def mined(contests: Contests, per_ranking: int, without: frozenset[str] = frozenset()) -> list[Candidate]:
    """M as the selector cuts it; images of `without` take no place, as those that are banned."""
    return cut({key: list(_left(entries, without)) for key, entries in contests.rankings.items()}, per_ranking)


def by_entropy(pictures: Sequence[Picture], answers: Answers) -> dict[str, float]:
    """How unsure the target is of each picture, in [0, 1] of the largest entropy there is."""
    most = math.log(len(TAXONOMY))
    return {item.image_id: float(said) / most for item, said in zip(pictures, answers.entropies, strict=True)}


def by_lot(pictures: Sequence[Picture], seed: int, turn: int) -> dict[str, float]:
    """A number in [0, 1) for each picture, drawn anew each turn."""
    return {item.image_id: _lot(f"{seed}\0{turn}\0{item.image_id}") for item in pictures}


def ungrouped(
    pictures: Sequence[Picture], score: Mapping[str, float], count: int, without: frozenset[str]
) -> list[Candidate]:
    """The `count` images of the largest score, near-duplicates behind the first of their kind."""
    nobody = VersionRef("all", 1)
    entries = [Entry(item.image_id, score[item.image_id], 1.0, item.perceptual_hash) for item in pictures]
    ranking = sorted(_left(entries, without), key=lambda entry: entry.order)
    return cut({RankingKey(nobody, nobody, Defender.TARGET, 0): ranking}, count)


def grouped(contests: Contests, score: Mapping[str, float], count: int, without: frozenset[str]) -> list[Candidate]:
    """`count` images by the same subgroups and constraint as M, sorted by a score in place of the discrepancy."""
    rankings = {}
    for key, entries in contests.rankings.items():
        rescored = [replace(entry, discrepancy=score[entry.image_id]) for entry in _left(entries, without)]
        rankings[key] = sorted(rescored, key=lambda entry: entry.order)
    return _smallest(lambda places: cut(rankings, places), count)


def _smallest(attempt: Callable[[int], list[Candidate]], count: int) -> list[Candidate]:
    """The first `count` of the smallest union that has as many; all there are where none has."""
    found: list[Candidate] = []
    for places in range(1, count + 1):
        found = attempt(places)
        if len(found) >= count:
            break
    return found[:count]


def _left(entries: Sequence[Entry], without: frozenset[str]) -> Iterator[Entry]:
    return (entry for entry in entries if entry.image_id not in without)


def _lot(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
