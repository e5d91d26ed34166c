"""Whether the torch module says what the file says: checked before anything is learned, the layer to blame named."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from onnx import helper
from torch import fx

from madseg.core.errors import InvalidModel
from madseg.finetune.network import Network, parts

AGREEMENT = 0.999
"""Share of pixels that must get the same class."""

TOLERANCE = 1e-3
"""Largest difference of a layer's output, in units of that output's largest value, that rounding explains."""


@dataclass(frozen=True)
class Parity:
    """Share of pixels of the same class, [0, 1], and the largest difference of a score."""

    agreement: float
    difference: float


def check_parity(
    network: Network, pictures: NDArray[np.uint8], blame: Callable[[Network, NDArray[np.uint8]], str]
) -> Parity:
    """Compares the module with ONNX Runtime on (N, H, W, 3) uint8 pictures.

    Args:
        blame: says in words why they disagree on a picture.

    Raises:
        InvalidModel: they disagree; the message names the first layer that does.
    """
    session = _session(network.source.model)
    axis = 1 if network.source.layout == "NCHW" else 3
    same, worst = [], 0.0
    for picture in pictures:
        wanted = session.run(None, {"image": picture[None]})[0]
        with torch.no_grad():
            got = network.scores(torch.from_numpy(picture[None])).numpy()
        same.append(float((wanted.argmax(axis) == got.argmax(axis)).mean()))
        worst = max(worst, float(np.abs(wanted - got).max()))
    found = Parity(min(same), worst)
    if not found.agreement >= AGREEMENT:
        layer = blame(network, pictures[int(np.argmin(same))])
        raise InvalidModel(
            f"the network as torch runs it gives {found.agreement:.2%} of the pixels the class that ONNX Runtime "
            f"gives, at least {AGREEMENT:.1%} are needed; {layer}"
        )
    return found


def first_difference(network: Network, picture: NDArray[np.uint8]) -> str:
    """The first layer whose output differs, in words."""
    outputs = {name: node for name, _, node in parts(network.module, network.source.model) if len(node.output) == 1}
    wanted = _values(network.source.model, [node.output[0] for node in outputs.values()], picture)
    for name, value in _traced(network.module, picture):
        node = outputs.get(name)
        if node is None or node.output[0] not in wanted:
            continue
        right = wanted[node.output[0]]
        if right.dtype != np.float32 or not right.size:
            continue
        scale = max(1.0, float(np.abs(right).max()))
        off = np.inf if right.shape != value.shape else float(np.abs(right - value).max()) / scale
        if not off <= TOLERANCE:
            return f"the first to differ is {node.op_type} {node.name or name!r}"
    return "no single layer differs by more than rounding"


class _Recorder(fx.Interpreter):  # type: ignore[misc, unused-ignore]
    """Keeps what each part of a module gives."""

    def __init__(self, module: Any) -> None:
        super().__init__(module)
        self.seen: list[tuple[str, Any]] = []

    def call_module(self, target: Any, args: Any, kwargs: Any) -> Any:
        found = super().call_module(target, args, kwargs)
        self.seen.append((str(target), found))
        return found


def _traced(module: Any, picture: NDArray[np.uint8]) -> Iterator[tuple[str, NDArray[Any]]]:
    recorder = _Recorder(module)
    with torch.no_grad():
        recorder.run(torch.from_numpy(picture[None]))
    return ((name, value.numpy()) for name, value in recorder.seen if isinstance(value, torch.Tensor))


def _values(model: onnx.ModelProto, names: list[str], picture: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """What ONNX Runtime has for tensors inside a network, without fusing any away."""
    inferred = onnx.shape_inference.infer_shapes(model).graph
    kinds = {item.name: item.type.tensor_type.elem_type for item in (*inferred.value_info, *inferred.output)}
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.output[:]
    copy.graph.output.extend(helper.make_tensor_value_info(name, kinds[name], None) for name in names if name in kinds)
    session = _session(copy, plain=True)
    asked = [item.name for item in session.get_outputs()]
    return dict(zip(asked, session.run(asked, {"image": picture[None]}), strict=True))


def _session(model: onnx.ModelProto, *, plain: bool = False) -> Any:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    if plain:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
