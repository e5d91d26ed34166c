"""500 hostile files by every way in: each is taken or refused alike, in words, and the process goes on."""

import json
import random
from pathlib import Path

import httpx
import pytest

from madseg.client import Accepted, ClientError, Refused, Upload
from tests.cli.terminal import Terminal
from tests.gateway.pictures import png_header
from tests.gateway.test_hostile import damaged, small_files
from tests.pipeline.running import Up

FILES = 500

NAMES = ("../../etc/passwd", "a\x00b.png", "<script>.jpg", "x" * 300, "con", "\u202egnp.exe", "a b/c\\d.png", "")


def hostile_files(count: int, seed: int) -> list[bytes]:
    """Damaged files of every kind, and some that are nothing or claim to be much."""
    chance, kinds = random.Random(seed), list(small_files().values())
    special = [
        b"",
        b"\x00",
        b"GIF89a",
        b"<svg onload=alert(1)>",
        b"PK\x03\x04" + bytes(100),
        png_header(60_000, 60_000),
    ]
    return special + [damaged(chance.choice(kinds), chance) for _ in range(count - len(special))]


def test_every_way_in_says_the_same_of_a_hostile_file(up: Up, tmp_path: Path) -> None:
    """HTTP as a body and as a form, gRPC as a call and as a stream, and the files of a folder."""
    files = hostile_files(FILES, 20261126)
    chance, client = random.Random(1), up.client
    url = json.loads(up.endpoints.read_text())["http"]
    streamed = list(client.upload_many(Upload(content, chance.choice(NAMES)) for content in files))
    assert _from_folder(up, files, tmp_path / "put") == [isinstance(result, Accepted) for result in streamed]
    token = (up.state / "operator.token").read_text().strip()
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as web:
        for content, result in zip(files, streamed, strict=True):
            name = chance.choice(NAMES)
            as_body = web.post("/v1/images", content=content, params={"name": name})
            as_form = web.post("/v1/images", files={"file": (name or "x", content)})
            taken = isinstance(result, Accepted)
            assert (as_body.is_success, as_form.is_success) == (taken, taken), (as_body.text, as_form.text, result)
            if isinstance(result, Accepted):
                assert as_body.json()["image_id"] == as_form.json()["image_id"] == result.image_id
                assert client.upload(content, name=name).duplicate
            else:
                assert as_body.status_code in {400, 413, 415, 422}
                assert as_body.json()["detail"]
                _refused(up, content, result)
    assert sum(isinstance(result, Refused) for result in streamed) > FILES // 3
    assert up.running
    assert "Traceback" not in up.log.read_text()


def _from_folder(up: Up, files: list[bytes], put: Path) -> list[bool]:
    """Whether each was taken by `madseg ingest folder`."""
    put.mkdir()
    for number, content in enumerate(files):
        (put / f"{number:03}.png").write_bytes(content)
    answer = Terminal({"MADSEG_STATE": str(up.state)})("ingest", "folder", put, "--json")
    taken = {item["name"]: item["outcome"] == "accepted" for item in answer.lines}
    return [taken[f"{number:03}.png"] for number in range(len(files))]


def _refused(up: Up, content: bytes, result: Refused) -> None:
    """The call of its own refuses what the stream refused, with a reason."""
    assert result.reason
    with pytest.raises(ClientError, match=r"\w"):
        up.client.upload(content)
