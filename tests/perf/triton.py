"""Networks on a real Triton: the predictor against a bare client loop, and what the way to the server costs."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tritonclient.grpc import InferenceServerClient, InferInput, InferRequestedOutput

from deploy.local.triton import Triton
from madseg.adapters.blobs import open_blobs
from madseg.adapters.inference import open_inference
from madseg.adapters.streams import open_stream
from madseg.core.messages import VersionRef
from madseg.core.preprocess import CANONICAL
from madseg.core.taxonomy import VOC
from madseg.gateway.canonical import png
from madseg.ports import Inference
from madseg.predictor.add import add_model
from madseg.predictor.card import parse_card
from madseg.predictor.predict import Asking, Predict
from madseg.predictor.repository import ModelRepository
from madseg.predictor.triton_config import Serving
from madseg.wire import predictions_topic
from tests.perf.maps import Dense
from tests.perf.predicting import PICTURES, material, record
from tests.perf.rows import Row, seconds, share

ROUNDS = 7
UNDER_WAY = 8
"""Requests at once, of the predictor and of the bare loop."""

LEAST_MS = 10.0
"""What the network takes that the way to the server is compared with."""

CALLS = 30
"""Pictures a round by each way in turn, of which the fastest counts: a busy machine delays the others."""


def measure_predictor(folder: Path) -> Row:
    """predictor_vs_raw_triton: the whole predictor, and a loop that does nothing but ask."""
    root, grid, pictures, what = material(folder)
    refs = [VersionRef(name, 1) for name in ModelRepository(root).names()]
    with _running(folder / "triton", root) as triton:
        inference = open_inference(f"{triton.url}?concurrency={UNDER_WAY}")
        for ref in refs:
            inference.load(ref, grid)
        stream, blobs = open_stream(f"sqlite:///{folder}/triton.stream"), open_blobs(f"file:{folder}/triton.blobs")
        topic = predictions_topic("bench", 1)
        stream.create(topic)
        predict = Predict(
            Asking(stream, blobs, inference, topic.name, grid, UNDER_WAY, 60.0), lambda: dict.fromkeys(refs)
        )
        records = [
            record(number, blobs.put(f"{number}.png", png(picture)), grid) for number, picture in enumerate(pictures)
        ]
        bare = _Bare(triton.url.removeprefix("triton://"), refs)
        ours, loop = [], []
        for _ in range(ROUNDS):
            ours.append(PICTURES / seconds(lambda: predict.handle(records)))
            loop.append(PICTURES / seconds(lambda: bare.run(pictures)))
        bare.close()
        for part in (inference, stream, blobs):
            part.close()
    detail = f"{what}, {UNDER_WAY} requests at once; ours decodes, encodes and publishes too"
    return share("predictor_vs_raw_triton", "images a second", ours, loop, detail)


def measure_labels(folder: Path) -> list[Row]:
    """labels_grpc_vs_inprocess, labels_shm_vs_inprocess: one picture after the other, on one thread of the CPU."""
    root = folder / "labels" / "model_repository"
    shutil.rmtree(root, ignore_errors=True)
    size = (CANONICAL.height, CANONICAL.width)
    layers = _layers_of(LEAST_MS)
    source = folder / "ten.onnx"
    onnx.save(_network(layers), source)
    card = parse_card({"name": "ten", "classes": list(VOC.names[:8]), "output": {"kind": "labels"}})
    add_model(source, card, ModelRepository(root, Serving(threads=1, queue_delay_us=0)), VOC, size, datetime.now(UTC))
    shown = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    ref = VersionRef("ten", 1)
    with _running(folder / "triton-labels", root) as triton:
        ways = {
            "inprocess": open_inference(f"onnxruntime://{root}", threads=1),
            "grpc": open_inference(triton.url),
            "shm": open_inference(f"{triton.url}?shared_memory=system"),
        }
        for inference in ways.values():
            inference.load(ref, CANONICAL)
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            least = dict.fromkeys(ways, float("inf"))
            for _ in range(CALLS):
                for name, inference in ways.items():
                    least[name] = min(least[name], seconds(partial(_ask, inference, ref, shown)))
            for name, took in least.items():
                times[name].append(1e3 * took)
        for inference in ways.values():
            inference.close()
    detail = (
        f"{layers} layers at {CANONICAL}, one thread, one picture after the other, no queue delay, least of {CALLS}"
    )
    return [
        share(f"labels_{name}_vs_inprocess", "ms a picture", times[name], times["inprocess"], detail)
        for name in ("grpc", "shm")
    ]


@contextmanager
def _running(folder: Path, repository: Path) -> Iterator[Triton]:
    server = Triton(folder, repository)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class _Bare:
    """tritonclient called from as many threads as requests are to be under way, and nothing else."""

    def __init__(self, address: str, refs: list[VersionRef]) -> None:
        self._pool, self._refs = ThreadPoolExecutor(UNDER_WAY), refs
        self._client = InferenceServerClient(address)
        self._outputs = {
            ref: [item.name for item in self._client.get_model_metadata(ref.model, "1").outputs] for ref in refs
        }

    def run(self, pictures: list[Dense]) -> None:
        """Every picture by every network."""
        for call in [self._pool.submit(self._ask, ref, picture) for picture in pictures for ref in self._refs]:
            call.result()

    def close(self) -> None:
        """Hangs up."""
        self._pool.shutdown()
        self._client.close()

    def _ask(self, ref: VersionRef, picture: Dense) -> None:
        image = InferInput("image", [1, *picture.shape], "UINT8")
        image.set_data_from_numpy(picture[None])
        outputs = [InferRequestedOutput(name) for name in self._outputs[ref]]
        self._client.infer(ref.model, [image], "1", outputs=outputs).as_numpy("labels")


def _ask(inference: Inference, ref: VersionRef, shown: Dense) -> None:
    inference.submit(ref, shown).result(60)


def _layers_of(least_ms: float) -> int:
    """How many layers take so long on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    fed = np.zeros((1, 3, CANONICAL.height, CANONICAL.width), np.float32)
    for layers in range(1, 200):
        session = onnxruntime.InferenceSession(_network(layers).SerializeToString(), options)
        if 1e3 * min(seconds(partial(session.run, None, {"pixels": fed})) for _ in range(CALLS)) >= least_ms:
            return layers
    raise AssertionError("this machine is too fast")


