"""Tiny served networks whose answers are known: as ONNX graphs, and as the Python functions they must agree with."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from madseg.core.errors import InvalidModel, MadsegError
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Answer

GRID = Size(6, 8)

RED = VersionRef("red", 1)
"""Labels are the red channel; the entropy is its mean over 255."""
TURNED_GREEN = VersionRef("red", 2)
"""Labels are the green channel; the entropy is its mean over 255."""
GREEN = VersionRef("green", 1)
"""Labels are the green channel; no entropy."""
BRITTLE = VersionRef("brittle", 1)
"""Labels are the red channel; fails where it has a value of 200 or more."""
ENDLESS = VersionRef("endless", 1)
"""As RED, but the entropy is the logarithm of the mean: infinite for a picture without red."""
LARGE_GRID = VersionRef("large-grid", 1)
FLOAT_LABELS = VersionRef("float-labels", 1)
NO_LABELS = VersionRef("no-labels", 1)
TWO_INPUTS = VersionRef("two-inputs", 1)
GARBAGE = VersionRef("garbage", 1)
MISFITS = (LARGE_GRID, FLOAT_LABELS, NO_LABELS, TWO_INPUTS, GARBAGE)
"""Versions that don't have the served signature."""


@dataclass(frozen=True)
class TestNetwork:
    """The file of a version, and what it answers; None for a misfit."""

    __test__ = False

    version: VersionRef
    content: bytes
    answer: Callable[[NDArray[np.uint8]], Answer] | None


def _channel(number: int) -> list[onnx.NodeProto]:
    return [helper.make_node("Gather", ["image", f"c{number}"], ["labels"], axis=3)]


_ENTROPY = [
    helper.make_node("Cast", ["labels"], ["real"], to=TensorProto.FLOAT),
    helper.make_node("ReduceMean", ["real", "plane"], ["mean"], keepdims=0),
]
_SHARE = [*_ENTROPY, helper.make_node("Div", ["mean", "full"], ["entropy"])]
_LOG_ENTROPY = [*_channel(0), *_ENTROPY, helper.make_node("Log", ["mean"], ["entropy"])]
_BRITTLE = [
    helper.make_node("Gather", ["image", "c0"], ["chosen"], axis=3),
    helper.make_node("Cast", ["chosen"], ["index"], to=TensorProto.INT32),
    helper.make_node("Gather", ["table", "index"], ["labels"], axis=0),
]
_FLOAT = [
    helper.make_node("Gather", ["image", "c0"], ["chosen"], axis=3),
    helper.make_node("Cast", ["chosen"], ["labels"], to=TensorProto.FLOAT),
]

_CONSTANTS: Mapping[str, NDArray[Any]] = {
    "c0": np.array(0, np.int64),
    "c1": np.array(1, np.int64),
    "plane": np.array([1, 2], np.int64),
    "full": np.array(255, np.float32),
    "table": np.arange(200, dtype=np.uint8),
}


def _graph(
    nodes: list[onnx.NodeProto],
    outputs: Mapping[str, int],
    size: Size = GRID,
    inputs: Iterable[str] = ("image",),
) -> bytes:
    used = {name for node in nodes for name in node.input}
    shape = ("N", size.height, size.width)
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info(name, TensorProto.UINT8, [*shape, 3]) for name in inputs],
        [
            helper.make_tensor_value_info(name, kind, ["N"] if name == "entropy" else shape)
            for name, kind in outputs.items()
        ],
        [numpy_helper.from_array(value, name) for name, value in _CONSTANTS.items() if name in used],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return bytes(model.SerializeToString())


def _red(picture: NDArray[np.uint8]) -> Answer:
    return Answer(picture[:, :, 0], float(picture[:, :, 0].mean() / 255))


def _turned_green(picture: NDArray[np.uint8]) -> Answer:
    return Answer(picture[:, :, 1], float(picture[:, :, 1].mean() / 255))


def _green(picture: NDArray[np.uint8]) -> Answer:
    return Answer(picture[:, :, 1], None)


