"""ScoringService over gRPC, asked by the client: roles, answers, refusals."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from madseg.client import (
    AlreadyExists,
    CampaignPlan,
    CampaignState,
    Client,
    Forbidden,
    InvalidArgument,
    NotFound,
    NotReady,
    Unauthenticated,
    VetoReason,
)
from madseg.ports import Database
from madseg.v1 import scoring_pb2
from madseg.v1.scoring_pb2_grpc import ScoringServiceStub
from tests.labelling.fakes import FakeNeighbours, image, neighbours
from tests.labelling.serving import Served, serving

PLAN = CampaignPlan(raters=2, counterexamples=2, test_reserved=1, test_reported=1, repeat_share=0.0, seed=5)


@pytest.fixture
def around() -> FakeNeighbours:
    """A candidate set of six images."""
    return neighbours(6)


@pytest.fixture
def served(database: Database, around: FakeNeighbours, tmp_path: Path) -> Iterator[Served]:
    """The service."""
    with serving(database, around, tmp_path) as running:
        yield running


def test_the_whole_way(served: Served, around: FakeNeighbours) -> None:
    """Opened, judged, undone, vetoed, chosen, read."""
    otto, ada, bob = served.client("otto"), served.client("ada"), served.client("bob")
    opened = otto.create_campaign(plan=PLAN, note="first", idempotency_key="k")
    assert otto.create_campaign(plan=PLAN, note="second", idempotency_key="k").id == opened.id
    with pytest.raises(AlreadyExists, match=f"made campaign {opened.id}"):
        otto.create_campaign(plan=replace(PLAN, raters=3), note="first", idempotency_key="k")
    assert (opened.images, opened.state, opened.note) == (6, CampaignState.OPEN, "first")
    assert (opened.plan.raters, opened.plan.lease_seconds, opened.plan.adaptive) == (2, 900, False)
    taken = ada.take_assignments(count=2)
    assert (len(taken.assignments), taken.judged, taken.left) == (2, 0, 6)
    assert ada.grade(taken.assignments[0].id, 2, looked_ms=3000).judged == 1
    assert ada.undo_judgement().id == taken.assignments[0].id
    out = taken.assignments[0].image_id
    ada.veto(taken.assignments[0].id, "other", "<b>blank</b>")
    ada.abstain(taken.assignments[1].id)
    assert ada.return_assignments() == 0
    for rater in (ada, bob, served.client("root")):
        while held := rater.take_assignments(count=3).assignments:
            for item in held:
                rater.grade(item.id, 1 + int(item.image_id, 16) % 5)
    found = otto.campaign()
    assert (found.state, found.finished, found.vetoed, found.grades) == (CampaignState.SCORED, 6, 1, 10)
    (veto,) = otto.vetoes()
    assert (veto.image_id, veto.rater, veto.reason, veto.text) == (out, "ada", VetoReason.OTHER, "<b>blank</b>")
    pages = list(otto.opinions(page_size=2))
    assert pages == list(otto.opinions())
    assert [item.image_id for item in pages][-1] == out
    report = otto.agreement()
    assert [item.rater for item in report.raters] == ["ada", "bob", "root"]
    assert report.hours_scoring == pytest.approx((10 * 7 + 2 * 7) / 3600)
    sets = otto.choose_sets()
    assert (len(sets.counterexamples), len(sets.test), len(sets.just_missed)) == (2, 1, 2)
    assert otto.choose_sets() == sets == otto.chosen_sets() == served.client("ann").chosen_sets()
    assert [item.id for item in otto.campaigns()] == [opened.id]
    wanted = {item.image_id for item in sets.counterexamples}
    until(lambda: around.excluded_for("training") == wanted and around.excluded_for("veto") == {out})


def until(holds: Callable[[], bool]) -> None:
    """Waits until something holds."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


Calls = dict[str, Callable[[Client], Any]]
"""Of the client, by name."""

OPERATOR: Calls = {
    "create": lambda client: client.create_campaign(),
    "revoke": lambda client: client.revoke_vetoes(image(0)),
    "choose": lambda client: client.choose_sets(),
}
READING: Calls = {
    "opinions": lambda client: list(client.opinions()),
    "vetoes": lambda client: client.vetoes(),
    "agreement": lambda client: client.agreement(),
}
RATING: Calls = {
    "take": lambda client: client.take_assignments(),
    "return": lambda client: client.return_assignments(),
    "judge": lambda client: client.grade("x", 1),
    "undo": lambda client: client.undo_judgement(),
}
ANYBODY: Calls = {
    "list": lambda client: list(client.campaigns()),
    "get": lambda client: client.campaign(),
    "watch": lambda client: next(client.watch_campaign()),
}


def refused(calls: Calls, client: Client, error: type[Exception]) -> None:
    """Every one of these calls ends with an error."""
    for call in calls.values():
        with pytest.raises(error):
            call(client)


