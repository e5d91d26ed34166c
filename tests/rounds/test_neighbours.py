"""One suite over the fake neighbours and over the same ones asked by gRPC."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from madseg.client import (
    CampaignPlan,
    CampaignState,
    Client,
    MaskPurpose,
    MaskTaskState,
    Model,
    RunPlan,
    RunState,
    Version,
)
from madseg.core.errors import InvalidInput, NotFound, NotReady, Unavailable
from madseg.rounds.neighbours import Neighbours, Remote
from tests.rounds.fakes import BETTER, FakeNeighbours, name, placed, said
from tests.rounds.speaking import speaking

OLD = Version("small", 1)
PLAN = CampaignPlan(1, 4, 3, 3, 4, False, 0.1, 0.05, 900, 7)


@pytest.fixture
def fake() -> FakeNeighbours:
    """The neighbourhood, led by the test."""
    return FakeNeighbours(by_itself=False)


@pytest.fixture(params=["fake", "remote"])
def around(request: pytest.FixtureRequest, fake: FakeNeighbours) -> Iterator[Neighbours]:
    """It, as a service sees it."""
    if request.param == "fake":
        yield fake
        return
    with speaking(fake) as at, Client(None, at, at, at, at, token="its-own", timeout=20) as client:
        yield Remote(lambda: client)


def test_from_m_to_masks_everything_is_made_once(around: Neighbours, fake: FakeNeighbours) -> None:
    """A second call with the same key answers with what the first one made."""
    assert around.target("") == around.target("small") == OLD
    cuts = [around.cut(OLD, 5, "one", "a note") for _ in range(2)]
    assert (cuts[0], cuts[0].size) == (cuts[1], 10)
    campaigns = [around.open_campaign(cuts[0].id, PLAN, "one", "a note") for _ in range(2)]
    assert campaigns[0] == campaigns[1] == around.campaign(campaigns[0].id) == around.campaigns("small")[0]
    assert (campaigns[0].plan, campaigns[0].state) == (PLAN, CampaignState.OPEN)
    assert around.campaigns("other") == []
    with pytest.raises(NotReady, match="lack judgements"):
        around.choose(campaigns[0].id, allow_incomplete=False)
    with pytest.raises(NotFound):
        around.chosen(campaigns[0].id)
    fake.scored(campaigns[0].id)
    chosen = [around.choose(campaigns[0].id, allow_incomplete=False) for _ in range(2)]
    assert chosen[0] == chosen[1] == around.chosen(campaigns[0].id)
    assert [item.reported for item in chosen[0].test] == [True] * 3
    for _ in range(2):
        around.make_tasks(campaigns[0].id, (), 0.0)
    made = around.tasks(campaign_id=campaigns[0].id)
    assert {item.purpose for item in made} == {MaskPurpose.COUNTEREXAMPLE, MaskPurpose.TEST}
    assert len(around.tasks(purpose=MaskPurpose.TEST)) == 3
    fake.all_drawn()
    done = around.tasks(campaign_id=campaigns[0].id)[0]
    assert (done.state, done.accepted_revision) == (MaskTaskState.ACCEPTED, 1)
    assert around.mask(done.id, 1) == fake.mask(done.id, 1)
    assert around.maps(done.image_id) == {version: said(done.image_id, version) for version in (BETTER, OLD)}


def test_from_a_run_to_its_version(around: Neighbours, fake: FakeNeighbours) -> None:
    """One run a key; it is promoted, or cancelled."""
    plan = RunPlan(OLD, ("c" * 32,), "/srv/s0", "/srv/t0", "modern", {"epochs": 2})
    runs = [around.start_run(plan, "one") for _ in range(2)]
    assert (runs[0], runs[0].plan, runs[0].state) == (runs[1], plan, RunState.PREPARING)
    fake.passes = False
    fake.trained(runs[0].id)
    with pytest.raises(NotReady, match="the gate refused it"):
        around.promote(runs[0].id, despite_gate=False)
    around.promote(runs[0].id, despite_gate=True)
    around.run(runs[0].id)
    assert [item.released for item in around.released("small")] == [Version("small", 2)]
    assert around.released("other") == []
    assert around.target("") == Version("small", 2)
    assert [(item.target.version, item.missing > 0) for item in around.contests()] == [(1, False), (2, True)]
    with pytest.raises(NotReady):
        around.cancel_run(runs[0].id)
    around.check_run(plan)
    with pytest.raises(InvalidInput, match="no recipe"):
        around.check_run(replace(plan, recipe="best"))
    other = around.start_run(plan, "two")
    assert around.cancel_run(other.id).state is RunState.CANCELLED


def test_what_isn_t_there(around: Neighbours) -> None:
    """Is not found; how large M would be is told without a cut."""
    with pytest.raises(NotFound):
        around.target("other")
    assert around.fresh(OLD, 5, "") == 20
    assert around.fresh(OLD, 5, "a" * 32) == 0


def test_one_that_doesn_t_answer_is_unavailable(around: Neighbours, fake: FakeNeighbours) -> None:
    """As the others are."""
    fake.away = {"contests"}
    with pytest.raises(Unavailable):
        around.contests()


def test_a_competition_and_its_images(around: Neighbours, fake: FakeNeighbours) -> None:
    """The one that is named, or the newest; a set of a target is none."""
    with pytest.raises(NotFound, match="with contestants"):
        around.competition("")
    cut = around.cut(OLD, 5, "one", "a note")
    first = fake.compete([BETTER, OLD], [name(1), name(2)])
    second = fake.compete([BETTER, OLD], [name(3)])
    chosen, candidates = around.competition(first)
    assert (chosen.id, chosen.contestants) == (first, (BETTER, OLD))
    assert [(item.image_id, item.placements) for item in candidates] == [
        (item.image_id, item.placements) for item in fake.competitions[first][1]
    ]
    assert around.competition("")[0].id == second
    with pytest.raises(InvalidInput, match="no contestants"):
        around.competition(cut.id)
    with pytest.raises(NotFound):
        around.competition("f" * 32)


def test_places_of_more_images_than_one_call_takes(around: Neighbours) -> None:
    """In the order asked."""
    ids = [name(number) for number in range(1, 1203)]
    assert [item.image_id for item in around.places(OLD, ids, 7)] == ids
    assert around.places(OLD, ids[:3], 7) == [placed(image, 7) for image in ids[:3]]
    with pytest.raises(NotFound):
        around.places(BETTER, ids[:1], 7)


def test_a_campaign_is_cancelled(around: Neighbours, fake: FakeNeighbours) -> None:
    """Once and for all."""
    opened = around.open_campaign(around.cut(OLD, 5, "one", "").id, PLAN, "one", "")
    for _ in range(2):
        around.cancel_campaign(opened.id)
    assert around.campaign(opened.id).state is CampaignState.CANCELLED
    with pytest.raises(NotReady):
        around.choose(opened.id, allow_incomplete=True)


class Lonely(Client):
    """Of a deployment without models."""

    def models(self) -> list[Model]:
        """None yet."""
        return []


def test_without_a_target_it_is_said_how_one_is_added() -> None:
    """By its card."""
    with Lonely() as client, pytest.raises(NotFound, match="no target yet: `madseg model add` with `role: target`"):
        Remote(lambda: client).target("")
