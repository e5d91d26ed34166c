"""No token stands in anything that a process writes: its log, its output, its audit log, its figures."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from madseg.client import Client, ClientError
from madseg.security.access import Role, add_token
from madseg.up import OPERATOR
from tests.pipeline.running import Up
from tests.pipeline.world import picture

GUESS = "a-guess-that-nobody-has-0123456789ABCDEF"
SERVICE = "the-token-of-a-service-0123456789ABCDEF"


def test_tokens_are_nowhere_in_what_a_process_writes(settings: dict[str, str], tmp_path: Path) -> None:
    """Shown rightly, wrongly, by header, cookie and sign-in, in place of an id, to gRPC and HTTP; and its own."""
    state, audit = tmp_path / "state", tmp_path / "audit.jsonl"
    state.mkdir()
    tokens = {role: add_token(state / "tokens.json", f"the {role}", [role]) for role in Role}
    given = {"MADSEG_AUDIT": str(audit), "MADSEG_GATEWAY_TOKEN": SERVICE, "MADSEG_METRICS": "127.0.0.1:0"}
    with Up(state, {**settings, "MADSEG_TOKENS": str(state / "tokens.json"), **given}) as up:
        up.start()
        found = json.loads(up.endpoints.read_text())
        answers = [*_over_grpc(found, tokens), *_over_http(found["http"], tokens)]
        with urllib.request.urlopen(found["metrics"], timeout=20) as page:
            answers.append(page.read().decode())
        assert up.terminate() == 0
    written = [up.log.read_text(), audit.read_text()]
    secrets = [*tokens.values(), GUESS, SERVICE]
    if (state / OPERATOR).exists():
        secrets.append((state / OPERATOR).read_text().strip())
    for secret in secrets:
        assert not [text for text in (*written, *answers) if secret in text or secret[:20] in text]
    noted = [json.loads(line) for line in audit.read_text().splitlines()]
    codes = {item["code"] for item in noted}
    assert {"OK", "UNAUTHENTICATED", "PERMISSION_DENIED", "204", "401", "403", "201"} <= codes


def _over_grpc(found: dict[str, str], tokens: dict[Role, str]) -> list[str]:
    """What the services answer to those who show a token in all ways."""
    with Client(intake=found["intake"], timeout=20) as client:
        client.with_token(tokens[Role.SOURCE]).upload(picture(1))
        said = []
        for token in (tokens[Role.RATER], GUESS, None):
            with pytest.raises(ClientError) as refused:
                client.with_token(token).forget("0" * 32, "no reason")
            said.append(str(refused.value))
        with pytest.raises(ClientError):  # it says what it got, to whoever sent it
            client.with_token(tokens[Role.OPERATOR]).forget(tokens[Role.ADMIN], "a token in place of an id")
    with grpc.insecure_channel(found["intake"]) as channel:
        ask: Any = channel.unary_unary("/madseg.v1.IntakeService/GetIntakeStatus")
        for header in (f"Basic {tokens[Role.ADMIN]}", f"bearer {GUESS}"):
            with pytest.raises(grpc.RpcError) as wrong:
                ask(b"", timeout=20, metadata=[("authorization", header)])
            assert isinstance(wrong.value, grpc.Call)
            said.append(wrong.value.details() or "")
    return said


def _over_http(url: str, tokens: dict[Role, str]) -> list[str]:
    """The same of the gateway."""
    change = {"X-Madseg": "1", "Origin": url}
    with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
        answers = [
            client.post("/v1/images", content=picture(2), headers={"authorization": f"Bearer {tokens[Role.OPERATOR]}"}),
            client.post("/v1/images", content=picture(2), headers={"authorization": f"Bearer {tokens[Role.RATER]}"}),
            client.post("/v1/images", content=picture(2), headers={"authorization": f"Bearer {GUESS}"}),
            client.post("/api/session", json={"token": GUESS}, headers=change),
            client.post("/api/session", json={"token": tokens[Role.ADMIN]}, headers=change),
            client.get("/api/me"),
            client.post("/api/candidate-sets", headers=change, json={"per_ranking": "all"}),
            client.delete("/api/session", headers=change),
        ]
    assert [answer.status_code for answer in answers] == [201, 403, 401, 401, 204, 200, 400, 204]
    return [answer.text for answer in answers]
