"""A torch network as a piece of a served file: exported, and put in the place of the network that was there.

The pieces around it stay as they are, so that training, serving and the check of a release see the same pixels. An
answer of labels keeps its ArgMax: what is exchanged reaches from the prepared picture to the scores.
"""

import io
import warnings
from typing import Any

import onnx
import torch

from madseg.core.errors import InvalidModel
from madseg.finetune.graph import Trainable, cut, touches, with_initialisers

INSIDE = "network/"
"""Begins the names of the tensors that were exported: nothing around them is called so."""

NEWEST_OPSET = 20
"""The newest that torch's exporter writes; what is newer in the file means the same in it."""


def taken(source: Trainable) -> str:
    """The tensor that the pieces in front give to the network.

    Raises:
        InvalidModel: it isn't one.
    """
    front = [node for node in source.model.graph.node if touches(node, source.head)]
    made = [name for node in front for name in node.output if not name.startswith(source.head)]
    if len(made) != 1:
        raise InvalidModel(f"{len(made)} tensors go from the pieces in front into the network, where one should")
    return made[0]


def head(source: Trainable) -> onnx.ModelProto:
    """The pieces in front alone."""
    return cut(source.model, taken(source))


def export(module: Any, example: torch.Tensor, opset: int) -> onnx.ModelProto:
    """A module that gives scores as an ONNX file, for batches of any size.

    Raises:
        InvalidModel: torch can't export it; the message says what it says.
    """
    content = io.BytesIO()
    names = {"input_names": [f"{INSIDE}taken"], "output_names": [f"{INSIDE}scores"]}
    axes = {name: {0: "N"} for listed in names.values() for name in listed}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                module,
                (example,),
                content,  # type: ignore[arg-type, unused-ignore]
                dynamo=False,
                opset_version=min(opset, NEWEST_OPSET),
                dynamic_axes=axes,
                **names,
            )
    except Exception as error:  # torch raises what comes, from C++ too
        raise InvalidModel(f"torch can't export the network: {' '.join(str(error).split())[:400]}") from error
    return with_initialisers(onnx.load_model_from_string(content.getvalue()))


def exchanged(served: onnx.ModelProto, source: Trainable, network: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of a served file with another network, as `export` gives it, in the place of its own."""
    file = with_initialisers(served)
    scores, before = source.model.graph.output[0].name, taken(source)
    old = {name for node in source.model.graph.node if not touches(node, source.head) for name in node.output}
    front = [node for node in file.graph.node if touches(node, source.head)]
    behind = [node for node in file.graph.node if not touches(node, source.head) and old.isdisjoint(node.output)]
    inside = _renamed(network, {f"{INSIDE}taken": before, f"{INSIDE}scores": scores})
    model = onnx.ModelProto()
    model.CopyFrom(served)
    graph = model.graph
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend((*front, *inside.graph.node, *behind))
    used = {name for node in (*front, *behind) for name in node.input}
    graph.initializer.extend(item for item in file.graph.initializer if item.name in used)
    graph.initializer.extend(inside.graph.initializer)
    onnx.checker.check_model(model)
    return model


def _renamed(network: onnx.ModelProto, outer: dict[str, str]) -> onnx.ModelProto:
    """A copy whose tensors stand under `INSIDE`, but for those that it shares with what is around it."""
    copy = onnx.ModelProto()
    copy.CopyFrom(network)

    def name(old: str) -> str:
        if not old or old in outer:
            return outer.get(old, old)
        return old if old.startswith(INSIDE) else f"{INSIDE}{old}"

    for item in copy.graph.initializer:
        item.name = name(item.name)
    for node in copy.graph.node:
        node.input[:] = [name(item) for item in node.input]
        node.output[:] = [name(item) for item in node.output]
    return copy
