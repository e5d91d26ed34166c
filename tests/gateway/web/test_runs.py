"""Runs as the pages get them, and what operators do with them."""

from pathlib import Path

import pytest

from madseg.client import Client
from madseg.security.access import Role
from madseg.v1 import finetune_pb2
from tests.gateway.web.canned_finetune import RUN
from tests.gateway.web.site import Site
from tests.gateway.web.site import site as started
from tests.gateway.web.test_events import events


def test_a_run(site: Site) -> None:
    """With its epochs and its gate; what is no number is null; the newest has a name."""
    with site.visit(Role.RATER) as client:
        found = client.get(f"/api/runs/{RUN}").json()
        assert client.get("/api/runs/newest").json() == found
        assert client.get("/api/runs/7").status_code == 404
    assert (found["id"], found["state"], found["plan"]["target"]) == (RUN, "passed", "ours/2")
    assert [(item["epoch"], item["selected"], item["loss"]) for item in found["epochs"]] == [
        (1, 0.25, 1.0),
        (2, 0.5, 0.5),
    ]
    assert found["checks"][0]["sentence"] == "It agrees <b>."
    assert (found["before"]["value"], found["after"]["value"]) == (0.5, None)


def test_runs_in_pages(site: Site) -> None:
    """By state."""
    with site.visit(Role.RATER) as client:
        found = client.get("/api/runs", params={"state": "passed", "page_size": 1, "page_token": "t"}).json()
        wrong = client.get("/api/runs", params={"state": "asleep"})
    assert ([item["id"] for item in found["runs"]], found["next_page_token"]) == ([RUN], "more")
    assert (wrong.status_code, wrong.json()["field"]) == (400, "state")
    asked = site.finetune.asked[0]
    assert (asked.state, asked.page_size, asked.page_token) == (finetune_pb2.RUN_STATE_PASSED, 1, "t")


def test_a_run_as_events(site: Site) -> None:
    """Whenever it gets on."""
    with site.visit(Role.RATER) as client, client.stream("GET", f"/api/runs/{RUN}/events") as answer:
        heard = events(answer)
        assert len(next(heard)[1]["run"]["epochs"]) == 2
        site.finetune.epoch = 3
        name, value = next(heard)
    assert (name, len(value["run"]["epochs"])) == ("run", 3)


def test_what_a_run_waits_for(site: Site) -> None:
    """Is told until it gets on."""
    site.finetune.state = finetune_pb2.RUN_STATE_TRAINING
    with site.visit(Role.RATER) as client:
        assert client.get(f"/api/runs/{RUN}").json()["waits_for"] == "labelling <b>is away"
        site.finetune.state = finetune_pb2.RUN_STATE_PASSED
        assert client.get(f"/api/runs/{RUN}").json()["waits_for"] == ""


def test_promoting_and_cancelling(site: Site) -> None:
    """What the gate refused is let through by name alone."""
    site.finetune.state = finetune_pb2.RUN_STATE_REFUSED
    with site.visit(Role.OPERATOR) as client:
        refused = client.post(f"/api/runs/{RUN}/promote")
        released = client.post(f"/api/runs/{RUN}/promote", json={"despite_gate": True})
        cancelled = client.post(f"/api/runs/{RUN}/cancel")
    assert (refused.status_code, refused.json()["detail"]) == (409, "the gate refused it")
    assert (released.json()["state"], cancelled.json()["state"]) == ("released", "cancelled")


def test_rolling_back(site: Site) -> None:
    """The version before serves again; without one it is refused."""
    with site.visit(Role.OPERATOR) as client:
        done = client.post("/api/models/ours/rollback")
        as_shown = client.post("/api/models/ours/rollback", json={"expected_newest": 3})
        late = client.post("/api/models/ours/rollback", json={"expected_newest": 4})
        unknown = client.post("/api/models/nobody/rollback")
    assert (done.status_code, done.json()["model"]["serving"], done.json()["before"]) == (200, [1], [1, 2, 3])
    assert as_shown.status_code == 200
    assert (late.status_code, late.json()["type"], unknown.status_code) == (409, "urn:madseg:Stale", 409)


@pytest.mark.parametrize("path", [f"runs/{RUN}/promote", f"runs/{RUN}/cancel", "models/ours/rollback"])
def test_only_operators_change_versions(site: Site, path: str) -> None:
    """Whoever reviews looks on."""
    with site.visit(Role.REVIEWER) as client:
        assert client.post(f"/api/{path}").status_code == 403
    assert site.finetune.asked == []


def test_a_service_that_is_away_or_was_never_there(tmp_path: Path) -> None:
    """503, with when to come back."""

    def connect(timeout: float) -> Client:
        return Client(None, None, None, None, "127.0.0.1:1", timeout=timeout)

    with started(tmp_path, connect=connect) as site, site.visit(Role.OPERATOR) as client:
        for path in (f"/api/runs/{RUN}", "/api/runs"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        away = client.post("/api/models/ours/rollback")
    assert (away.status_code, away.json()["detail"]) == (503, "no address of the models is known")