def _network(layers: int) -> onnx.ModelProto:
    """Convolutions at an eighth of the size; the labels are brought back to it by the wrapping."""
    random = np.random.default_rng(layers)
    weights = {"w0": random.normal(0, 0.3, (16, 3, 3, 3)).astype(np.float32)}
    nodes = [
        helper.make_node("AveragePool", ["pixels"], ["small"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Conv", ["small", "w0"], ["t0"], pads=[1, 1, 1, 1]),
    ]
    for number in range(layers):
        weights[f"w{number + 1}"] = random.normal(0, 0.08, (16, 16, 3, 3)).astype(np.float32)
        nodes.append(helper.make_node("Conv", [f"t{number}", f"w{number + 1}"], [f"c{number}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"c{number}"], [f"t{number + 1}"]))
    weights["last"] = random.normal(0, 0.3, (8, 16, 1, 1)).astype(np.float32)
    nodes.append(helper.make_node("Conv", [f"t{layers}", "last"], ["logits"]))
    nodes.append(helper.make_node("ArgMax", ["logits"], ["answer"], axis=1, keepdims=0))
    height, width = CANONICAL.height, CANONICAL.width
    graph = helper.make_graph(
        nodes,
        "ten",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 3, height, width])],
        [helper.make_tensor_value_info("answer", TensorProto.INT64, ["N", height // 8, width // 8])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
