"""A network known by its ONNX file alone, as a torch module that learns and goes back into the file.

onnx2torch makes the module; which of its tensors is which initialiser of the file is found node by node, so what was
learned is written into the very graph that came: no exporter stands between training and serving. Batch normalisation
keeps the statistics and the scale that it came with: with two pictures a batch they would follow the pictures.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from madseg.core.errors import InvalidModel
from madseg.finetune.graph import Trainable, with_weights

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import onnx2torch

_LEARNED_FIRST = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""What comes before the first of these prepares pictures and isn't learned."""


_FAILURES = (RuntimeError, ValueError, IndexError, AssertionError, NotImplementedError)
"""What a module raises that its tensors don't suit."""


@dataclass(frozen=True)
class Weight:
    """A learned tensor: the initialiser it came from, and whether it stands transposed in the module."""

    name: str
    parameter: nn.Parameter
    transposed: bool = False

    def value(self) -> NDArray[np.float32]:
        """As the file has it: a copy, which later steps leave alone."""
        found: NDArray[np.float32] = self.parameter.detach().cpu().float().numpy().copy()
        return found.T if self.transposed else found


class Network(nn.Module):  # type: ignore[misc, unused-ignore]
    """(N, H, W, 3) uint8 pictures on the canonical grid to (N, C, H, W) float32 logits on it.

    `batches` is False where the graph has the size of its batch built in: pictures then go through one by one.
    """

    def __init__(self, source: Trainable) -> None:
        """Raises InvalidModel where the graph can't be turned into a module."""
        super().__init__()
        self.source = source
        self.module, self.batches = built(source.model, source.grid)
        self.weights = tuple(_learned(self.module, source.model, source.head))
        if not self.weights:
            raise InvalidModel("the network has no weights that can be learned")

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        if self.batches:
            scores = self.scores(pictures)
        else:
            scores = torch.cat([self.scores(picture[None]) for picture in pictures])
        if self.source.layout == "NHWC":
            scores = scores.permute(0, 3, 1, 2)
        if self.source.probabilities:
            scores = scores.clamp_min(1e-30).log()
        if tuple(scores.shape[2:]) == self.source.grid:
            return scores
        return nn.functional.interpolate(
            scores, self.source.grid, mode="bilinear", align_corners=self.source.align_corners
        )

    def scores(self, pictures: torch.Tensor) -> torch.Tensor:
        """What the network says of them, in the layout and at the size that the file has it."""
        return self.module(pictures)

    def twin(self) -> "Network":
        """The same network once more, with weights of its own."""
        made = Network(self.source)
        made.restore(self.state())
        return made

    def train(self, mode: bool = True) -> "Network":
        """Never switches normalisation or dropout to training."""
        super().train(False)
        self.training = mode
        return self

    def learned(self) -> list[nn.Parameter]:
        """What an optimiser is to change."""
        return [weight.parameter for weight in self.weights]

    def state(self) -> dict[str, NDArray[np.float32]]:
        """Every learned tensor by the name of its initialiser, as the file has it."""
        return {weight.name: weight.value() for weight in self.weights}

    def restore(self, state: dict[str, NDArray[np.float32]]) -> None:
        """Takes tensors that `state` gave."""
        with torch.no_grad():
            for weight in self.weights:
                value = state[weight.name]
                weight.parameter.copy_(torch.from_numpy(np.ascontiguousarray(value.T if weight.transposed else value)))

    def written_into(self, model: onnx.ModelProto) -> onnx.ModelProto:
        """A copy of the network's file, served or bare, with what was learned."""
        return with_weights(model, self.state())


def built(model: onnx.ModelProto, grid: tuple[int, int]) -> tuple[Any, bool]:
    """The torch module of a graph, and whether it takes several pictures at once.

    Where the graph that `any_batch` gives fails, or says something else, it is the module of the graph as it came.

    Raises:
        InvalidModel: onnx2torch doesn't know a part of it, or makes something of it that doesn't run.
    """
    plain, loose = converted(model), converted(any_batch(model))
    batches = takes_batches(grid, plain, loose)
    return loose if batches else plain, batches


def takes_batches(grid: tuple[int, int], one: Callable[..., Any], several: Callable[..., Any]) -> bool:
    """Whether `several` says of two pictures at once what `one` says of each.

    Found by running it: exporters build the size of a batch in where no shape shows it.

    Raises:
        InvalidModel: `one` doesn't run.
    """
    random = np.random.default_rng(0)
    pictures = torch.from_numpy(random.integers(0, 256, (2, *grid, 3), np.uint8))
    with torch.no_grad():
        try:
            apart = torch.cat([one(picture[None]) for picture in pictures])
        except _FAILURES as error:
            raise InvalidModel(f"the network doesn't run as onnx2torch has it: {error}") from error
        try:
            together = several(pictures)
        except _FAILURES:
            return False
    return together.shape == apart.shape and bool(torch.allclose(together, apart, rtol=1e-3, atol=1e-3))


