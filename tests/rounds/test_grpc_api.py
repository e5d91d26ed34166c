"""The service and its client, over real gRPC."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from madseg import client as c
from madseg.client import (
    AlreadyExists,
    CampaignPlan,
    Client,
    Forbidden,
    GateBounds,
    InvalidArgument,
    NotFound,
    NotReady,
    Round,
    RoundOutcome,
    RoundPlan,
    RoundPolicy,
    RoundStep,
    RunPlan,
    Unauthenticated,
    Unavailable,
    Version,
)
from madseg.requests import token
from tests.rounds.fakes import FakeNeighbours
from tests.rounds.serving import Served, serving

PLAN = RoundPlan(5, CampaignPlan(1, 4, 3, 3, seed=9), training=RunPlan(s0="/srv/s0", t0="/srv/t0"))


@pytest.fixture
def around() -> FakeNeighbours:
    """Neighbours that a test leads."""
    return FakeNeighbours(by_itself=False)


@pytest.fixture
def served(tmp_path: Path, around: FakeNeighbours) -> Iterator[Served]:
    """The service, running."""
    with serving(tmp_path, around) as running:
        yield running


@pytest.fixture
def otto(served: Served) -> Client:
    """An operator."""
    return served.client("otto")


def until(client: Client, holds: Callable[[Round], bool]) -> Round:
    """The newest round when this holds."""
    end = time.monotonic() + 60
    while not holds(found := client.round()):
        assert time.monotonic() < end, found
        time.sleep(0.02)
    return found


def test_a_round_over_the_wire(otto: Client, around: FakeNeighbours) -> None:
    """Every field of its plan is set; it is watched until it ends; Table 1 and each image's results are told."""
    made = otto.start_round(PLAN, idempotency_key="first")
    assert made.plan == RoundPlan(
        5,
        CampaignPlan(1, 4, 3, 3, 4, False, 0.1, 0.05, 900, 9),
        (),
        0.05,
        RunPlan(Version("", 0), (), "/srv/s0", "/srv/t0", "modern", {}, GateBounds(0.01, 0.1, 0.1, 2000.0, 1.25)),
    )
    assert (made.number, made.target, made.started_by, made.outcome) == (1, Version("small", 1), "otto", None)
    around.by_itself = True
    seen = list(otto.watch_round(made.id))
    order = [item.step for item in seen]
    assert order == sorted(order, key=list(RoundStep).index)
    ended = seen[-1]
    assert (ended.step, ended.outcome, ended.released) == (RoundStep.ENDED, RoundOutcome.RELEASED, Version("small", 2))
    assert [item.step for item in ended.steps] == list(RoundStep)[1:]
    assert all(item.began_at and item.ended_at for item in ended.steps)
    assert otto.start_round(PLAN, idempotency_key="first") == ended == otto.round(made.id)
    for plan, model in ((replace(PLAN, per_ranking=6), ""), (PLAN, "small")):
        with pytest.raises(AlreadyExists, match=f"made round {made.id}: a new call needs a new key"):
            otto.start_round(plan, model=model, idempotency_key="first")
    found = otto.standings()
    assert found == otto.standings("small")
    assert [(item.kind, item.images) for item in found.sets[:2]] == [("round", 3), ("random_lane", 5)]
    assert {item.version for item in otto.results("round", 1)} == {Version("better", 1), *map(_small, (1, 2))}
    assert len(list(otto.results("random_lane", page_size=4))) == 5 * 3


def test_results_are_read_to_the_end(otto: Client, around: FakeNeighbours) -> None:
    """A token goes on with its own test set alone, and names the target that the first page was of."""
    around.all_drawn()
    whole = list(otto.results("random_lane"))
    assert len(whole) == 5 * 2
    assert list(otto.results("random_lane", page_size=4)) == whole
    assert otto.result_page("random_lane", page_size=0).results == tuple(whole)
    more = otto.result_page("random_lane", page_size=4).next_page_token
    around.away = {"target"}
    assert otto.result_page("random_lane", page_token=more).results == tuple(whole[4:])
    assert otto.result_page("random_lane", model="small", page_token=more).next_page_token == ""
    wrong: list[Callable[[], object]] = [
        lambda: otto.result_page("round", 1, page_token=more),
        lambda: otto.result_page("random_lane", model="other", page_token=more),
        *(partial(otto.result_page, "random_lane", page_token=text) for text in _garbled()),
    ]
    for call in wrong:
        with pytest.raises(InvalidArgument, match="page_token"):
            call()


def _garbled() -> list[str]:
    of, last = ["small", 0], ["a" * 32, "small", 1]
    made = [
        token(before=1),
        token(results=of),
        token(results=of, after=[*last, 1]),
        token(results=["small", "0"], after=last),
        token(results=of, after=["a" * 32, "small", 1 << 31]),
        token(results=of, after=["a" * 32, "small", -1]),
        token(results=of, after=["a\0", "small", 1]),
    ]
    return ["?", "W10=", *made]


def _small(number: int) -> Version:
    return Version("small", number)


