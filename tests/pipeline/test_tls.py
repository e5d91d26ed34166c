"""`madseg up` over TLS: its services call each other with certificates, and commands of its machine find the files."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from madseg.client import Client, NotFound, NotReady, Unavailable
from tests.cli.terminal import Terminal
from tests.pipeline.running import Up
from tests.security.authority import Authority


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """`madseg up` without networks, not started yet."""
    (tmp_path / "models").mkdir()
    names = ("HTTP", "INTAKE", "MODELS", "SELECTOR", "LABELLING", "FINETUNE", "ROUNDS")
    anywhere = {f"MADSEG_{name}": "127.0.0.1:0" for name in names}
    with Up(tmp_path / "state", {**anywhere, "MADSEG_REPOSITORY": str(tmp_path / "models")}) as process:
        yield process


def test_everything_of_up_goes_over_tls(up: Up, tmp_path: Path) -> None:
    """Calls of commands, pages, and what services ask each other; in the clear and without a certificate nothing."""
    authority = Authority(tmp_path / "tls")
    certificate, key = authority.sign("madseg")
    client = up.start(
        MADSEG_TLS_CERTIFICATE=str(certificate),
        MADSEG_TLS_KEY=str(key),
        MADSEG_TLS_AUTHORITY=str(authority.file),
        MADSEG_TLS_CLIENT_AUTHORITY=str(authority.file),
    )
    found = json.loads(up.endpoints.read_text())
    assert found["http"].startswith("https://")
    assert (found["tls_authority"], found["tls_key"]) == (str(authority.file), str(key))

    # The gateway asks labelling and the selector, labelling the selector, and the pages all of them.
    assert client.forget("ab" * 16, "its owner asked for it").image_id == "ab" * 16
    with pytest.raises((NotFound, NotReady), match="candidate set"):
        client.create_campaign()
    token = (up.state / "operator.token").read_text().strip()
    believing = ssl.create_default_context(cafile=str(authority.file))
    with httpx.Client(base_url=found["http"], verify=believing, trust_env=False, timeout=20) as web:
        assert web.get("/readyz").status_code == 200
        answer = web.post("/api/session", json={"token": token}, headers={"X-Madseg": "1"})
        assert "Secure" in answer.headers["set-cookie"].split("; ")
        for path in ("/api/candidate-sets", "/api/mask-tasks", "/api/rounds", "/api/runs"):
            assert web.get(path, headers={"authorization": f"Bearer {token}"}).status_code == 200

    commands = Terminal({"MADSEG_STATE": str(up.state)})
    assert commands("health", found["selector"]).code == 0
    assert commands("model", "list").code == 0
    assert commands("status").code == 0
    with Client(*(found[name] for name in ("intake", "selector", "models")), token=token) as clear:
        for ask in (clear.intake_status, clear.contests, clear.models):
            with pytest.raises(Unavailable, match="one does that wants TLS"):
                ask()
    assert up.terminate() == 0