def converted(model: onnx.ModelProto) -> Any:
    """The torch module of a graph, nothing of which learns.

    Raises:
        InvalidModel: onnx2torch doesn't know a part of it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = onnx2torch.convert(model, attach_onnx_mapping=True).eval()
    except Exception as error:  # onnx2torch raises what comes: NotImplementedError, KeyError, AssertionError
        raise InvalidModel(f"onnx2torch can't turn the network into a torch module: {error}") from error
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    return module


def _learned(module: Any, model: onnx.ModelProto, head: str) -> Iterator[Weight]:
    """The tensors of the module that are learned; one that several nodes share becomes one parameter."""
    initialisers = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    depends = {name for node in model.graph.node if node.op_type in _LEARNED_FIRST for name in node.output}
    shared: dict[str, nn.Parameter] = {}
    containers = iter(range(len(list(module.initializers.buffers()))))
    for _, part, node in parts(module, model):
        if not depends.isdisjoint(node.input):
            depends.update(node.output)
        own = [item for item in node.input if item in initialisers]
        given = [item for item in part.onnx_mapping.inputs if item in initialisers]
        taken = [f"onnx_initializer_{next(containers)}" for _ in given]
        if depends.isdisjoint(node.output) or node.op_type == "BatchNormalization":
            continue
        for place, initialiser in zip(taken, given, strict=True):
            if not initialiser.startswith(head) and _is_learned(initialisers[initialiser], node):
                yield from _adopt(module.initializers, place, initialiser, initialisers[initialiser], shared)
        for inner, key in _tensors(part):
            found = _source(getattr(inner, key), [item for item in own if item not in given], initialisers)
            if found is not None:
                yield from _adopt(inner, key, found, initialisers[found], shared)


def parts(module: Any, model: onnx.ModelProto) -> Iterator[tuple[str, Any, onnx.NodeProto]]:
    """Name and part of the module beside the node that it was made of: both stand in the order of computation."""
    found = [(name, part) for name, part in module.named_children() if name != "initializers"]
    return ((name, part, node) for (name, part), node in zip(found, model.graph.node, strict=True))


def _is_learned(value: NDArray[Any], node: onnx.NodeProto) -> bool:
    """Weights are floats of more than one number that enter arithmetic; sizes, scales and bounds aren't."""
    arithmetic = node.op_type in (*_LEARNED_FIRST, "Add", "Mul", "Sub", "Div", "PRelu", "LayerNormalization")
    return value.dtype == np.float32 and value.size > 1 and arithmetic


def _tensors(part: Any) -> Iterator[tuple[Any, str]]:
    for inner in part.modules():
        for key, _ in inner.named_parameters(recurse=False):
            yield inner, key


def _source(tensor: torch.Tensor, names: Sequence[str], values: dict[str, NDArray[Any]]) -> str | None:
    """Which initialiser a tensor of a module was made of."""
    found = tensor.detach().numpy()
    for name in names:
        value = values[name]
        if any(found.shape == turned.shape and np.array_equal(found, turned) for turned in (value, value.T)):
            return name
        if found.size == value.size and np.array_equal(found.ravel(), value.ravel()):
            return name
    return None


def _adopt(owner: Any, key: str, name: str, value: NDArray[Any], shared: dict[str, nn.Parameter]) -> Iterator[Weight]:
    """Makes a tensor of a module a parameter that learns."""
    tensor = getattr(owner, key)
    if name in shared and shared[name].shape == tensor.shape:
        parameter = shared[name]
    else:
        parameter = nn.Parameter(tensor.detach().clone(), requires_grad=True)
    if key in owner._buffers:
        del owner._buffers[key]
    owner.register_parameter(key, parameter)
    if name not in shared:
        shared[name] = parameter
        plain = tensor.detach().numpy()
        yield Weight(name, parameter, transposed=plain.shape != value.shape or not np.array_equal(plain, value))


def any_batch(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose Reshapes keep the first dimension that comes in, where they had 1 built in.

    It isn't the same network where that dimension isn't the batch's, as behind one that flattens: `built` finds out.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    shapes = {item.name: item for item in copy.graph.initializer}
    users = [node for node in copy.graph.node if node.op_type in ("Reshape", "Expand", "Tile")]
    for node in users:
        if node.op_type == "Reshape" and node.input[1] in shapes:
            value = numpy_helper.to_array(shapes[node.input[1]]).copy()
            if len(value) and value[0] == 1:
                value[0] = 0
                shapes[node.input[1]].CopyFrom(numpy_helper.from_array(value, node.input[1]))
    del copy.graph.value_info[:]
    return copy