def _brittle(picture: NDArray[np.uint8]) -> Answer:
    if picture[:, :, 0].max() >= 200:
        raise MadsegError(f"{BRITTLE} failed: index out of range")
    return Answer(picture[:, :, 0], None)


def _endless(picture: NDArray[np.uint8]) -> Answer:
    mean = picture[:, :, 0].mean()
    if mean < 1:
        raise MadsegError(f"{ENDLESS} answered with a mean entropy of -inf")
    return Answer(picture[:, :, 0], float(np.log(mean)))


_LABELS = {"labels": TensorProto.UINT8}
_BOTH = {**_LABELS, "entropy": TensorProto.FLOAT}
_RENAMED = [helper.make_node("Gather", ["image", "c0"], ["classes"], axis=3)]

NETWORKS = (
    TestNetwork(RED, _graph([*_channel(0), *_SHARE], _BOTH), _red),
    TestNetwork(TURNED_GREEN, _graph([*_channel(1), *_SHARE], _BOTH), _turned_green),
    TestNetwork(GREEN, _graph(_channel(1), _LABELS), _green),
    TestNetwork(BRITTLE, _graph(_BRITTLE, _LABELS), _brittle),
    TestNetwork(ENDLESS, _graph(_LOG_ENTROPY, _BOTH), _endless),
    TestNetwork(LARGE_GRID, _graph(_channel(0), _LABELS, Size(9, 9)), None),
    TestNetwork(FLOAT_LABELS, _graph(_FLOAT, {"labels": TensorProto.FLOAT}), None),
    TestNetwork(NO_LABELS, _graph(_RENAMED, {"classes": TensorProto.UINT8}), None),
    TestNetwork(TWO_INPUTS, _graph(_channel(0), _LABELS, inputs=("image", "mask")), None),
    TestNetwork(GARBAGE, b"not a network", None),
)


def write_repository(root: Path, networks: Iterable[TestNetwork]) -> None:
    """Writes `<model>/<version>/model.onnx` for each."""
    for network in networks:
        folder = root / network.version.model / str(network.version.version)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.onnx").write_bytes(network.content)


def write_configs(root: Path) -> None:
    """Writes the config.pbtxt of each model in a repository; garbage is said to have the served signature."""
    for folder in root.iterdir():
        (first, *_) = sorted(folder.glob("*/model.onnx"))
        try:
            graph = onnx.load_model_from_string(first.read_bytes()).graph
        except DecodeError:
            graph = onnx.load_model_from_string(_graph(_channel(0), _LABELS)).graph
        inputs = ", ".join(_declared(item) for item in graph.input)
        outputs = ", ".join(_declared(item) for item in graph.output)
        versions = ", ".join(sorted(path.parent.name for path in folder.glob("*/model.onnx")))
        (folder / "config.pbtxt").write_text(
            f'name: "{folder.name}" backend: "onnxruntime" max_batch_size: 4\n'
            f"input [ {inputs} ]\noutput [ {outputs} ]\n"
            "dynamic_batching { max_queue_delay_microseconds: 500 } instance_group [{ count: 1 }]\n"
            f"version_policy {{ specific {{ versions: [ {versions} ] }} }}\n"
        )


def _declared(item: onnx.ValueInfoProto) -> str:
    tensor = item.type.tensor_type
    kind = "TYPE_UINT8" if tensor.elem_type == TensorProto.UINT8 else "TYPE_FP32"
    dims = ", ".join(str(dim.dim_value) for dim in tensor.shape.dim[1:])
    return f'{{ name: "{item.name}" data_type: {kind} ' + (
        f"dims: [ {dims} ] }}" if dims else "dims: [ 1 ] reshape { shape: [ ] } }"
    )


def fake_networks() -> tuple[dict[VersionRef, Callable[[NDArray[np.uint8]], Answer]], dict[VersionRef, Exception]]:
    """The same networks for the fake, and what it says of the misfits."""
    answers = {network.version: network.answer for network in NETWORKS if network.answer is not None}
    faults = {misfit: InvalidModel(f"{misfit} doesn't have the served signature") for misfit in MISFITS}
    return answers, {**faults}
