"""Releases onto a real Triton, while replicas of the predictor ask it."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from madseg.adapters.inference import open_inference
from madseg.core.errors import InvalidModel, Unavailable
from madseg.core.messages import ModelEvent, Prediction, PredictionFailure, VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Answer, Inference, Topic
from madseg.predictor.announce import Model
from madseg.predictor.catalogue import Catalogue
from madseg.predictor.current import CurrentVersions
from madseg.predictor.predict import Asking, Predict
from madseg.predictor.trial import Trial
from tests.contracts.fakes import FakeBlobs, FakeStream
from tests.pipeline.running import until
from tests.predictor.announced import PREDICTIONS, accepted, image_records, model_records, png, published
from tests.predictor.networks import COLOURS, GRID, network, noise
from tests.predictor.test_catalogue import SIZE, card
from tests.servers import triton

FIRST, SECOND = VersionRef("net", 1), VersionRef("net", 2)
SECONDS = 60


class Spoiling(Inference):
    """The server, but whatever lies in the repository under a version is spoilt before the server sees it."""

    def __init__(self, inner: Inference, root: Path, version: VersionRef) -> None:
        self._inner, self._file = inner, root / version.model / str(version.version) / "model.onnx"

    def load(self, version: VersionRef, grid: Size) -> None:
        self._inner.load(version, grid)

    def unload(self, version: VersionRef) -> None:
        self._inner.unload(version)

    def keep(self, model: str, numbers: Sequence[int]) -> None:
        if self._file.exists():
            self._file.write_bytes(b"half a netw")
        self._inner.keep(model, numbers)

    def submit(self, version: VersionRef, picture: NDArray[np.uint8]) -> Future[Answer]:
        return self._inner.submit(version, picture)

    def describe(self) -> str:
        return self._inner.describe()

    def close(self) -> None:
        self._inner.close()


class Deployment:
    """The Models service with its connection to Triton, and two replicas of the predictor with theirs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "models"
        self.root.mkdir()
        self.server = triton.started(self.root)
        self._opened = [open_inference(self.server.url) for _ in range(3)]
        self.owner, *replicas = self._opened
        self.replicas = [CurrentVersions(each, COLOURS.id, SIZE) for each in replicas]
        self.inferences, self._said = dict(zip(self.replicas, replicas, strict=True)), 0
        self.catalogue = self.of(self.owner)
        onnx.save(network(), folder / "net.onnx")
        onnx.save(network(stride=2), folder / "next.onnx")

    def of(self, inference: Inference) -> Catalogue:
        """The Models service."""
        trial = Trial(inference, SIZE)
        return Catalogue(self.root, COLOURS, SIZE, self._announce, lambda: datetime.now(UTC), trial=trial)

    def _announce(self, events: Sequence[ModelEvent]) -> None:
        records = model_records(*events, first=self._said)
        self._said += len(records)
        for replica in self.replicas:
            replica.handle(records)

    def add(self) -> None:
        """Version 1 of `net`, the target."""
        self.catalogue.add(self.folder / "net.onnx", card("net", "target"), "net")

    def release(self, catalogue: Catalogue | None = None) -> Model:
        """The next version."""
        return (catalogue or self.catalogue).release(self.folder / "next.onnx", "net", "")[0]

    def close(self) -> None:
        """All of it."""
        for inference in self._opened:
            inference.close()
        self.server.stop()


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Deployment]:
    """Running, with version 1."""
    deployment = Deployment(tmp_path)
    deployment.add()
    yield deployment
    deployment.close()


class Load:
    """One picture after the other through a replica, again where the worker would ask again."""

    def __init__(self, replica: CurrentVersions, inference: Inference) -> None:
        self._stream, self._blobs = FakeStream(), FakeBlobs()
        self._stream.create(Topic(PREDICTIONS))
        asking = Asking(self._stream, self._blobs, inference, PREDICTIONS, SIZE, 4, SECONDS)
        self._predict = Predict(asking, lambda: replica.asked)

    def batch(self, first: int) -> list[Prediction | PredictionFailure]:
        """What every version said of eight pictures."""
        images = [accepted(self._blobs, number, png(noise(number % 9))) for number in range(first, first + 8)]
        for _ in range(100):
            try:
                self._predict.handle(image_records(images))
                break
            except Unavailable:
                threading.Event().wait(0.1)
        return [outcome for event in published(self._stream)[-8:] for outcome in event.outcomes]


