"""Adding nodes and constants to an ONNX graph, under names that nothing else in it has."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from madseg.predictor.structure import subgraphs


class Pieces:
    """Nodes and initialisers under one prefix, in the order of computation.

    Tensors are named by strings, as in ONNX; each method returns the name of what it makes.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._count = 0
        self.nodes: list[onnx.NodeProto] = []
        self.initialisers: list[onnx.TensorProto] = []

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """A node with one output."""
        return self.split(kind, inputs, 1, **attributes)[0]

    def split(self, kind: str, inputs: Sequence[str], outputs: int, **attributes: Any) -> list[str]:
        """A node with several outputs."""
        names = [self._name(kind) for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=names[0], **attributes))
        return names

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike) -> str:
        """An initialiser."""
        name = self._name("constant")
        self.initialisers.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def rename(self, old: str, new: str) -> None:
        """Give the graph's outside name to what was made here last, through an Identity: it costs nothing to run."""
        self.nodes.append(helper.make_node("Identity", [old], [new], name=self._name("Identity")))

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{self._prefix}{kind}_{self._count}"


def free_prefix(model: onnx.ModelProto, wish: str) -> str:
    """`wish`, with underscores added until no name in the model begins with it."""
    names = names_of(model.graph)
    while any(name.startswith(wish) for name in names):
        wish = f"_{wish}"
    return wish


def names_of(graph: onnx.GraphProto) -> set[str]:
    """Every tensor and node name in the graph and its subgraphs."""
    names = {value.name for value in (*graph.input, *graph.output)} | {tensor.name for tensor in graph.initializer}
    for node in graph.node:
        names.update((*node.input, *node.output, node.name))
        for inner in _subgraphs(node):
            names |= names_of(inner)
    return names - {""}


def rename_tensors(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    """Rename tensors in place, in subgraphs too (ONNX lets no inner tensor shadow an outer one)."""
    for value in (*graph.input, *graph.output, *graph.value_info):
        value.name = names.get(value.name, value.name)
    for tensor in graph.initializer:
        tensor.name = names.get(tensor.name, tensor.name)
    for sparse in graph.sparse_initializer:
        sparse.values.name = names.get(sparse.values.name, sparse.values.name)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        for inner in _subgraphs(node):
            rename_tensors(inner, names)


def _subgraphs(node: onnx.NodeProto) -> Iterable[onnx.GraphProto]:
    for attribute in node.attribute:
        yield from subgraphs(attribute)
