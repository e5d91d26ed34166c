"""Versions of a set in pairs, and what their contests see, as by hand."""

from itertools import combinations

import numpy as np
import pytest

from madseg.client import TestKind, Version
from madseg.core.comparison import compare_paired, holm
from madseg.core.errors import InvalidInput, NotFound
from madseg.core.rounds import Step
from madseg.rounds.comparing import compare, coverage
from madseg.rounds.evaluating import LANE
from madseg.rounds.standings import SEED
from tests.rounds.desk import Desk, results_of
from tests.rounds.fakes import BETTER, placed

OLD, NEW = Version("small", 1), Version("small", 2)


@pytest.fixture
def done(desk: Desk) -> Desk:
    """A round is through, and the random lane is drawn."""
    desk.around.all_drawn()
    desk.start()
    desk.until(Step.ENDED)
    return desk


def rows(done: Desk, number: int) -> dict[Version, dict[str, float]]:
    """mIoU by version and image."""
    found: dict[Version, dict[str, float]] = {}
    for item in results_of(done.database, number):
        found.setdefault(item.version, {})[item.image_id] = item.mean_iou
    return found


@pytest.mark.parametrize("number", [LANE, 1])
def test_every_pair_by_hand(done: Desk, number: int) -> None:
    """With Holm's correction over all of them, and how many more images would settle it."""
    found = compare(done.database, "small", number, [OLD, NEW, BETTER])
    known = {
        version: np.array([value for _, value in sorted(row.items())]) for version, row in rows(done, number).items()
    }
    pairs = list(combinations([OLD, NEW, BETTER], 2))
    wanted = [compare_paired(known[a], known[b], SEED) for a, b in pairs]
    assert [(item.before, item.after) for item in found.pairs] == pairs
    assert [item.corrected for item in found.pairs] == holm([item.p_value for item in wanted])
    for item, by_hand in zip(found.pairs, wanted, strict=True):
        assert item.gain.value == by_hand.gain.value
        needed = by_hand.images_to_separate
        assert item.more_images == (None if needed is None else max(0, needed - item.gain.images))
    assert (found.test_set.kind, found.test_set.round) == (
        (TestKind.RANDOM_LANE, 0) if number == LANE else (TestKind.ROUND, 1)
    )
    assert len(found.stability) == found.test_set.images
    assert {version for group in found.ties for version in group.versions} == {OLD, NEW, BETTER}


def test_the_target_s_own_where_none_is_named(done: Desk) -> None:
    """Ascending; what has no figures is named with those that have."""
    found = compare(done.database, "small", LANE, [])
    assert [(item.before, item.after) for item in found.pairs] == [(OLD, NEW)]
    with pytest.raises(NotFound, match="small/9 has no figures on the random lane; these have: better/1"):
        compare(done.database, "small", LANE, [Version("small", 9)])
    with pytest.raises(NotFound, match="no round 7"):
        compare(done.database, "small", 7, [])
    with pytest.raises(InvalidInput, match="at most 8"):
        compare(done.database, "small", LANE, [OLD] * 9)


def test_without_a_mask_there_is_no_comparison(led: Desk) -> None:
    """And that is said."""
    with pytest.raises(NotFound, match="no image of the random lane of small has an accepted mask yet"):
        compare(led.database, "small", LANE, [])


@pytest.mark.parametrize("per_ranking", [3, 25])
@pytest.mark.parametrize("failed_below", [0.35, 0.5, 1.0])
def test_what_the_contests_see_by_hand(done: Desk, per_ranking: int, failed_below: float) -> None:
    """Failures that no contest ranks, those too far behind, and risk by coverage."""
    found = coverage(done.database, done.around, "small", LANE, 1, failed_below, per_ranking)
    known = rows(done, LANE)[OLD]
    failures = [image for image in known if known[image] < failed_below]
    places = {image: placed(image, per_ranking) for image in known}
    assert (found.version, found.images, found.failures) == (OLD, len(known), len(failures))
    assert found.unranked == sum(places[image].rankings == 0 for image in failures)
    assert found.behind == sum(places[image].rankings > 0 and not places[image].top for image in failures)
    if failures:
        assert found.unranked_share is not None
        assert found.unranked_share.value == found.unranked / len(failures)
        assert found.unranked_share.low <= found.unranked_share.value <= found.unranked_share.high
    else:
        assert found.unranked_share is None
    assert [item.image_id for item in found.worst] == sorted(failures, key=lambda image: (known[image], image))
    ordered = sorted(known, key=lambda image: (places[image].mean_discrepancy, list(known).index(image)))
    risks = [1 - known[image] for image in ordered]
    assert [point.coverage for point in found.curve] == [(at + 1) / len(known) for at in range(len(known))]
    assert [point.risk for point in found.curve] == pytest.approx(
        [float(np.mean(risks[: at + 1])) for at in range(len(known))]
    )


def test_the_newest_version_where_none_is_named(done: Desk) -> None:
    """On T of a round too; bounds are checked."""
    assert coverage(done.database, done.around, "small", LANE, 0).version == NEW
    assert coverage(done.database, done.around, "small", 1, 1).test_set.round == 1
    with pytest.raises(NotFound, match="small/9 has no figures"):
        coverage(done.database, done.around, "small", LANE, 9)
    for wrong in ({"failed_below": 0.0}, {"failed_below": 1.5}, {"per_ranking": 0}, {"failed_below": float("nan")}):
        with pytest.raises(InvalidInput):
            coverage(done.database, done.around, "small", LANE, 1, **wrong)
