"""The network inside a served file, as its owner would give it: what `madseg model release` takes.

Wrapping keeps the names of a network's tensors, but for those that its own would clash with, which get them back here;
so what stands between the pieces around it, under the card's names, is the network again.
"""

import json
from collections.abc import Mapping
from typing import Any

import onnx
from onnx import helper

from madseg.core.errors import InvalidModel
from madseg.finetune.graph import prefix_of, touches


def bare(served: onnx.ModelProto) -> onnx.ModelProto:
    """The network without the pieces around it, with the input and output that its card names.

    Raises:
        InvalidModel: it is no network as madseg serves it.
    """
    card = card_of(served)
    prefix = prefix_of(served)
    head, tail, hidden = f"{prefix}head/", f"{prefix}tail/", f"{prefix}network/"
    heads = [node for node in served.graph.node if touches(node, head)]
    tails = [node for node in served.graph.node if touches(node, tail)]
    nodes = [node for node in served.graph.node if not touches(node, head) and not touches(node, tail)]
    taken, given = _between(heads, nodes), _between(nodes, tails)
    model = onnx.ModelProto()
    model.CopyFrom(served)
    graph = model.graph
    del graph.node[:], graph.input[:], graph.output[:], graph.value_info[:], model.metadata_props[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    initialisers = [item for item in graph.initializer if item.name in used]
    del graph.initializer[:]
    graph.initializer.extend(initialisers)
    inferred = {item.name: item for item in onnx.shape_inference.infer_shapes(served).graph.value_info}
    graph.input.append(_described(inferred, taken))
    graph.output.append(_described(inferred, given))
    made = {name for node in nodes for name in (*node.input, *node.output) if name.startswith(hidden)}
    names = {name: name.removeprefix(hidden) for name in made}
    _rename(graph, {**names, taken: card["input"]["name"], given: card["output"]["name"]})
    onnx.checker.check_model(model)
    return model


def card_of(served: onnx.ModelProto) -> dict[str, Any]:
    """The completed card in a served file.

    Raises:
        InvalidModel: it has none.
    """
    facts = {item.key: item.value for item in served.metadata_props}
    if "madseg.card" not in facts:
        raise InvalidModel("this is no network as madseg serves it: it has no card")
    return dict(json.loads(facts["madseg.card"]))


def _between(first: list[onnx.NodeProto], second: list[onnx.NodeProto]) -> str:
    """The tensor that goes from one part of the graph into the other."""
    enters = {name for node in second for name in node.input}
    found = [name for node in first for name in node.output if name in enters]
    if len(found) != 1:
        raise InvalidModel(f"{len(found)} tensors go between the network and the pieces around it, where one should")
    return found[0]


def _described(inferred: dict[str, onnx.ValueInfoProto], name: str) -> onnx.ValueInfoProto:
    if name not in inferred:
        return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
    return inferred[name]


def _rename(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    """In subgraphs too: they see the tensors around them."""
    for value in (*graph.input, *graph.output):
        value.name = names.get(value.name, value.name)
    for tensor in graph.initializer:
        tensor.name = names.get(tensor.name, tensor.name)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                _rename(inner, names)