def test_campaigns_are_read_to_the_end(served: Served) -> None:
    """Page by page; those who know of no pages get as many as there can be in one."""
    otto = served.client("otto")
    opened = [otto.create_campaign(plan=PLAN).id for _ in range(5)]
    assert [item.id for item in otto.campaigns(page_size=2)] == opened[::-1]
    assert [item.id for item in otto.campaign_page(page_size=0).campaigns] == opened[::-1]
    first = otto.campaign_page(page_size=4)
    assert [len(first.campaigns), len(otto.campaign_page(page_token=first.next_page_token).campaigns)] == [4, 1]
    with pytest.raises(InvalidArgument, match="page_token"):
        otto.campaign_page(page_token="garbled")
    with pytest.raises(InvalidArgument, match=r"page_size must be 1\.\.1000, got 1001"):
        otto.campaign_page(page_size=1001)


def test_roles_are_asked_for(served: Served) -> None:
    """A rater sees neither opinions nor vetoes; an operator rates nothing; without a token nobody does anything."""
    served.client("otto").create_campaign(plan=PLAN)
    refused({**OPERATOR, **READING, "sets": lambda client: client.chosen_sets()}, served.client("ada"), Forbidden)
    refused({**OPERATOR, **RATING}, served.client("rita"), Forbidden)
    refused(RATING, served.client("otto"), Forbidden)
    refused({**READING, **RATING}, served.client("ann"), Forbidden)
    refused({**OPERATOR, **READING, **RATING, **ANYBODY}, served.client(None), Unauthenticated)
    for client in map(served.client, ("ada", "ann", "rita", "otto")):
        for call in ANYBODY.values():
            call(client)
    for call in READING.values():
        call(served.client("rita"))


def test_wrong_inputs_are_refused_with_the_field(served: Served) -> None:
    """And nothing is kept of them."""
    otto, ada, bob = served.client("otto"), served.client("ada"), served.client("bob")
    otto.create_campaign(plan=PLAN)
    (held,) = ada.take_assignments().assignments
    stub = ScoringServiceStub(ada._labelling.channel())
    for grade in (0, 6):
        with pytest.raises(grpc.RpcError, match=r"grade must be 1 \(bad\) \.\. 5"):
            stub.Judge(scoring_pb2.JudgeRequest(assignment_id=held.id, grade=grade))  # type: ignore[arg-type]
    with pytest.raises(grpc.RpcError, match="needs a reason"):
        stub.Judge(scoring_pb2.JudgeRequest(assignment_id=held.id, veto=scoring_pb2.Veto()))
    with pytest.raises(grpc.RpcError, match="must be a grade, a veto or an abstention"):
        stub.Judge(scoring_pb2.JudgeRequest(assignment_id=held.id))
    with pytest.raises(InvalidArgument, match="needs a text") as caught:
        ada.veto(held.id, "other")
    assert caught.value.field == "veto.text"
    with pytest.raises(InvalidArgument, match=r"grade must be 1 \(bad\)"):
        ada.grade(held.id, 6)
    with pytest.raises(Forbidden, match="somebody else's"):
        bob.grade(held.id, 3)
    with pytest.raises(NotFound, match="take one first"):
        bob.grade("<script>alert(1)</script>", 3)
    with pytest.raises(InvalidArgument, match="count must be") as caught:
        ada.take_assignments(count=21)
    assert caught.value.field == "count"
    with pytest.raises(InvalidArgument, match="raters must be") as caught:
        otto.create_campaign(plan=CampaignPlan(raters=0))
    assert caught.value.field == "plan.raters"
    with pytest.raises(InvalidArgument, match="page_token"):
        otto.opinion_page(page_token="bm90aGluZw==")
    with pytest.raises(NotFound):
        otto.campaign("0" * 32)
    with pytest.raises(InvalidArgument, match="32 characters"):
        otto.campaign("../../etc/passwd" * 9)
    with pytest.raises(NotReady, match="6 of 6 images still lack judgements"):
        otto.choose_sets()
    found = otto.campaign()
    assert (found.grades, found.vetoed, found.active) == (0, 0, ("ada",))


def test_a_campaign_is_watched(served: Served) -> None:
    """Now, and again when something happens."""
    otto, ada = served.client("otto"), served.client("ada")
    otto.create_campaign(plan=PLAN)
    watched = otto.watch_campaign()
    assert next(watched).grades == 0
    ada.grade(ada.take_assignments().assignments[0].id, 4)
    grades = [next(watched).grades]
    while grades[-1] == 0:
        grades.append(next(watched).grades)
    assert grades[-1] == 1
    watched.close()  # type: ignore[attr-defined]


def test_an_assignment_tells_a_rater_nothing_but_what_to_judge(served: Served) -> None:
    """No discrepancy, no repeat, no grade of others."""
    assert {field.name for field in scoring_pb2.Assignment.DESCRIPTOR.fields} == {
        "id",
        "image_id",
        "target",
        "leased_until",
    }