class Outcomes:
    """Of all replicas together."""

    def __init__(self) -> None:
        self.answered: Counter[VersionRef] = Counter()
        self.failed: list[PredictionFailure] = []

    def more(self, version: VersionRef, count: int = 50) -> None:
        """Waits for so many more predictions of a version."""
        wanted = self.answered[version] + count
        until(lambda: self.answered[version] >= wanted or self.failed, SECONDS)


@contextmanager
def under_load(it: Deployment) -> Iterator[Outcomes]:
    """Both replicas predict as long as the block lasts."""
    found, over = Outcomes(), threading.Event()

    def predict(load: Load) -> None:
        number = 0
        while not over.is_set():
            for outcome in load.batch(number):
                if isinstance(outcome, PredictionFailure):
                    found.failed.append(outcome)
                found.answered[outcome.version] += 1
            number += 8

    with ThreadPoolExecutor() as pool:
        running = [pool.submit(predict, Load(replica, it.inferences[replica])) for replica in it.replicas]
        try:
            yield found
        finally:
            over.set()
        for each in running:
            each.result()


def test_a_release_takes_over_under_load_without_a_failure(it: Deployment) -> None:
    """Version 2 joins version 1 and then stands alone, and version 1 comes back: nobody notices."""
    with under_load(it) as load:
        load.more(FIRST)
        assert it.release().serving == (1, 2)
        load.more(SECOND)
        assert it.catalogue.serve("net", (2,))[0].serving == (2,)
        load.more(SECOND)
        assert it.catalogue.rollback("net")[0].serving == (1,)
        load.more(FIRST)
    assert load.failed == []
    until(lambda: "net/2" not in it.owner.describe(), SECONDS)
    assert "net/1" in it.owner.describe()


def test_a_version_that_the_server_can_t_load_is_taken_back_under_load(it: Deployment) -> None:
    """With the server's reason; the one that serves goes on, and the next release gets the number."""
    with under_load(it) as load:
        load.more(FIRST)
        with pytest.raises(InvalidModel, match=r"net/2 can't be loaded by Triton at .*INVALID_PROTOBUF"):
            it.release(it.of(Spoiling(it.owner, it.root, SECOND)))
        assert not (it.root / "net" / "2").exists()
        assert "versions: [ 1 ]" in (it.root / "net" / "config.pbtxt").read_text()
        load.more(FIRST)
        assert it.release().serving == (1, 2)
        load.more(SECOND)
    assert load.failed == []


def test_what_another_file_left_loaded_under_the_number_is_not_taken_for_the_version(it: Deployment) -> None:
    """A service that died during a trial left its version on the server; the next one has that number."""
    repository = it.root / "net"
    before = (repository / "config.pbtxt").read_text()
    (repository / "2").mkdir()
    (repository / "2" / "model.onnx").write_bytes((repository / "1" / "model.onnx").read_bytes())
    (repository / "config.pbtxt").write_text(before.replace("versions: [ 1 ]", "versions: [ 1, 2 ]"))
    it.owner.keep("net", (1, 2))
    it.owner.load(SECOND, SIZE)
    it.catalogue.begin()
    assert (repository / "config.pbtxt").read_text() == before
    it.release()
    here = open_inference(f"onnxruntime://{it.root}")
    here.load(SECOND, SIZE)
    shown = noise(3, GRID)
    expected, found = (each.submit(SECOND, shown).result(SECONDS) for each in (here, it.owner))
    assert expected.labels.tobytes() == found.labels.tobytes()
    here.load(FIRST, SIZE)
    assert expected.labels.tobytes() != here.submit(FIRST, shown).result(SECONDS).labels.tobytes()
    here.close()
