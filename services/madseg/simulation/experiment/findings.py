"""What is asked of the versions that the arms end with: a contest, how stable a ranking is, what discrepancy tells."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from madseg.core.candidates import Candidate
from madseg.core.comparison import compare_paired, stability
from madseg.core.counterexamples import Used, choose, reported
from madseg.core.evaluation import image_mious, risk_coverage
from madseg.core.messages import Defender, VersionRef
from madseg.core.ranking import Nearness, RankingKey
from madseg.simulation.experiment.arms import FAILED
from madseg.simulation.experiment.lab import BEFORE, RIVALS, Lab
from madseg.simulation.experiment.pictures import Picture
from madseg.simulation.experiment.sampling import Contests, compete, mined

COVERAGES = tuple(share / 10 for share in range(1, 11))
"""Shares of the images, least discrepant first, at which the risk is told."""


def contest(lab: Lab, first: VersionRef, second: VersionRef, used: frozenset[str]) -> dict[str, Any]:
    """Two tuned versions in a competition of their own, both roles (Wang et al. 2022, Table 2).

    Over the stream without what either has used and what is beside that. `drawn` are the figures on images drawn as T
    is, `all` on all that the contest chose and nobody vetoed, `defended` on those that it chose in the role of the
    first or the second.
    """
    stream = lab.pictures.stream
    met = compete(
        stream,
        (first, lab.stream_answers(first)),
        [(second, lab.stream_answers(second))],
        lab.pictures.constraint,
    )
    before = [Used(item, lab.by_id[item].perceptual_hash) for item in sorted(used)]
    candidates = mined(met, lab.settings.per_ranking, used | beside(stream, before))
    ids = [item.image_id for item in candidates]
    means = dict(zip((item.image_id for item in stream), met.discrepancies.tolist(), strict=True))
    scored = lab.people.score(candidates, lab.by_id, lab.maps(first, ids), means)
    test = reported(choose(scored, lab.seed, before, lab.settings.sizes).test, sizes=lab.settings.sizes)
    vetoed = {item.image_id for item in scored if item.vetoed}
    there = [item for item in candidates if item.image_id not in vetoed]
    groups = {
        "drawn": [item.image_id for item in test],
        "all": [item.image_id for item in there],
        **{f"defended_by_{role}": _placed(there, role) for role in Defender},
    }
    return {name: _duel(lab, first, second, image_ids) for name, image_ids in groups.items()}


def beside(pictures: Sequence[Picture], used: Sequence[Used]) -> frozenset[str]:
    """Ids of pictures that are near to a used one: the version that learned from that one knows them too."""
    taken = Nearness()
    for item in used:
        taken.take(item.image_id, item.perceptual_hash)
    return frozenset(item.image_id for item in pictures if taken.find(item.perceptual_hash) is not None)


def _placed(candidates: Sequence[Candidate], role: Defender) -> list[str]:
    return [item.image_id for item in candidates if any(place.key.defender is role for place in item.placements)]


def _duel(lab: Lab, first: VersionRef, second: VersionRef, image_ids: Sequence[str]) -> dict[str, Any]:
    """Mean true mIoU of both on the images, and the first's lead over the second, paired."""
    if not image_ids:
        return {"images": 0}
    pictures = [lab.by_id[item] for item in image_ids]
    ours, theirs = lab.mious(first, pictures), lab.mious(second, pictures)
    found = compare_paired(theirs, ours, lab.seed)
    return {
        "images": len(pictures),
        "first": float(ours.mean()),
        "second": float(theirs.mean()),
        "lead": [found.gain.value, found.gain.low, found.gain.high],
        "p_value": found.p_value,
    }


def ranking_stability(lab: Lab, versions: Mapping[str, VersionRef], image_ids: Sequence[str]) -> dict[str, Any]:
    """SRCC of the versions' ranking by n images with that by all of them, n = 1..N (Wang et al. 2022, Fig. 7)."""
    pictures = [lab.by_id[item] for item in image_ids]
    figures = {name: lab.mious(version, pictures) for name, version in versions.items()}
    curve = stability(figures, lab.seed)
    return {
        "versions": {name: float(values.mean()) for name, values in figures.items()},
        "srcc": [None if math.isnan(value) else value for value in curve.tolist()],
    }


def discrepancy_on_lane(lab: Lab) -> dict[str, Any]:
    """What discrepancy tells of the random lane before anything was learned.

    Risk by coverage with the area below it; beside it the area of entropy, of a measure that knows nothing and of one
    that knows all. And the failures that no contest ranks: those that would take no place among the first of any
    ranking, were they mined.
    """
    lane = lab.judged_lane
    target = lab.asking.ask(BEFORE, lane, "lane")
    rivals = [(rival, lab.asking.ask(rival, lane, "lane")) for rival in RIVALS]
    met = compete(lane, (BEFORE, target), rivals, lab.pictures.constraint)
    mious = image_mious(target.confusions(lane))
    risks = 1 - mious
    curve = risk_coverage(risks, met.discrepancies)
    failures = [item for item, miou in zip(lane, mious, strict=True) if miou < FAILED]
    missed = unranked(failures, met, last_places(lab.contests(BEFORE), lab.settings.per_ranking))
    return {
        "images": len(lane),
        "vetoed": len(lab.pictures.lane) - len(lane),
        "risk": {f"{share:.1f}": float(curve[math.ceil(share * len(curve)) - 1]) for share in COVERAGES},
        "area": float(curve.mean()),
        "area_of_entropy": float(risk_coverage(risks, target.entropies).mean()),
        "area_of_nothing": float(risks.mean()),
        "area_of_truth": float(risk_coverage(risks, risks).mean()),
        "failures": len(failures),
        "unranked": len(missed),
        "unranked_share": len(missed) / len(failures) if failures else None,
        "failures_by_mode": _counted(failures),
        "unranked_by_mode": _counted(missed),
    }


def unranked(pictures: Sequence[Picture], met: Contests, bounds: Mapping[RankingKey, float]) -> list[Picture]:
    """Those of the pictures that come up to the last place of no ranking in which they are."""
    ranked = {
        entry.image_id
        for key, entries in met.rankings.items()
        for entry in entries
        if entry.discrepancy >= bounds.get(key, 0.0)
    }
    return [item for item in pictures if item.image_id not in ranked]


def last_places(contests: Contests, per_ranking: int) -> dict[RankingKey, float]:
    """The discrepancy of the last place that M takes of each ranking; rankings that aren't full are left out."""
    found = {}
    for candidate in mined(contests, per_ranking):
        for place in candidate.placements:
            if place.rank == per_ranking:
                found[place.key] = place.discrepancy
    return found


def _counted(pictures: Sequence[Picture]) -> dict[str, int]:
    modes = sorted({item.mode for item in pictures})
    return {mode: sum(item.mode == mode for item in pictures) for mode in modes}
