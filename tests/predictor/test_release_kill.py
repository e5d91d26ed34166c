"""kill -9 of the Models service at each step of a release: repository and stream agree after the next start."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import onnx
import pytest

from madseg.adapters.streams import open_stream
from madseg.core.competition import Competition
from madseg.core.messages import ModelEvent, Role, VersionRef
from madseg.ports import Topic
from madseg.predictor.announce import announcer
from madseg.predictor.catalogue import Catalogue
from madseg.predictor.trial import Trial
from madseg.wire import decode_model_event
from tests.predictor.networks import COLOURS, network
from tests.predictor.test_catalogue import SIZE, Server, card

STEPS = ("trial", "announcement", "announced", "freeing")
"""Where it dies: when the server is to load the version; before and after the stream is told; at the very end."""

RELEASE = """
import sys
from pathlib import Path
from tests.predictor.test_release_kill import Dying, service
catalogue = service(Path(sys.argv[1]), Dying(Path(sys.argv[1]) / "models", sys.argv[2]))
catalogue.release(Path(sys.argv[3]), "net", "", key="run 7")
"""


class Dying(Server):
    """Kills its process at a step."""

    def __init__(self, root: Path, step: str) -> None:
        super().__init__(root)
        self._step = step

    def at(self, step: str) -> None:
        """Dies if this is the step."""
        if step == self._step:
            os.kill(os.getpid(), signal.SIGKILL)

    def keep(self, model: str, numbers: Sequence[int]) -> None:
        self.at("freeing" if self.asked else "trial")


def service(root: Path, server: Server) -> Catalogue:
    """The Models service over a folder, as it starts."""
    stream = open_stream(f"sqlite:///{root}/stream.db")
    stream.create(Topic("models", compacted=True))
    publish = announcer(stream, "models")
    begun = False

    def announce(events: Sequence[ModelEvent]) -> None:
        if begun and isinstance(server, Dying):
            server.at("announcement")
        publish(events)
        if begun and isinstance(server, Dying):
            server.at("announced")

    catalogue = Catalogue(
        root / "models", COLOURS, SIZE, announce, lambda: datetime.now(UTC), trial=Trial(server, SIZE, patience=0)
    )
    catalogue.begin()
    begun = True
    return catalogue


def announced(root: Path) -> Competition:
    """What whoever reads the topic from its beginning knows."""
    stream = open_stream(f"sqlite:///{root}/stream.db")
    consumer, found = stream.consume("models", "test", lambda _: 0), Competition()
    for record in consumer.poll(0, 1000):
        assert record.value is not None
        found = found.apply(decode_model_event(record.value))
    stream.close()
    return found


def die(root: Path, step: str) -> None:
    """A release with a key, which dies at a step."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", RELEASE, str(root), step, str(root / "net.onnx")]
    died = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()


@pytest.mark.parametrize("step", STEPS)
def test_a_release_that_dies_is_done_or_undone(tmp_path: Path, step: str) -> None:
    """Undone until the trial is passed, done from then on; and the next release goes on from there."""
    onnx.save(network(), tmp_path / "net.onnx")
    service(tmp_path, Server(tmp_path / "models")).add(tmp_path / "net.onnx", card("net", "target"), "net")
    die(tmp_path, step)
    if step == "trial":
        assert (tmp_path / "models/net/2/model.onnx").exists()  # it did get that far
    catalogue = service(tmp_path, Server(tmp_path / "models"))
    serving = (1,) if step == "trial" else (1, 2)
    folder = tmp_path / "models" / "net"
    assert catalogue.model("net").serving == serving
    assert announced(tmp_path).serving(Role.TARGET) == tuple(VersionRef("net", number) for number in serving)
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == [str(number) for number in serving]
    assert f"versions: [ {', '.join(map(str, serving))} ]" in (folder / "config.pbtxt").read_text()
    after, _ = catalogue.release(tmp_path / "net.onnx", "net", "")
    assert after.serving == (serving[-1], serving[-1] + 1)
    assert announced(tmp_path).serving(Role.TARGET) == tuple(VersionRef("net", number) for number in after.serving)


@pytest.mark.parametrize("step", STEPS)
def test_a_release_that_died_is_made_again_with_its_key(tmp_path: Path, step: str) -> None:
    """It has one version, whoever released another one in between, and that is announced."""
    onnx.save(network(), tmp_path / "net.onnx")
    service(tmp_path, Server(tmp_path / "models")).add(tmp_path / "net.onnx", card("net", "target"), "net")
    die(tmp_path, step)
    catalogue = service(tmp_path, Server(tmp_path / "models"))
    between, _ = catalogue.release(tmp_path / "net.onnx", "net", "")
    numbers = []
    for _ in range(2):
        after, added = catalogue.release(tmp_path / "net.onnx", "net", "", key="run 7")
        numbers.append(added.version)
    assert numbers == ([3, 3] if step == "trial" else [2, 2])
    assert [version.number for version in after.versions] == [1, 2, 3]
    assert announced(tmp_path).serving(Role.TARGET) == tuple(VersionRef("net", number) for number in after.serving)
    assert between.versions[-1].number == (2 if step == "trial" else 3)
