"""What came of a competition: its contestants on the images that their rankings chose, judged by accepted masks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from madseg.client import Candidate, CandidateSet, MaskPurpose, MaskTaskState
from madseg.client.values.common import Version
from madseg.client.values.evaluation import Competition, Duel, DuelClass, Strength
from madseg.client.values.finetune import Figure
from madseg.core.comparison import compare_paired, holm
from madseg.core.duels import steadiness, strengths
from madseg.core.evaluation import Estimate, mean_estimate
from madseg.rounds.evaluating import Evaluator, Held
from madseg.rounds.neighbours import Neighbours
from madseg.rounds.standings import NOTABLE, SEED

MOST_PLACES = 200
"""Places up to which the steadiness of the ranking is told."""

Floats = NDArray[np.float64]
Pair = tuple[Version, Version]


@dataclass(frozen=True, slots=True)
class Meeting:
    """An image that a pair chose: its best place, and the classes it was chosen for."""

    image_id: str
    place: int
    class_names: frozenset[str]


def competition(neighbours: Neighbours, evaluator: Evaluator, candidate_set_id: str) -> Competition:
    """How the contestants of a candidate set, the newest such for "", did.

    Costs two questions an image that hasn't been counted yet.

    Raises:
        NotFound: no such set.
        InvalidInput: it has no contestants.
        Unavailable: a neighbour doesn't answer; what was counted so far is kept.
    """
    chosen, candidates = neighbours.competition(candidate_set_id)
    held, vetoed = _masks(neighbours, {item.image_id for item in candidates})
    figures = evaluator.hold(held, chosen.contestants)
    return judged(chosen, candidates, figures, vetoed)


def judged(
    chosen: CandidateSet,
    candidates: Sequence[Candidate],
    figures: Mapping[str, Mapping[Version, float]],
    vetoed: int,
) -> Competition:
    """The competition by mIoU of contestants on those images that have a mask."""
    versions, meetings = list(chosen.contestants), _meetings(chosen.contestants, candidates)
    drawn = {pair: [item for item in found if _both(figures, item.image_id, pair)] for pair, found in meetings.items()}
    duels = _corrected([_duel(pair, meetings[pair], drawn[pair], figures) for pair in meetings])
    at = {version: number for number, version in enumerate(versions)}
    rows = {(at[a], at[b]): _rows((a, b), drawn[a, b], figures) for a, b in drawn}
    places = {(at[a], at[b]): [item.place for item in found] for (a, b), found in drawn.items()}
    strength = strengths(rows, len(versions))
    ranking = [] if strength is None else list(zip(versions, strength.tolist(), strict=True))
    steady = steadiness(rows, places, len(versions), min(chosen.per_ranking, MOST_PLACES))
    return Competition(
        chosen.id,
        chosen.contestants,
        len(candidates),
        len(figures),
        vetoed,
        tuple(duels),
        tuple(Strength(version, value) for version, value in sorted(ranking, key=lambda item: (-item[1], item[0]))),
        tuple(steady),
    )


def _masks(neighbours: Neighbours, images: set[str]) -> tuple[list[Held], int]:
    """Images with an accepted mask, and how many were sent back.

    Of several masks of an image one that was begun empty counts, the newest; that of a counterexample may have been
    begun from a contestant's map.
    """
    tasks = [item for item in neighbours.tasks() if item.purpose is not MaskPurpose.SECOND_OPINION]
    here = [item for item in tasks if item.image_id in images]
    here.sort(key=lambda item: item.purpose is not MaskPurpose.COUNTEREXAMPLE)
    done = {item.image_id: item for item in here if item.state is MaskTaskState.ACCEPTED and item.accepted_revision}
    back = {item.image_id for item in here if item.state is MaskTaskState.SENT_BACK}
    return [Held(image, task) for image, task in sorted(done.items())], len(back - done.keys())


def _meetings(contestants: Sequence[Version], candidates: Sequence[Candidate]) -> dict[Pair, list[Meeting]]:
    found: dict[Pair, list[Meeting]] = {pair: [] for pair in combinations(contestants, 2)}
    for item in candidates:
        by_pair: dict[Pair, Meeting] = {}
        for place in item.placements:
            pair = (place.key.target, place.key.competitor)
            known = by_pair.get(pair, Meeting(item.image_id, place.rank, frozenset()))
            names = known.class_names | {place.key.class_name}
            by_pair[pair] = Meeting(item.image_id, min(known.place, place.rank), names)
        for pair, meeting in by_pair.items():
            found[pair].append(meeting)
    return found


def _duel(
    pair: Pair, chosen: Sequence[Meeting], drawn: Sequence[Meeting], figures: Mapping[str, Mapping[Version, float]]
) -> Duel:
    """`corrected` is not yet."""
    first, second = pair
    if not drawn:
        return Duel(first, second, len(chosen), 0, None, None, None, None, 0, 0, None, ())
    one, other = _rows(pair, drawn, figures)
    compared, ahead = compare_paired(one, other, SEED), other - one
    needed = compared.images_to_separate
    return Duel(
        first,
        second,
        len(chosen),
        len(drawn),
        _figure(mean_estimate(one, SEED)),
        _figure(mean_estimate(other, SEED)),
        _figure(compared.gain),
        compared.p_value,
        int((ahead < -NOTABLE).sum()),
        int((ahead > NOTABLE).sum()),
        None if needed is None else max(0, needed - len(drawn)),
        tuple(_classes(pair, drawn, figures)),
    )


def _classes(pair: Pair, drawn: Sequence[Meeting], figures: Mapping[str, Mapping[Version, float]]) -> list[DuelClass]:
    found = []
    for name in sorted({name for item in drawn for name in item.class_names}):
        here = [item for item in drawn if name in item.class_names]
        one, other = _rows(pair, here, figures)
        ahead = other - one
        counts = int((ahead < -NOTABLE).sum()), int((ahead > NOTABLE).sum())
        found.append(DuelClass(name, len(here), float(one.mean()), float(other.mean()), *counts))
    return found


def _corrected(duels: Sequence[Duel]) -> list[Duel]:
    """With p-values by Holm's correction over those that have one."""
    judged = [item for item in duels if item.corrected is not None]
    values = iter(holm([item.corrected for item in judged if item.corrected is not None]))
    return [item if item.corrected is None else replace(item, corrected=next(values)) for item in duels]


def _rows(
    pair: Pair, drawn: Sequence[Meeting], figures: Mapping[str, Mapping[Version, float]]
) -> tuple[Floats, Floats]:
    one, other = (np.array([figures[item.image_id][side] for item in drawn], np.float64) for side in pair)
    return one, other


def _both(figures: Mapping[str, Mapping[Version, float]], image_id: str, pair: Pair) -> bool:
    known = figures.get(image_id, {})
    return all(side in known for side in pair)


def _figure(found: Estimate) -> Figure:
    return Figure(found.value, found.low, found.high, found.images)
