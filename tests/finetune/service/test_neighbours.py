"""What fine-tuning asks of the other services, over real gRPC."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from madseg.client import Client, Model
from madseg.core.errors import InvalidInput, NotFound, Unavailable
from madseg.finetune.neighbours import Remote
from tests.finetune.service.speaking import LANE, speaking
from tests.finetune.service.world import CROP, FIRST, SECOND, World, image
from tests.finetune.small import scene


@pytest.fixture
def remote(world: World) -> Iterator[Remote]:
    """The world, asked over gRPC with a token."""
    with speaking(world.around) as address:
        client = Client(address, None, address, address, token="its-own")
        yield Remote(lambda: client)
        client.close()


def test_they_say_what_they_know(remote: Remote, world: World) -> None:
    """As the fakes say it."""
    world.around.lane.add(image(2))
    world.around.add_test(60, scene(600, (1,))[0], LANE)
    assert remote.model("small") == remote.model("") == world.around.model("small")
    assert remote.campaigns("small") == (FIRST, SECOND)
    assert list(remote.masks(FIRST)) == sorted(world.around.accepted[FIRST].items())
    expected = {image(number): f"T of campaign {FIRST}" for number in (50, 51, 52)}
    assert remote.tested() == expected | {image(60): LANE}
    assert remote.picture(image(1)) == world.around.pictures[image(1)]
    assert [remote.crop(image(number)) for number in (1, 2)] == [(CROP, False), (CROP, True)]


def test_a_version_is_released(remote: Remote, world: World, tmp_path: Path) -> None:
    """The whole file, with its card; once for a key."""
    (tmp_path / "bare.onnx").write_bytes(bytes(range(256)) * 10_000)
    card = str(yaml.safe_dump({"name": "small", "source": "here"}))
    for _ in range(2):
        assert remote.release(tmp_path / "bare.onnx", card, "a1", 1) == 2
    assert world.around.released == [(card, bytes(range(256)) * 10_000)]


def test_what_they_refuse_is_told_in_our_words(remote: Remote, world: World, tmp_path: Path) -> None:
    """What may pass is Unavailable, and nothing else is."""
    with pytest.raises(NotFound, match="no image"):
        remote.picture(image(99))
    with pytest.raises(NotFound, match="no campaign"):
        list(remote.masks("x" * 32))
    world.around.refusal = "the network is too large"
    (tmp_path / "bare.onnx").write_bytes(b"1")
    with pytest.raises(InvalidInput, match="models: the network is too large"):
        remote.release(tmp_path / "bare.onnx", "name: small", "a1", 1)
    world.around.away = True
    with pytest.raises(Unavailable):
        remote.model("small")


class Lonely(Client):
    """Of a deployment without models."""

    def models(self) -> list[Model]:
        """None yet."""
        return []


def test_without_a_target_it_is_said_how_one_is_added() -> None:
    """By its card."""
    with Lonely() as client, pytest.raises(NotFound, match="no target yet: `madseg model add` with `role: target`"):
        Remote(lambda: client).model("")
