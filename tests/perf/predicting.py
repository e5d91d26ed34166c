"""The predictor against a bare ONNX Runtime loop over the same pictures, networks and threads."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import onnxruntime

from madseg import project
from madseg.adapters.blobs import open_blobs
from madseg.adapters.inference import open_inference
from madseg.adapters.streams import open_stream
from madseg.core.messages import ImageAccepted, ImageFacts, VersionRef
from madseg.core.preprocess import CANONICAL, Box, Size
from madseg.gateway.canonical import png
from madseg.ports import Record
from madseg.predictor.add import add_model
from madseg.predictor.card import load_card
from madseg.predictor.predict import Asking, Predict
from madseg.predictor.repository import ModelRepository
from madseg.simulation.stream import wild_scene
from madseg.simulation.world import SIZE
from madseg.wire import encode_image, predictions_topic
from tests.perf.maps import CARDS, Dense, names, photographs, real_folder
from tests.perf.rows import Row, seconds, share

PICTURES = 12
ROUNDS = 7
SHIPPED = Path("model_repository")


def measure(folder: Path) -> Row:
    """predictor_vs_onnxruntime, on three real networks where they are, else on the shipped ones."""
    root, grid, pictures, what = material(folder)
    refs = [VersionRef(name, 1) for name in ModelRepository(root).names()]
    threads = os.cpu_count() or 1
    inference = open_inference(f"onnxruntime:{root}", threads)
    for ref in refs:
        inference.load(ref, grid)
    stream, blobs = open_stream(f"sqlite:///{folder}/predictor.stream"), open_blobs(f"file:{folder}/predictor.blobs")
    topic = predictions_topic("bench", 1)
    stream.create(topic)
    predict = Predict(Asking(stream, blobs, inference, topic.name, grid, 8, 60.0), lambda: dict.fromkeys(refs))
    records = [
        record(number, blobs.put(f"{number}.png", png(picture)), grid) for number, picture in enumerate(pictures)
    ]
    bare = Bare(root, refs, threads)
    ours, loop = [], []
    for _ in range(ROUNDS):
        ours.append(PICTURES / seconds(lambda: predict.handle(records)))
        loop.append(PICTURES / seconds(lambda: bare.run(pictures)))
    for part in (inference, stream, blobs):
        part.close()
    detail = f"{what}, {threads} threads; ours decodes, encodes and publishes too"
    return share("predictor_vs_onnxruntime", "images a second", ours, loop, detail)


class Bare:
    """The networks called on decoded pictures, `threads` at once, and nothing else."""

    def __init__(self, root: Path, refs: list[VersionRef], threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._pool = ThreadPoolExecutor(threads)
        self._sessions = [
            onnxruntime.InferenceSession(
                root / ref.model / "1" / "model.onnx", options, providers=["CPUExecutionProvider"]
            )
            for ref in refs
        ]

    def run(self, pictures: list[Dense]) -> None:
        calls = [
            self._pool.submit(session.run, None, {"image": picture[None]})
            for picture in pictures
            for session in self._sessions
        ]
        for call in calls:
            call.result()


def material(folder: Path) -> tuple[Path, Size, list[Dense], str]:
    """A model repository, its grid, pictures on it, and what that is in words."""
    real = real_folder()
    if real is None:
        return shipped()
    root = folder / "model_repository"
    shutil.rmtree(root, ignore_errors=True)
    taxonomy, now = project.taxonomy("voc"), datetime.now(UTC)
    for name in names(real)[:3]:
        card = load_card(CARDS / f"{name}.yaml")
        add_model(real / "models" / f"{name}.onnx", card, ModelRepository(root), taxonomy, (513, 513), now)
    return root, CANONICAL, photographs(real, PICTURES), "three real networks on photographs"


def shipped() -> tuple[Path, Size, list[Dense], str]:
    """The same of the generated world."""
    scenes = [wild_scene(3, index).image for index in range(PICTURES)]
    return SHIPPED, Size(SIZE, SIZE), scenes, "the shipped networks on generated images"


def record(number: int, uri: str, grid: Size) -> Record:
    """An accepted image whose canonical picture is at `uri`."""
    now = datetime.now(UTC)
    facts = ImageFacts(f"{number:032x}", number, "bench", now, accepted_at=now)
    box = Box(0, 0, grid.width, grid.height)
    event = ImageAccepted(facts, b"", uri, uri, grid, box, str(grid))
    return Record("bench.images", 0, number, facts.image_id, encode_image(event), {})
