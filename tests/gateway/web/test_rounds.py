"""Rounds and their policy as the pages get them, and what operators do with them."""

from pathlib import Path
from typing import Any

import pytest

from madseg.client import Client
from madseg.security.access import Role
from madseg.v1 import rounds_pb2
from tests.gateway.web.canned_rounds import ROUND
from tests.gateway.web.site import Site
from tests.gateway.web.site import site as started
from tests.gateway.web.test_events import events


def test_a_round(site: Site) -> None:
    """With its plan, its steps and what it waits for; the newest has a name; scripts in notes are data."""
    with site.visit(Role.RATER) as client:
        found = client.get(f"/api/rounds/{ROUND}").json()
        assert client.get("/api/rounds/newest").json() == found
        assert client.get("/api/rounds/7").status_code == 404
    assert (found["id"], found["target"], found["step"], found["outcome"]) == (ROUND, "ours/2", "drawing", None)
    assert (found["done"], found["total"], found["notes"]) == (3, 9, ["<b>two masks</b> wait"])
    assert found["steps"][0]["ended_at"] == "2026-03-14T10:00:00+00:00"
    assert (found["plan"]["campaign"]["raters"], found["plan"]["training"]["changes"]) == (3, {"epochs": 3})


def test_rounds_in_pages(site: Site) -> None:
    """Of one target."""
    with site.visit(Role.RATER) as client:
        found = client.get("/api/rounds", params={"model": "ours", "page_size": 1, "page_token": "t"}).json()
    assert ([item["id"] for item in found["rounds"]], found["next_page_token"]) == ([ROUND], "more")
    asked = site.rounds.asked[0]
    assert (asked.model, asked.page_size, asked.page_token) == ("ours", 1, "t")


@pytest.mark.parametrize(("path", "name"), [("rounds/events", "rounds"), (f"rounds/{ROUND}/events", "round")])
def test_rounds_as_events(site: Site, path: str, name: str) -> None:
    """Whenever one gets on."""
    with site.visit(Role.RATER) as client, client.stream("GET", f"/api/{path}") as answer:
        heard = events(answer)
        next(heard)
        site.rounds.done = 4
        told, value = next(heard)
    assert told == name
    assert (value["rounds"][0] if name == "rounds" else value["round"])["done"] == 4


def test_starting_a_round(site: Site) -> None:
    """What is left out is the service's to say."""
    training = {"t0": "/t0", "changes": {"epochs": 2}, "bounds": {"drop": 0.5}}
    plan = {"per_ranking": 5, "campaign": {"raters": 2}, "training": training, "approve_release": True}
    with site.visit(Role.OPERATOR) as client:
        begun = client.post("/api/rounds", json={"plan": plan, "idempotency_key": "k"})
        refused = client.post("/api/rounds", json={})
    assert (begun.status_code, begun.json()["step"]) == (200, "mining")
    assert (refused.status_code, refused.json()["field"]) == (400, "plan.training.t0")
    asked = site.rounds.asked[0]
    assert (asked.plan.per_ranking, asked.plan.campaign.raters, asked.idempotency_key) == (5, 2, "k")
    assert not asked.plan.campaign.HasField("counterexamples")
    assert not asked.plan.HasField("double_share")
    assert (dict(asked.plan.training.changes), asked.plan.training.bounds.drop) == ({"epochs": "2"}, 0.5)
    assert (asked.plan.approve_choice, asked.plan.approve_release) == (False, True)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"plan": {"double_share": 2}}, "plan.double_share"),
        ({"plan": {"training": {"target": "ours/1"}}}, "plan.training.target"),
        ({"plan": {"training": {"bounds": {"slower": -1}}}}, "plan.training.bounds.slower"),
        ({"idempotency_key": "k" * 201}, "idempotency_key"),
        ({"plan": 7}, "plan"),
    ],
)
def test_wrong_plans_name_the_field(site: Site, body: dict[str, Any], field: str) -> None:
    """Before anybody is asked."""
    with site.visit(Role.OPERATOR) as client:
        answer = client.post("/api/rounds", json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert site.rounds.asked == []


def test_approving_and_cancelling(site: Site) -> None:
    """The step is named: another one is 409, what is no step 400."""
    site.rounds.step = rounds_pb2.ROUND_STEP_CHOOSING
    at = f"/api/rounds/{ROUND}"
    with site.visit(Role.OPERATOR) as client:
        approved = client.post(f"{at}/approve", json={"step": "choosing", "despite": True})
        elsewhere = client.post(f"{at}/approve", json={"step": "training"})
        wrong = client.post(f"{at}/approve", json={"step": "asleep"})
        cancelled = client.post(f"{at}/cancel")
    assert (approved.status_code, elsewhere.status_code, wrong.status_code) == (200, 409, 400)
    assert (site.rounds.asked[0].despite, cancelled.json()["step"]) == (True, "ended")


def test_the_policy(site: Site) -> None:
    """Read by everybody, set by operators, as it was read."""
    with site.visit(Role.RATER) as client:
        found = client.get("/api/policy", params={"model": "ours"}).json()
    assert (found["model"], found["candidates"], found["enabled"]) == ("ours", 500, False)
    plan = {"per_ranking": 7, "training": {"t0": "/t0", "seed": 5}}
    with site.visit(Role.OPERATOR) as client:
        told = client.put("/api/policy", json={"model": "ours", "enabled": True, "seconds": 60, "plan": plan})
    assert (told.json()["enabled"], told.json()["plan"]["per_ranking"]) == (True, 7)
    asked = site.rounds.asked[-1].policy
    assert (asked.seconds, asked.candidates, asked.plan.training.seed) == (60, 0, 5)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "rounds"),
        ("POST", f"rounds/{ROUND}/approve"),
        ("POST", f"rounds/{ROUND}/cancel"),
        ("PUT", "policy"),
    ],
)
def test_only_operators_steer(site: Site, method: str, path: str) -> None:
    """Whoever reviews looks on."""
    with site.visit(Role.REVIEWER) as client:
        assert client.request(method, f"/api/{path}", json={}).status_code == 403
    assert site.rounds.asked == []


def test_a_service_that_is_away_or_was_never_there(tmp_path: Path) -> None:
    """503, with when to come back."""

    def connect(timeout: float) -> Client:
        return Client(None, None, None, None, None, None, timeout=timeout)

    with started(tmp_path, connect=connect) as site, site.visit(Role.OPERATOR) as client:
        for path in ("rounds", f"rounds/{ROUND}", "policy", "standings", "results", f"rounds/{ROUND}/repairs"):
            answer = client.get(f"/api/{path}")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert answer.json()["detail"] == "no address of the rounds is known"
