"""A target that its owner has in torch: it learns as it is, and is exported into the served file at the end.

The pictures reach it through the very pieces that stand in front of it in the served file, and its scores are compared
with those of that file before anything is learned: a folder of other weights, or another export, is found at once.
"""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from madseg.core.errors import InvalidModel
from madseg.finetune.exported import INSIDE, exchanged, export, head
from madseg.finetune.graph import Trainable
from madseg.finetune.network import Network, built, takes_batches
from madseg.finetune.owned import answer
from madseg.finetune.parity import TOLERANCE

_NORMALISATION = nn.modules.batchnorm._BatchNorm
"""Keeps the statistics and the scale that it came with: batches of two would lead it astray."""


class _Body(nn.Module):  # type: ignore[misc, unused-ignore]
    """From what the pieces in front give to scores, in the file's layouts."""

    def __init__(self, module: Any, source: Trainable, channels_last: bool) -> None:
        super().__init__()
        self.owned, self._last_in, self._last_out = module, channels_last, source.layout == "NHWC"

    def forward(self, prepared: torch.Tensor) -> torch.Tensor:
        scores = answer(self.owned(prepared.permute(0, 3, 1, 2) if self._last_in else prepared))
        return scores.permute(0, 2, 3, 1) if self._last_out else scores


class NativeNetwork(Network):
    """The same as `Network` for a torch module; `state` goes by the names of its parameters."""

    def __init__(self, source: Trainable, module: Any, channels_last: bool = False) -> None:
        """`channels_last`: the served file hands the network NHWC.

        Raises:
            InvalidModel: it takes or gives other shapes than the served file's network.
        """
        nn.Module.__init__(self)
        self.source, self._last = source, channels_last
        self.front, batches = built(head(source), source.grid)
        self.body = _Body(module, source, channels_last)
        normalising = [part for part in module.modules() if isinstance(part, _NORMALISATION)]
        frozen = {id(item) for part in normalising for item in part.parameters()}
        for item in module.parameters():
            item.requires_grad_(id(item) not in frozen)
        self._learned = {name: item for name, item in module.named_parameters() if item.requires_grad}
        if not self._learned:
            raise InvalidModel("the network has no weights that can be learned")
        self.eval()
        self._check_shape()
        self.batches = batches and takes_batches(source.grid, self.scores, self.scores)

    @property
    def owned(self) -> Any:
        """The module as its owner has it."""
        return self.body.owned

    def scores(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.body(self.front(pictures))

    def twin(self) -> "NativeNetwork":
        return NativeNetwork(self.source, copy.deepcopy(self.owned), self._last)

    def learned(self) -> list[nn.Parameter]:
        return list(self._learned.values())

    def state(self) -> dict[str, NDArray[np.float32]]:
        return {name: item.detach().cpu().float().numpy().copy() for name, item in self._learned.items()}

    def restore(self, state: Mapping[str, NDArray[np.float32]]) -> None:
        with torch.no_grad():
            for name, item in self._learned.items():
                item.copy_(torch.from_numpy(np.ascontiguousarray(state[name])))

    def written_into(self, model: onnx.ModelProto) -> onnx.ModelProto:
        return exchanged(model, self.source, self.exported())

    def exported(self) -> onnx.ModelProto:
        """The network alone, as ONNX."""
        opset = next(item.version for item in self.source.model.opset_import if item.domain in ("", "ai.onnx"))
        with torch.no_grad():
            example = self.front(_black(self.source).to(self.learned()[0].device)).cpu()
        return export(copy.deepcopy(self.body).cpu().eval(), example, opset)

    def _check_shape(self) -> None:
        session = ort.InferenceSession(self.source.model.SerializeToString(), providers=["CPUExecutionProvider"])
        picture = _black(self.source)
        wanted = session.run(None, {"image": picture.numpy()})[0].shape
        try:
            with torch.no_grad():
                found = tuple(self.scores(picture).shape)
        except (RuntimeError, TypeError, ValueError) as error:
            raise InvalidModel(f"the network doesn't take what the served one takes: {error}") from error
        if found != wanted:
            raise InvalidModel(f"the network gives scores {found}, the served one {wanted}: it is another network")


def native_difference(network: Network, picture: NDArray[np.uint8]) -> str:
    """Why a torch network and the served file differ, in words: the layer that exporting changes, or the weights."""
    assert isinstance(network, NativeNetwork)
    with torch.no_grad():
        prepared = network.front(torch.from_numpy(picture[None]))
    file = network.exported()
    layer = _changed_by_export(network, file, prepared)
    if layer:
        return f"exporting it changes {layer}"
    served = {_content(item) for item in network.source.model.graph.initializer}
    for item in file.graph.initializer:
        if _content(item) not in served and item.data_type == onnx.TensorProto.FLOAT:
            return f"the first weights that the served file hasn't are {_plain(item.name)}: it was made from others"
    return "all its weights are in the served file, which computes something else with them"


def _changed_by_export(network: NativeNetwork, file: onnx.ModelProto, prepared: torch.Tensor) -> str:
    """The first layer that gives something else once it is exported; empty where none does."""
    said, kinds = _layers(network.body, prepared)
    last = {_scope(node.name): node.output[0] for node in file.graph.node if len(node.output) == 1}
    asked = onnx.ModelProto()
    asked.CopyFrom(file)
    present = {item.name for item in file.graph.output}
    wanted = {scope: name for scope, name in last.items() if scope in said}
    asked.graph.output.extend(onnx.ValueInfoProto(name=name) for name in wanted.values() if name not in present)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(asked.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = list(wanted.values())
    values = dict(zip(names, session.run(names, {session.get_inputs()[0].name: prepared.numpy()}), strict=True))
    for scope, right in said.items():
        found = values.get(wanted.get(scope, ""))
        if found is None or found.shape != right.shape or found.dtype != np.float32:
            continue
        if not float(np.abs(found - right).max()) / max(1.0, float(np.abs(right).max())) <= TOLERANCE:
            return f"{_plain(scope)} ({kinds[scope]})"
    return ""


def _layers(body: Any, prepared: torch.Tensor) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """What each innermost layer gives the first time it is called, in order, and of which kind it is."""
    said: dict[str, NDArray[Any]] = {}
    kinds = {name: type(part).__name__ for name, part in body.named_modules() if not list(part.children())}

    def keep(name: str) -> Any:
        def hook(_: Any, __: Any, output: Any) -> None:
            if isinstance(output, torch.Tensor):
                said.setdefault(name, output.detach().numpy())

        return hook

    hooks = [part.register_forward_hook(keep(name)) for name, part in body.named_modules() if name in kinds]
    with torch.no_grad():
        body(prepared)
    for item in hooks:
        item.remove()
    return said, kinds


def _scope(node: str) -> str:
    """The layer that a node belongs to, by the names that the exporter gives: `/owned/head/Conv` is of `owned.head`."""
    return node.rpartition("/")[0].strip("/").replace("/", ".")


def _plain(name: str) -> str:
    return name.removeprefix(INSIDE).removeprefix("owned.")


def _content(item: onnx.TensorProto) -> tuple[tuple[int, ...], bytes]:
    value = numpy_helper.to_array(item)
    return value.shape, value.tobytes()


def _black(source: Trainable) -> torch.Tensor:
    return torch.zeros(1, *source.grid, 3, dtype=torch.uint8)
