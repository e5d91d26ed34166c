"""People of a single sign-on, in a whole process: over gRPC, HTTP and the pages."""

import json
from pathlib import Path

import httpx
import pytest

from madseg.client import Client, ClientError
from tests.pipeline.running import Up
from tests.pipeline.world import picture
from tests.security.issuer import AUDIENCE, Issuer


def test_signed_tokens_count_everywhere(settings: dict[str, str], tmp_path: Path) -> None:
    """With their roles, also where the pages ask the services on somebody's behalf; over time they are over."""
    with Issuer() as issuer:
        given = {"MADSEG_OIDC_ISSUER": issuer.url, "MADSEG_OIDC_AUDIENCE": AUDIENCE}
        with Up(tmp_path / "state", {**settings, **given}) as up:
            up.start()
            found = json.loads(up.endpoints.read_text())
            camera, ada = issuer.token(sub="camera", roles=["source"]), issuer.token()
            with Client(**{name: found[name] for name in ("intake", "selector")}, token=camera, timeout=20) as client:
                assert client.upload(picture(1)).image_id
                with pytest.raises(ClientError, match="camera has no role for this"):
                    client.rankings()
                with pytest.raises(ClientError, match="time is over"):
                    client.with_token(issuer.token(exp=1)).rankings()
                assert client.with_token(issuer.token(roles=["reader"])).rankings() is not None
            _check_pages(found["http"], ada, issuer.token(sub="root", roles=["admin"]))
            assert up.terminate() == 0
        assert ada[:40] not in up.log.read_text()


def _check_pages(url: str, rater: str, admin: str) -> None:
    change = {"X-Madseg": "1", "Origin": url}
    with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
        assert client.post("/api/session", json={"token": rater}, headers=change).status_code == 204
        assert client.get("/api/me").json()["name"] == "ada"
        assert client.get("/api/standings").status_code == 403
        assert client.get("/api/standings", headers={"authorization": f"Bearer {admin}"}).status_code == 200
        parts = client.get("/api/overview").json()["parts"]
        assert [item["name"] for item in parts if not item["ok"]] == []
