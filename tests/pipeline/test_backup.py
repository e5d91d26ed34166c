"""A backup that is made while pictures come in is a state of its own, which lacks nothing that it speaks of."""

import shutil
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from madseg.client import Accepted, Upload
from tests.cli.terminal import Terminal
from tests.pipeline import expected
from tests.pipeline.driving import settled
from tests.pipeline.expected import Asked
from tests.pipeline.running import Up, until
from tests.pipeline.world import COMPETITORS, TARGET, picture


def test_a_backup_in_mid_stream_starts_and_catches_up(up: Up, asked: Asked, tmp_path: Path) -> None:
    """Its rankings are the reference's over the images that it has, after `madseg reconcile`; nothing is lost."""
    client = up.start()
    before: list[str] = []
    ending = threading.Event()

    def send() -> None:
        with suppress(Exception):
            for seed in range(10_000):
                if ending.is_set():
                    return
                for result in client.upload_many([Upload(picture(seed))]):
                    assert isinstance(result, Accepted)
                    before.append(result.image_id)

    sender = threading.Thread(target=send)
    sender.start()
    until(lambda: len(before) > 20)
    known = set(before)
    copy = tmp_path / "copy"
    madseg = Terminal({"MADSEG_STATE": str(up.state), "MADSEG_REPOSITORY": up.settings["MADSEG_REPOSITORY"]})
    assert madseg("backup", copy, "--json").json["files"] > 40
    ending.set()
    sender.join()
    up.kill()
    shutil.rmtree(up.settings["MADSEG_REPOSITORY"])

    restored = {**up.settings, "MADSEG_REPOSITORY": str(copy / "model_repository")}
    with Up(copy, restored) as again:
        client = again.start()
        assert Terminal({"MADSEG_STATE": str(copy)})("reconcile").code == 0
        ids = set(client.images())
        assert known <= ids <= set(before)
        images = [
            asked.image(image, client.picture(image).content, (TARGET, *COMPETITORS), client.image(image).random_lane)
            for image in sorted(ids)
        ]
        settled(client, images)
        wanted = expected.rankings(images, expected.rules(), COMPETITORS)
        assert wanted == expected.served_rankings(client, COMPETITORS)


@pytest.mark.parametrize("place", ["state/copy", "models/copy", "there", "none"])
def test_what_can_not_be_is_refused_and_leaves_nothing(place: str, tmp_path: Path) -> None:
    """A target inside of what is copied or that is there, and a state that isn't."""
    for name in ("state", "models", "there"):
        (tmp_path / name).mkdir()
    if place != "none":
        (tmp_path / "state" / "stream.db").touch()
    before = sorted(tmp_path.rglob("*"))
    madseg = Terminal({"MADSEG_STATE": str(tmp_path / "state"), "MADSEG_REPOSITORY": str(tmp_path / "models")})
    answer = madseg("backup", tmp_path / place)
    assert answer.code == 1
    assert str(tmp_path) in answer.err.replace("\n", "")
    assert sorted(tmp_path.rglob("*")) == before
