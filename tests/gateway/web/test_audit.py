"""What people do on the pages, and who tries to sign in, is written down."""

import json
from pathlib import Path
from typing import Any

from madseg.gateway.web.attempts import LIMIT
from madseg.security.access import Role
from madseg.security.audit import open_audit
from madseg.security.crowd import crowd
from madseg.security.guarding import Guard
from madseg.security.rates import Rates
from tests.gateway.web.site import site


def lines(file: Path) -> list[dict[str, Any]]:
    """What stands in an audit log."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def noting(file: Path) -> Guard:
    """A guard that writes into a file."""
    return Guard(crowd(99, 99, 1 << 26), Rates(0, 1), open_audit(str(file)))


def test_signing_in_and_out_is_noted(tmp_path: Path) -> None:
    """Who did, and from where somebody failed to; never with what. Guesses beyond the limit are counted alone."""
    file = tmp_path / "audit.jsonl"
    with site(tmp_path, guarded=noting(file)) as at, at.visit() as client:
        assert client.post("/api/session", json={"token": at.tokens[Role.RATER]}).status_code == 204
        assert client.delete("/api/session", headers={"Origin": at.url}).status_code == 204
        for number in range(LIMIT + 3):
            client.post("/api/session", json={"token": f"guess-{number}"})
        tokens = at.tokens.values()
    found = lines(file)
    assert [(item["method"], item["principal"], item["code"]) for item in found] == [
        ("POST /api/session", "the rater", "204"),
        ("DELETE /api/session", "the rater", "204"),
        *[("POST /api/session", None, "401")] * LIMIT,
    ]
    assert {item["peer"] for item in found} == {"127.0.0.1"}
    text = file.read_text()
    assert "guess" not in text
    assert not any(token in text for token in tokens)


def test_changes_and_refusals_are_noted_and_looking_is_not(tmp_path: Path) -> None:
    """By the template of the route, with the ids of its path."""
    file, task = tmp_path / "audit.jsonl", "0123456789abcdef" * 2
    with site(tmp_path, guarded=noting(file)) as at:
        with at.visit(Role.RATER) as rater:
            assert rater.get("/api/me").status_code == 200
            assert rater.get(f"/api/images/{task}/why").status_code == 403
        with at.visit(Role.ANNOTATOR, traceparent=f"00-{task}-00f067aa0ba902b7-01") as annotator:
            annotator.post(f"/api/mask-tasks/{task}/return")
        with at.visit(Role.OPERATOR, **{"X-Madseg": "0"}) as forged:
            assert forged.post("/api/candidate-sets").status_code == 403
        with at.visit() as nobody:
            assert nobody.get("/api/me").status_code == 401
    looked, returned, forgery, stranger = lines(file)
    assert (looked["principal"], looked["roles"], looked["code"]) == ("the rater", ["rater"], "403")
    assert (returned["method"], returned["principal"]) == ("POST /api/mask-tasks/{task_id}/return", "the annotator")
    assert (returned["touched"], returned["trace_id"]) == ({"task_id": task}, task)
    assert (forgery["principal"], forgery["code"]) == ("the operator", "403")
    assert (stranger["principal"], stranger["code"]) == (None, "401")
