"""Which rankings of a contest an image stands in."""

import numpy as np
import pytest

from madseg.core.competition import ContestRef
from madseg.core.messages import Defender, VersionRef
from madseg.core.ranking import RankingKey
from madseg.selector.layout import Contest, Ranking
from madseg.selector.packing import pack_areas

REF = ContestRef(VersionRef("alpha", 1), VersionRef("beta", 1))


def contest(labels: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> Contest:
    """With rankings of these classes, by either map."""
    made = Contest(1, REF, 1, 2, None, True)
    for defender in Defender:
        for label in labels:
            key = RankingKey(REF.target, REF.competitor, defender, label)
            made.rankings[defender][label] = Ranking(len(list(made.all_rankings())), key, made, low, high, None)
    return made


def test_an_image_shows_the_ranked_classes_of_either_map() -> None:
    """The target's first, each with its area; what has no ranking is passed over."""
    target, competitor = np.array([[30, 12, 0, 6]], np.int32), np.array([[40, 0, 7, 1]], np.int32)
    (packed,) = pack_areas(target, competitor)
    shown = [(item.key.defender, item.key.label, area) for item, area in contest((1, 2, 3)).shown(packed)]
    ours, theirs = Defender.TARGET, Defender.COMPETITOR
    assert shown == [(ours, 1, 12), (ours, 3, 6), (theirs, 2, 7), (theirs, 3, 1)]


@pytest.mark.parametrize(
    ("low", "high", "share", "admitted"),
    [
        *((0, 1, 0.0, False), (0, 1, 1e-9, True), (0, 1, 1.0, True)),
        *((0.2, 0.5, 0.19, False), (0.2, 0.5, 0.2, True), (0.2, 0.5, 0.5, True), (0.2, 0.5, 0.51, False)),
    ],
)
def test_a_ranking_admits_shares_within_its_bounds(low: float, high: float, share: float, admitted: bool) -> None:
    """Both bounds included, and nothing where the class isn't there."""
    (ranking, _) = contest((1,), low, high).all_rankings()
    assert ranking.admits(share) is admitted