def test_rounds_are_listed_in_pages(otto: Client) -> None:
    """Newest first; of a model that has none, none."""
    for _ in range(3):
        otto.cancel_round(otto.start_round(PLAN).id)
    assert [item.number for item in otto.rounds(page_size=2)] == [3, 2, 1]
    assert list(otto.rounds(model="other")) == []
    for forged in ("nonsense", token(serial=1), token(before=10**30), token(before=-(10**30))):
        with pytest.raises(InvalidArgument, match="page_token"):
            otto.round_page(page_token=forged)


def test_words_are_given_by_those_who_may(otto: Client, served: Served, around: FakeNeighbours) -> None:
    """What the gate refused takes an admin."""
    around.by_itself, around.passes = True, False
    made = otto.start_round(replace(PLAN, approve_choice=True, approve_release=True))
    until(otto, lambda found: found.awaits_approval)
    with pytest.raises(NotReady, match="doesn't wait for a word at drawing"):
        otto.approve_round(made.id, "drawing")
    assert not otto.approve_round(made.id, RoundStep.CHOOSING).awaits_approval
    refused = until(otto, lambda found: found.step is RoundStep.TRAINING and found.awaits_approval)
    assert refused.notes == ("mIoU on T0-report falls by 0.2",)
    with pytest.raises(Forbidden):
        otto.approve_round(made.id, "training", despite=True)
    served.client("root").approve_round(made.id, "training", despite=True)
    assert until(otto, lambda found: found.outcome is not None).outcome is RoundOutcome.RELEASED


def test_a_cancelled_round_is_done_with(otto: Client) -> None:
    """Its watchers too; it can't be approved."""
    made = otto.start_round(PLAN)
    assert otto.cancel_round(made.id).outcome is RoundOutcome.CANCELLED
    assert [item.outcome for item in otto.watch_round()] == [RoundOutcome.CANCELLED]
    with pytest.raises(NotReady):
        otto.approve_round(made.id, "choosing", despite=True)


def test_policies_are_set_and_read(otto: Client) -> None:
    """Whole; one that begins nothing is refused."""
    assert (otto.round_policy().enabled, otto.round_policy().model) == (False, "small")
    wanted = RoundPolicy("", True, 1000, 3600, 2, PLAN)
    put = otto.set_round_policy(wanted)
    assert otto.round_policy("small") == put
    assert (put.model, put.candidates, put.seconds, put.rounds) == ("small", 1000, 3600, 2)
    assert put.plan.double_share == 0.05
    with pytest.raises(InvalidArgument, match="needs candidates or seconds"):
        otto.set_round_policy(RoundPolicy("", True, plan=PLAN))
    with pytest.raises(InvalidArgument, match="T0 must be a folder"):
        otto.set_round_policy(replace(wanted, plan=RoundPlan()))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"per_ranking": 0}, "per_ranking"),
        ({"per_ranking": 1001}, "per_ranking"),
        ({"double_share": 1.5}, "double_share"),
        ({"double_share": float("nan")}, "double_share"),
        ({"campaign": CampaignPlan(raters=51)}, "raters"),
        ({"campaign": CampaignPlan(test_reserved=3, test_reported=4)}, "test_reported"),
        ({"annotators": ("",)}, "name"),
        ({"training": RunPlan()}, "t0"),
        ({"training": RunPlan(t0="/srv/t0", recipe="best")}, "no recipe"),
        ({"training": RunPlan(t0="x" * 1001)}, "training"),
        ({"training": RunPlan(t0="/srv/t0", seed=1 << 63)}, "seeds"),
    ],
)
def test_a_plan_that_can_t_be_is_refused_at_once(otto: Client, changed: dict[str, object], field: str) -> None:
    """Before anybody works for it."""
    with pytest.raises(InvalidArgument, match=field):
        otto.start_round(replace(PLAN, **changed))  # type: ignore[arg-type]
    assert list(otto.rounds()) == []


def test_roles(served: Served, otto: Client) -> None:
    """Raters look at rounds and not at figures; reviewers at both; nobody without a token."""
    made, ada = otto.start_round(PLAN), served.client("ada")
    assert ada.round(made.id) == otto.round()
    for call in (ada.standings, lambda: ada.result_page("round", 1), lambda: ada.cancel_round(made.id)):
        with pytest.raises(Forbidden):
            call()
    assert served.client("rita").standings().sets == ()
    with pytest.raises(Forbidden):
        served.client("rita").start_round(PLAN)
    with pytest.raises(Unauthenticated):
        served.client(None).round()


def test_what_isn_t_there(otto: Client, around: FakeNeighbours) -> None:
    """No round, no such target, no such set; Models is away."""
    with pytest.raises(NotFound, match="there is no round yet"):
        otto.round()
    with pytest.raises(NotFound):
        otto.start_round(PLAN, model="other")
    with pytest.raises(InvalidArgument, match="T0-report has figures alone"):
        otto.result_page(c.TestKind.T0_REPORT)
    with pytest.raises(NotFound, match="no round 1"):
        list(otto.results("round", 1))
    with pytest.raises(InvalidArgument, match="round_id must be given"):
        otto.cancel_round("")
    around.away = {"target", "contests", "released"}
    with pytest.raises(Unavailable):
        otto.start_round(PLAN)
    assert otto.standings("small").sets == ()
