"""A new version over images that are in, against the one before it when they came in: the same network both times."""

import itertools
import os
import shutil
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from madseg.adapters.blobs import open_blobs
from madseg.adapters.databases import open_database
from madseg.adapters.inference import open_inference
from madseg.adapters.streams import open_stream
from madseg.core.content import ContentConstraint
from madseg.core.messages import ModelEvent, PredictionRequested, Role, RoleChanged, VersionPublished, VersionRef
from madseg.core.preprocess import Size, picture_keys
from madseg.core.taxonomy import VOC
from madseg.gateway.canonical import png
from madseg.ports import Record, TopicIdentity
from madseg.predictor.predict import Asking, Predict
from madseg.predictor.replay import Replay as Answering
from madseg.predictor.repository import ModelRepository
from madseg.selector.absorb import Absorb
from madseg.selector.chores import Chores
from madseg.selector.criteria import Criteria
from madseg.selector.migrations import TABLES
from madseg.selector.offsets import check_identity, follow_identity
from madseg.selector.replay import Replay
from madseg.selector.roles import LearnRoles
from madseg.wire import encode_model_event, encode_request, predictions_topic
from tests.perf.predicting import material, record
from tests.perf.rows import Row, seconds, share

TOPIC, MODELS = predictions_topic("replayed", 1), "replayed.models"
ROUNDS, IMAGES = 7, 24
CAPACITY = 200


def measure(folder: Path) -> Row:
    """replay_vs_live: from the record on the stream to the stored prediction, planning included."""
    side = _Side(folder / "replayed")
    side.come_in(side.images())
    side.catch_up()
    live, replayed = [], []
    for _ in range(ROUNDS):
        records = side.images()
        live.append(IMAGES / seconds(partial(side.come_in, records)))
        replayed.append(IMAGES / seconds(side.catch_up))
    side.close()
    detail = f"one network of {side.what}, {os.cpu_count()} threads; decoded, asked, published, absorbed; planned too"
    return share("replay_vs_live", "images a second", replayed, live, detail)


class _Side:
    """A predictor and a selector on embedded parts, turned by hand."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        root, self._grid, self._pictures, self.what = material(folder)
        name = ModelRepository(root).names()[0]
        self._old, self._new = VersionRef(name, 1), VersionRef(name, 2)
        for ref in (self._old, self._new):
            shutil.copytree(root / name / "1", folder / "versions" / name / str(ref.version))
        self._inference = open_inference(f"onnxruntime:{folder}/versions", os.cpu_count() or 1)
        for ref in (self._old, self._new):
            self._inference.load(ref, self._grid)
        self._stream, self._blobs = open_stream(f"sqlite:///{folder}/stream.db"), open_blobs(f"file:{folder}/blobs")
        self._stream.create(TOPIC)
        self._consumer = self._stream.consume(TOPIC.name)
        asking = Asking(self._stream, self._blobs, self._inference, TOPIC.name, self._grid, 8, 60.0)
        self._predict = Predict(asking, lambda: {self._old: None})
        self._answer = Answering(asking, self._blobs, lambda: {self._new: None}, lambda: True)
        self._select(folder, Criteria(VOC, self._grid, ContentConstraint()))
        self._numbers = itertools.count(1)

    def _select(self, folder: Path, criteria: Criteria) -> None:
        self._database = open_database(f"sqlite:///{folder}/selector.db", "selector")
        self._database.prepare(TABLES)
        with self._database.write() as tx:
            check_identity(tx, TOPIC.name, self._stream.identity(TOPIC.name))
            follow_identity(tx, MODELS, TopicIdentity("cluster", "models", 1))
        chores = Chores(self._database, criteria, CAPACITY)
        roles = LearnRoles(self._database, MODELS, criteria, chores.announce)
        roles.handle(_announced(self._old, self._new, self._grid))
        self._absorb = Absorb(self._database, TOPIC.name, criteria, CAPACITY, chores)
        self._asked: list[PredictionRequested] = []
        self._plan = Replay(
            self._database, TOPIC.name, criteria, self._asked.extend, lambda: 0, lambda: time.time_ns() // 1000
        )

    def images(self) -> list[Record]:
        """Images that nobody has seen."""
        records = []
        for number in itertools.islice(self._numbers, IMAGES):
            content = png(self._pictures[number % len(self._pictures)])
            records.append(record(number, self._blobs.put(picture_keys(f"{number:032x}")[1], content), self._grid))
        return records

    def come_in(self, records: Sequence[Record]) -> None:
        """The old version's predictions of images, stored."""
        self._predict.handle(records)
        self._store()

    def catch_up(self) -> None:
        """The new version's predictions of whatever lacks them, stored."""
        while self._plan():
            pass
        assert len(self._asked) == IMAGES
        self._answer.handle(
            [
                Record("replayed.requests", 0, n, event.image.image_id, encode_request(event), {})
                for n, event in enumerate(self._asked)
            ]
        )
        self._asked.clear()
        self._store()

    def close(self) -> None:
        """Frees everything."""
        self._consumer.close()
        for part in (self._inference, self._database, self._stream, self._blobs):
            part.close()

    def _store(self) -> None:
        while records := self._consumer.poll(0, IMAGES):
            self._absorb.handle(records)


def _announced(old: VersionRef, new: VersionRef, grid: Size) -> list[Record]:
    """Both versions of the target serve."""
    events: list[ModelEvent] = [VersionPublished(ref, VOC.names, VOC.id, grid, False, b"served") for ref in (old, new)]
    events.append(RoleChanged(old.model, Role.TARGET, (old.version, new.version)))
    return [Record(MODELS, 0, n, *encode_model_event(event), {}) for n, event in enumerate(events)]
