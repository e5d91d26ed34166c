"""EvaluationService over the wire: what it answers, to whom, and what it refuses."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from madseg.client import (
    CampaignPlan,
    Client,
    Forbidden,
    InvalidArgument,
    NotFound,
    RoundPlan,
    RunPlan,
    TestKind,
    Unauthenticated,
    Version,
)
from tests.rounds.fakes import BETTER, FakeNeighbours, name
from tests.rounds.serving import Served, serving

PLAN = RoundPlan(5, CampaignPlan(1, 4, 3, 3), training=RunPlan(s0="/srv/s0", t0="/srv/t0"))
OLD, NEW = Version("small", 1), Version("small", 2)

ASKS: dict[str, Callable[[Client], object]] = {
    "compare": lambda client: client.compare_versions(),
    "coverage": lambda client: client.coverage(),
    "competition": lambda client: client.competition(),
}


@pytest.fixture
def around() -> FakeNeighbours:
    """Neighbours that get on by themselves; the random lane is drawn."""
    found = FakeNeighbours()
    found.all_drawn()
    return found


@pytest.fixture
def served(tmp_path: Path, around: FakeNeighbours) -> Iterator[Served]:
    """The service, with a round that is through."""
    with capture_logs(), serving(tmp_path, around) as running:
        client = running.client("otto")
        for _ in client.watch_round(client.start_round(PLAN).id):
            pass
        yield running


def test_versions_are_compared_by_name_or_by_age(served: Served) -> None:
    """On the random lane, or on a T."""
    rita = served.client("rita")
    found = rita.compare_versions()
    assert [(item.before, item.after) for item in found.pairs] == [(OLD, NEW)]
    assert found.pairs[0].corrected == found.pairs[0].p_value
    named = rita.compare_versions("round", 1, [BETTER, "small/2"])
    assert [(item.before, item.after) for item in named.pairs] == [(BETTER, NEW)]
    assert (named.test_set.kind, named.test_set.round, named.test_set.against) == (TestKind.ROUND, 1, OLD)
    table = rita.standings()
    by_table = next(item for item in table.differences if table.sets[item.set].kind is TestKind.RANDOM_LANE)
    assert (by_table.gain, by_table.more_images) == (found.pairs[0].gain, found.pairs[0].more_images)


def test_what_the_contests_see(served: Served) -> None:
    """Of the newest version, or of one that is named."""
    rita = served.client("rita")
    found = rita.coverage(version=1, failed_below=0.9)
    assert (found.version, found.images, found.curve[-1].coverage) == (OLD, 5, 1.0)
    assert found.failures == len(found.worst) > 0
    assert found.unranked_share is not None
    assert rita.coverage().version == NEW


def test_a_competition(served: Served, around: FakeNeighbours) -> None:
    """Of all versions there are."""
    around.compete([BETTER, OLD, NEW], [name(number) for number in range(1, 6)])
    around.all_drawn()
    found = served.client("otto").competition()
    assert (found.drawn, len(found.duels), len(found.ranking)) == (5, 3, 3)
    assert sum(item.strength for item in found.ranking) == pytest.approx(1)


@pytest.mark.parametrize("ask", ASKS)
def test_it_is_for_reviewers_and_operators(served: Served, ask: str) -> None:
    """Who grades must not know how the versions do."""
    with pytest.raises(Forbidden):
        ASKS[ask](served.client("ada"))
    with pytest.raises(Unauthenticated):
        ASKS[ask](served.client(None))


def test_what_can_t_be(served: Served, around: FakeNeighbours) -> None:
    """Each with the field, or with what there is."""
    rita = served.client("rita")
    with pytest.raises(InvalidArgument, match="at most 8"):
        rita.compare_versions(versions=[f"small/{number}" for number in range(1, 10)])
    with pytest.raises(InvalidArgument, match="at least 1"):
        rita.compare_versions(versions=["small"])
    with pytest.raises(InvalidArgument, match="T0-report has figures alone"):
        rita.coverage("t0_report")
    with pytest.raises(InvalidArgument, match="number of a round"):
        rita.compare_versions("round")
    with pytest.raises(NotFound, match="no round 9"):
        rita.coverage("round", 9)
    with pytest.raises(InvalidArgument, match="failed_below"):
        rita.coverage(failed_below=2)
    with pytest.raises(InvalidArgument, match="per_ranking"):
        rita.coverage(per_ranking=10_001)
    with pytest.raises(NotFound, match="with contestants"):
        rita.competition()
    with pytest.raises(InvalidArgument, match="no contestants"):
        rita.competition(next(iter(around.sets.values())).id)
    with pytest.raises(InvalidArgument, match="candidate_set_id"):
        rita.competition("f" * 33)
