"""Versions of one test set against each other, and how much of what one gets wrong its contests see."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from madseg.client.values.candidates import ImagePlaces
from madseg.client.values.common import Version
from madseg.client.values.evaluation import Coverage, CoveragePoint, Failure, VersionComparison
from madseg.client.values.finetune import Figure
from madseg.client.values.rounds import TestSet, TieGroup
from madseg.core.comparison import holm, rank_correlation, stability, tie_groups
from madseg.core.errors import InvalidInput, NotFound
from madseg.core.evaluation import risk_coverage, share_estimate
from madseg.ports import Database
from madseg.rounds.neighbours import Neighbours
from madseg.rounds.standings import SEED, Table, difference, ordered_versions, paired, test_set

MOST_VERSIONS = 8
"""Versions that are compared in one answer: 28 pairs of 10,000 swaps."""

MOST_POINTS, MOST_FAILURES = 200, 200
"""Points of a curve, and failures that are named."""

FAILED_BELOW, PER_RANKING, MOST_PER_RANKING = 0.5, 25, 10_000
"""Defaults of a failure's mIoU and of how many of each ranking are mined, and the bound of the latter."""

Floats = NDArray[np.float64]


def compare(database: Database, model: str, number: int, versions: Sequence[Version]) -> VersionComparison:
    """Versions of a set in pairs; the target's newest where none is named.

    Raises:
        InvalidInput: more than 8.
        NotFound: no such set, or a version without figures on it.
    """
    table, described = test_set(database, model, number)
    chosen = _versions(table, described, model, versions)
    found = [
        pair
        for before, after in combinations(chosen, 2)
        if (pair := paired(before, after, table.values[before], table.values[after])) is not None
    ]
    together = zip(found, holm([item["p_value"] for item in found]), strict=True)
    pairs = tuple(replace(difference(0, item), corrected=corrected) for item, corrected in together)
    common = {str(version): row for version, row in table.common().items() if version in chosen}
    ties = tie_groups(common, SEED) if common else []
    steady = stability(common, SEED).tolist() if len(common) > 1 else []
    return VersionComparison(
        described, pairs, tuple(TieGroup(0, tuple(map(Version.of, group))) for group in ties), tuple(steady)
    )


def coverage(
    database: Database,
    neighbours: Neighbours,
    model: str,
    number: int,
    version: int,
    failed_below: float = FAILED_BELOW,
    per_ranking: int = PER_RANKING,
) -> Coverage:
    """What the contests of a version see of its failures on a set; version 0 is its newest there.

    Raises:
        InvalidInput: `failed_below` outside (0, 1], or `per_ranking` outside 1..10000.
        NotFound: no such set, no figures of the version on it, or no contest of it.
        Unavailable: the selector doesn't answer.
    """
    if not 0 < failed_below <= 1:
        raise InvalidInput(f"failed_below must be in (0, 1], got {failed_below}", field="failed_below")
    if not 1 <= per_ranking <= MOST_PER_RANKING:
        raise InvalidInput(f"per_ranking must be 1..{MOST_PER_RANKING}, got {per_ranking}", field="per_ranking")
    table, described = test_set(database, model, number)
    whose = _version(table, described, model, version)
    known = {
        image: value for image, value in zip(table.images, table.values[whose].tolist(), strict=True) if value == value
    }
    places = [item for item in neighbours.places(whose, list(known), per_ranking) if item.compared]
    return _coverage(described, whose, known, places, failed_below)


def _coverage(
    described: TestSet,
    whose: Version,
    known: Mapping[str, float],
    places: Sequence[ImagePlaces],
    failed_below: float,
) -> Coverage:
    risks = np.array([1 - known[item.image_id] for item in places])
    discrepancies = np.array([item.mean_discrepancy for item in places])
    failures = sorted(
        (item for item in places if known[item.image_id] < failed_below),
        key=lambda item: (known[item.image_id], item.image_id),
    )
    unranked = np.array([not item.rankings for item in failures], np.float64)
    return Coverage(
        described,
        whose,
        len(places),
        _curve(risk_coverage(risks, discrepancies)),
        _correlation(discrepancies, risks),
        len(failures),
        int(unranked.sum()),
        sum(item.rankings > 0 and not item.top for item in failures),
        _share(unranked),
        tuple(
            Failure(item.image_id, known[item.image_id], item.mean_discrepancy, item.rankings, item.top)
            for item in failures[:MOST_FAILURES]
        ),
    )


def _curve(risks: Floats) -> tuple[CoveragePoint, ...]:
    """At most 200 points, the last one of all images."""
    if not len(risks):
        return ()
    chosen = np.unique(np.linspace(0, len(risks) - 1, min(len(risks), MOST_POINTS)).round().astype(int))
    return tuple(CoveragePoint((at + 1) / len(risks), float(risks[at])) for at in chosen.tolist())


def _correlation(discrepancies: Floats, risks: Floats) -> float | None:
    if len(risks) < 2:
        return None
    found = rank_correlation(discrepancies, risks)
    return None if math.isnan(found) else found


def _share(unranked: Floats) -> Figure | None:
    if not len(unranked):
        return None
    found = share_estimate(int(unranked.sum()), len(unranked))
    return Figure(found.value, found.low, found.high, found.images)


def _versions(table: Table, described: TestSet, model: str, named: Sequence[Version]) -> list[Version]:
    if len(named) > MOST_VERSIONS:
        raise InvalidInput(f"versions must be at most {MOST_VERSIONS}, got {len(named)}", field="versions")
    for version in named:
        _must_have_figures(table, described, version)
    ours = [version for version in ordered_versions(table.values, model) if version.model == model]
    return list(dict.fromkeys(named)) or ours[-MOST_VERSIONS:]


def _version(table: Table, described: TestSet, model: str, number: int) -> Version:
    ours = [version for version in ordered_versions(table.values, model) if version.model == model]
    if not number and ours:
        return ours[-1]
    version = Version(model, number)
    _must_have_figures(table, described, version)
    return version


def _must_have_figures(table: Table, described: TestSet, version: Version) -> None:
    if version not in table.values:
        name = f"T({described.round})" if described.round else "the random lane"
        there = ", ".join(map(str, table.values)) or "none"
        raise NotFound(f"{version} has no figures on {name}; these have: {there}")
