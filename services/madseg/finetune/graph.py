"""The part of a served network that can learn: from the canonical picture to its scores per class.

A served file (`madseg.predictor.wrap`) holds everything in one graph: pictures are resized and normalised, the network
answers, labels are made of that. Cut off behind the answer it is what training needs, preprocessing included, so that
training and serving can't differ in it.

    image   uint8   [N, H, W, 3]   RGB on the canonical grid
    scores  float32 [N, C, h, w]   or [N, h, w, C]: logits in the network's own order of classes, at its own size
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from madseg.core.errors import InvalidModel

_PASSES = ("Cast", "Squeeze", "Identity", "Unsqueeze", "Clip")
"""What may stand between an ArgMax and the answer without changing which class it names."""


@dataclass(frozen=True)
class Trainable:
    """A served network cut off behind its scores; `head` begins the names of the pieces in front of it.

    `layout` is NCHW or NHWC, `align_corners` how the scores are brought to the grid; `table` is (C,) uint8: the
    taxonomy's label of each class of the network, 255 for none. `probabilities` says that the scores are those.
    """

    model: onnx.ModelProto
    head: str
    grid: tuple[int, int]
    layout: str
    align_corners: bool
    table: NDArray[np.uint8]
    probabilities: bool


def trainable(served: onnx.ModelProto, classes: tuple[str, ...]) -> Trainable:
    """Cuts a served network off behind its scores; `classes` are the taxonomy's names in label order.

    Raises:
        InvalidModel: it is no served network, is of other classes, or gives labels that no ArgMax makes.
    """
    facts = {item.key: item.value for item in served.metadata_props}
    try:
        card, names, grid = (json.loads(facts[f"madseg.{key}"]) for key in ("card", "classes", "grid"))
    except (KeyError, ValueError) as error:
        raise InvalidModel(f"this is no network as madseg serves it: {error} is missing from its metadata") from error
    if tuple(names) != classes:
        raise InvalidModel(f"the network is of the classes {', '.join(names)}, the project of {', '.join(classes)}")
    model = with_initialisers(served)
    output = card.get("output", {})
    prefix = prefix_of(model)
    answer = _answer(model, prefix)
    if output.get("kind") == "labels":
        answer = _before_argmax(model, answer)
    kept = cut(model, answer)
    return Trainable(
        model=kept,
        head=f"{prefix}head/",
        grid=(int(grid[0]), int(grid[1])),
        layout=_layout(kept, len(card["classes"])),
        align_corners=bool(output.get("align_corners", False)),
        table=_table(card, classes),
        probabilities=output.get("kind") == "probabilities",
    )


def prefix_of(served: onnx.ModelProto) -> str:
    """What begins the names of all pieces that wrapping put around the network: no name of the network's does.

    Raises:
        InvalidModel: it is no network as madseg serves it.
    """
    for node in served.graph.node:
        prefix, behind, _ = node.name.partition("tail/")
        if "labels" in node.output and behind:
            return str(prefix)
    raise InvalidModel("this is no network as madseg serves it: nothing stands behind its answer")


def touches(node: onnx.NodeProto, prefix: str) -> bool:
    """True for a node that makes or takes a tensor whose name begins so."""
    return any(name.startswith(prefix) for name in (*node.output, *node.input))


def with_initialisers(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which every Constant is an initialiser, which is what can be learned and written back."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    nodes = list(copy.graph.node)
    del copy.graph.node[:]
    for node in nodes:
        if node.op_type != "Constant":
            copy.graph.node.append(node)
            continue
        copy.graph.initializer.append(_value(node))
    return copy


def cut(model: onnx.ModelProto, output: str) -> onnx.ModelProto:
    """A copy with what `output` needs, and no more."""
    needed, kept = {output}, []
    for node in reversed(model.graph.node):
        if not needed.isdisjoint(node.output):
            kept.append(node)
            needed.update(node.input)
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    graph = copy.graph
    del graph.node[:], graph.output[:], graph.value_info[:]
    graph.node.extend(reversed(kept))
    initialisers = [item for item in graph.initializer if item.name in needed]
    del graph.initializer[:]
    graph.initializer.extend(initialisers)
    graph.output.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, None))
    return copy


def with_weights(model: onnx.ModelProto, weights: Mapping[str, NDArray[Any]]) -> onnx.ModelProto:
    """A copy of a network whose named initialisers, or Constants, have these values; shapes and types stay.

    Raises:
        InvalidModel: there is no such initialiser, or a value has another shape.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    places = {item.name: item for item in copy.graph.initializer}
    places |= {node.output[0]: node.attribute[0].t for node in copy.graph.node if node.op_type == "Constant"}
    for name, value in weights.items():
        if name not in places:
            raise InvalidModel(f"the network has no weights called {name!r}")
        old = numpy_helper.to_array(places[name])
        if old.shape != value.shape:
            raise InvalidModel(f"the weights {name!r} are {old.shape}, got {value.shape}")
        named = places[name].name
        places[name].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(value, old.dtype), named))
    return copy


def _value(node: onnx.NodeProto) -> TensorProto:
    """The value of a Constant, under the name of its output."""
    attribute = helper.get_attribute_value(node.attribute[0])
    tensor = TensorProto()
    if isinstance(attribute, TensorProto):
        tensor.CopyFrom(attribute)
    else:
        kind = np.float32 if node.attribute[0].name.startswith("value_float") else np.int64
        tensor.CopyFrom(numpy_helper.from_array(np.array(attribute, kind)))
    tensor.name = node.output[0]
    return tensor


def _answer(model: onnx.ModelProto, prefix: str) -> str:
    """What the network says: the one tensor that goes into the pieces behind it."""
    head, tail = f"{prefix}head/", f"{prefix}tail/"
    initialisers = {item.name for item in model.graph.initializer}
    for node in model.graph.node:
        if any(name.startswith(tail) for name in node.output):
            for name in node.input:
                if name and name not in initialisers and not name.startswith((tail, head)):
                    return str(name)
    raise InvalidModel("this is no network as madseg serves it: nothing stands behind its answer")


def _before_argmax(model: onnx.ModelProto, answer: str) -> str:
    """The scores that an answer of labels is the largest of."""
    makers = {name: node for node in model.graph.node for name in node.output}
    node = makers.get(answer)
    while node is not None and node.op_type in _PASSES:
        node = makers.get(node.input[0])
    if node is None or node.op_type != "ArgMax":
        found = "nothing" if node is None else node.op_type
        raise InvalidModel(
            f"the network gives labels, and {found} makes them where ArgMax should: there is nothing to learn by. "
            "Add the network with its logits as the output."
        )
    return str(node.input[0])


def _layout(model: onnx.ModelProto, classes: int) -> str:
    """Where the classes stand in the scores."""
    inferred = onnx.shape_inference.infer_shapes(model).graph.output[0]
    sizes = [item.dim_value for item in inferred.type.tensor_type.shape.dim]
    if len(sizes) == 4 and sizes[1] != classes and sizes[3] == classes:
        return "NHWC"
    return "NCHW"


def _table(card: Mapping[str, Any], classes: tuple[str, ...]) -> NDArray[np.uint8]:
    mapping, void = card.get("mapping", {}), card.get("void", ())
    table = np.full(len(card["classes"]), 255, np.uint8)
    for label, name in enumerate(card["classes"]):
        wanted = mapping.get(name, name if name in classes else mapping.get("*", name))
        if label not in void and wanted in classes:
            table[label] = classes.index(wanted)
    return table
