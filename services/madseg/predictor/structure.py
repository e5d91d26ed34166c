"""What a stranger's graph may be made of, before anything is done with it: known operators, and no more of anything
than a network has."""

from collections.abc import Iterable, Iterator
from math import prod

import onnx

from madseg.core.errors import InvalidModel

MAX_NODES = 50_000
"""Nodes, those of sub-graphs and of every call of a function counted: the largest networks have some thousands."""

MAX_DEPTH = 8
"""Sub-graphs within sub-graphs, and functions that call functions; exporters come to three."""

MAX_TENSORS = 50_000
"""Stored tensors."""

MAX_RANK = 16
"""Axes of a tensor or a declared shape."""

MAX_ELEMENTS = 1 << 31
"""Elements of a declared shape."""

STANDARD = ("", "ai.onnx")
"""Domains of the standard operators."""

NO_BUSINESS = frozenset("ImageDecoder StringNormalizer StringConcat StringSplit RegexFullMatch TfIdfVectorizer".split())
"""Standard operators that read files of pictures or text: a network for pictures has none."""

MICROSOFT = frozenset(
    (
        "Attention BiasGelu BiasSplitGelu DequantizeLinear DynamicQuantizeMatMul FastGelu FusedConv FusedGemm "
        "FusedMatMul Gelu GroupNorm MatMulInteger16 MatMulIntegerToFloat MatMulNBits MultiHeadAttention NhwcConv "
        "NhwcFusedConv NhwcMaxPool QGemm QLinearAdd QLinearAveragePool QLinearConcat QLinearConv "
        "QLinearGlobalAveragePool QLinearLeakyRelu QLinearMul QLinearSigmoid QLinearSoftmax QLinearWhere QuickGelu "
        "QuantizeLinear SkipGroupNorm SkipLayerNormalization"
    ).split()
)
"""Operators of the domain `com.microsoft` that its own tools leave in networks which they quantise or fuse."""


def check_structure(model: onnx.ModelProto) -> None:
    """Looks at every node, in sub-graphs and functions too, before external data is read.

    Raises:
        InvalidModel: an operator that isn't allowed, too many nodes or tensors, too deep, values used before they are
            made, a shape that nothing holds.
    """
    functions = {(function.domain, function.name): function for function in model.functions}
    Census(functions).graph(model.graph, (), 0)
    for value in (*model.graph.input, *model.graph.output):
        dims = [item.dim_value for item in value.type.tensor_type.shape.dim if item.dim_value]
        _check_shape(f"{value.name!r} is declared", dims)


def check_tensors(tensors: Iterable[onnx.TensorProto]) -> None:
    """Looks whether stored tensors, once external data is in them, bring the elements that they say.

    Raises:
        InvalidModel: one says more than it brings, or there are too many.
    """
    for number, tensor in enumerate(tensors, 1):
        if number > MAX_TENSORS:
            raise InvalidModel(f"the network has more than {MAX_TENSORS} stored tensors")
        _check_shape(f"tensor {tensor.name!r} is", tensor.dims)
        typed = len(tensor.float_data) + len(tensor.int32_data) + len(tensor.string_data)
        typed += len(tensor.int64_data) + len(tensor.double_data) + len(tensor.uint64_data)
        brought = len(tensor.raw_data) or typed
        if prod(tensor.dims) > 2 * brought:  # two elements of four bits stand in one byte
            raise InvalidModel(
                f"tensor {tensor.name!r} is said to have {prod(tensor.dims)} elements, and brings {brought}: "
                "export the network again"
            )


class Census:
    """Counts the nodes of a model, with what functions come to when they are called."""

    def __init__(self, functions: dict[tuple[str, str], onnx.FunctionProto]) -> None:
        self._functions = functions
        self._sizes: dict[tuple[str, str], int] = {}
        self._total = 0

    def graph(self, graph: onnx.GraphProto, outer: tuple[set[str], ...], depth: int) -> int:
        """Nodes of a graph that is `depth` deep in others, whose values it sees. Raises as `check_structure`."""
        own = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
        own |= {sparse.values.name for sparse in graph.sparse_initializer}
        for sparse in graph.sparse_initializer:
            _check_shape(f"tensor {sparse.values.name!r} is", sparse.dims)
        return self._nodes(graph.node, (*outer, own), depth)

    def _nodes(self, nodes: Iterable[onnx.NodeProto], seen: tuple[set[str], ...], depth: int) -> int:
        if depth > MAX_DEPTH:
            raise InvalidModel(f"the network has sub-graphs or functions more than {MAX_DEPTH} deep in each other")
        size = 0
        for node in nodes:
            for name in node.input:
                if name and not any(name in values for values in seen):
                    raise InvalidModel(
                        f"node {node.name or node.op_type!r} takes {name!r}, which nothing before it makes: the graph "
                        "goes in a circle, or its nodes aren't in order"
                    )
            size += self._node(node, seen, depth)
            if size > MAX_NODES:
                raise InvalidModel(f"the network has more than {MAX_NODES} nodes")
            seen[-1].update(node.output)
        return size

    def _node(self, node: onnx.NodeProto, seen: tuple[set[str], ...], depth: int) -> int:
        key = (node.domain, node.op_type)
        if key in self._functions:
            size = self._function(key, depth + 1)
        else:
            _check_operator(node)
            size = 1
        for attribute in node.attribute:
            if attribute.HasField("sparse_tensor"):
                _check_shape(f"tensor {attribute.name!r} is", attribute.sparse_tensor.dims)
            for inner in subgraphs(attribute):
                size += self.graph(inner, seen, depth + 1)
        return size

    def _function(self, key: tuple[str, str], depth: int) -> int:
        """What a call comes to; a function that calls itself runs into the depth."""
        if key not in self._sizes:
            function = self._functions[key]
            self._sizes[key] = self._nodes(function.node, (set(function.input),), depth)
        return self._sizes[key]


def subgraphs(attribute: onnx.AttributeProto) -> Iterator[onnx.GraphProto]:
    """The graphs that an attribute holds."""
    if attribute.HasField("g"):
        yield attribute.g
    yield from attribute.graphs


def _check_operator(node: onnx.NodeProto) -> None:
    domain, kind = node.domain, node.op_type
    if domain in STANDARD:
        if kind in NO_BUSINESS or not onnx.defs.has(kind, ""):
            raise InvalidModel(f"operator {kind!r} is none of those that a network may have")
    elif domain != "com.microsoft" or kind not in MICROSOFT:
        raise InvalidModel(
            f"operator {kind!r} of domain {domain!r} isn't allowed: export the network with standard ONNX operators"
        )


def _check_shape(what: str, dims: Iterable[int]) -> None:
    dims = list(dims)
    if len(dims) > MAX_RANK:
        raise InvalidModel(f"{what} of {len(dims)} axes, at most {MAX_RANK} are taken")
    if any(size < 0 for size in dims) or prod(dims) > MAX_ELEMENTS:
        raise InvalidModel(f"{what} {dims}: no axis is negative, and at most {MAX_ELEMENTS} elements are taken")
