"""Graphs that no network needs are refused before anything is done with them, and the reason is named."""

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from madseg.core.errors import InvalidModel
from madseg.predictor import structure
from madseg.predictor.source import load_source
from tests.predictor.networks import network

Change = Callable[[onnx.ModelProto], object]


def saved(folder: Path, model: onnx.ModelProto) -> Path:
    """The file of a model."""
    (folder / "net.onnx").write_bytes(model.SerializeToString())
    return folder / "net.onnx"


def branch(inner: onnx.GraphProto | None = None, times: int = 1) -> onnx.GraphProto:
    """A graph whose nodes choose between the graphs within it."""
    nodes = [helper.make_node("Constant", [], ["yes"], value_int=1)]
    if inner is not None:
        nodes += [
            helper.make_node("If", ["yes"], [f"out{n}"], then_branch=inner, else_branch=inner) for n in range(times)
        ]
    return helper.make_graph(nodes, "branch", [], [helper.make_tensor_value_info("yes", TensorProto.INT64, [])])


def nested(model: onnx.ModelProto) -> None:
    """Choices within choices."""
    graph = branch()
    for _ in range(structure.MAX_DEPTH + 1):
        graph = branch(graph)
    model.graph.node.extend(graph.node)


def looping(model: onnx.ModelProto) -> None:
    """Loops within loops."""
    body = branch()
    for _ in range(structure.MAX_DEPTH + 1):
        node = helper.make_node("Loop", ["", "yes"], [], body=body)
        body = helper.make_graph([helper.make_node("Constant", [], ["yes"], value_int=1), node], "body", [], [])
    model.graph.node.extend(body.node)


def many(model: onnx.ModelProto) -> None:
    """Three deep, forty in each."""
    model.graph.node.extend(branch(branch(branch(branch(), 20), 20), 20).node)


def calling(model: onnx.ModelProto, calls: int, deep: int) -> None:
    """Functions each of which calls the next some times: the last is called `calls ** deep` times."""
    opset = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    for level in range(deep):
        kind, domain = (f"f{level + 1}", "own") if level + 1 < deep else ("Neg", "")
        nodes = [helper.make_node(kind, ["x"], [f"y{n}"], domain=domain) for n in range(calls)]
        model.functions.append(helper.make_function("own", f"f{level}", ["x"], ["y0"], nodes, opset))
    model.graph.node.append(helper.make_node("f0", ["answer"], ["more"], domain="own"))
    model.opset_import.append(helper.make_opsetid("own", 1))


def calling_itself(model: onnx.ModelProto) -> None:
    """Without end."""
    calling(model, 1, 1)
    model.functions[0].node[0].op_type, model.functions[0].node[0].domain = "f0", "own"


def circle(model: onnx.ModelProto) -> None:
    """The first node takes what the last gives."""
    model.graph.node[0].input[0] = "answer"


def added(kind: str, domain: str = "") -> Change:
    """A node more."""
    return lambda model: model.graph.node.append(helper.make_node(kind, ["answer"], ["more"], domain=domain))


def huge(model: onnx.ModelProto) -> None:
    """A tensor that says much and brings little."""
    model.graph.initializer[0].dims[:] = [40_000, 40_000]


def inner_tensor(model: onnx.ModelProto) -> None:
    """The same in an attribute."""
    value = TensorProto(data_type=TensorProto.FLOAT, dims=[1 << 30], float_data=[1.0], name="inner")
    model.graph.node.append(helper.make_node("ConstantOfShape", ["answer"], ["more"], value=value))


def sparse(model: onnx.ModelProto) -> None:
    """A sparse one that would fill the memory."""
    one = TensorProto(data_type=TensorProto.FLOAT, dims=[1], float_data=[1.0], name="holes")
    at = TensorProto(data_type=TensorProto.INT64, dims=[1], int64_data=[0])
    model.graph.sparse_initializer.append(onnx.SparseTensorProto(values=one, indices=at, dims=[1 << 20, 1 << 20]))


def declared(*dims: int) -> Change:
    """Another shape of the input."""

    def change(model: onnx.ModelProto) -> None:
        model.graph.input[0].CopyFrom(helper.make_tensor_value_info("pixels", TensorProto.FLOAT, list(dims)))

    return change


HOSTILE: dict[str, tuple[Change, str]] = {
    "circle": (circle, r"node 'Conv' takes 'answer', which nothing before it makes: the graph goes in a circle, or"),
    "nested choices": (nested, r"sub-graphs or functions more than 8 deep in each other"),
    "nested loops": (looping, r"sub-graphs or functions more than 8 deep in each other"),
    "many sub-graphs": (many, r"more than 50000 nodes"),
    "many nodes": (
        lambda model: model.graph.node.extend([helper.make_node("Neg", ["answer"], ["more"])] * 50_001),
        r"more than 50000 nodes",
    ),
    "functions that multiply": (lambda model: calling(model, 20, 7), r"more than 50000 nodes"),
    "functions in functions": (lambda model: calling(model, 1, 30), r"functions more than 8 deep"),
    "a function that calls itself": (calling_itself, r"functions more than 8 deep"),
    "unknown operator": (added("Launch"), r"operator 'Launch' is none of those that a network may have"),
    "operator that reads files": (added("ImageDecoder"), r"operator 'ImageDecoder' is none of those"),
    "custom operator": (added("Steal", "evil"), r"operator 'Steal' of domain 'evil' isn't allowed: export"),
    "Microsoft's operator": (added("Tokenizer", "com.microsoft"), r"'Tokenizer' of domain 'com\.microsoft' isn't"),
    "training operator": (added("Adam", "ai.onnx.preview.training"), r"'Adam' of domain 'ai\.onnx\.preview\.training'"),
    "huge tensor": (huge, r"tensor 'weight' is said to have 1600000000 elements, and brings 48"),
    "huge tensor in an attribute": (inner_tensor, r"tensor 'inner' is said to have 1073741824 elements, and brings 1"),
    "huge sparse tensor": (sparse, r"tensor 'holes' is \[1048576, 1048576\]: no axis is negative, and at most"),
    "huge input": (declared(1, 3, 1 << 20, 1 << 20), r"'pixels' is declared \[1, 3, 1048576, 1048576\]: no axis"),
    "negative axis": (
        lambda model: model.graph.initializer[0].dims.append(-1),
        r"tensor 'weight' is \[4, 3, 1, 1, -1\]",
    ),
    "many axes": (declared(*[1] * 40), r"'pixels' is declared of 40 axes, at most 16 are taken"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_graph_is_refused_by_name(kind: str, tmp_path: Path) -> None:
    """Each kind, and the sentence says what it was."""
    change, reason = HOSTILE[kind]
    model = network()
    change(model)
    with pytest.raises(InvalidModel, match=reason):
        load_source(saved(tmp_path, model))


def test_too_many_tensors_are_refused(tmp_path: Path) -> None:
    """However small they are."""
    model, one = network(), TensorProto(data_type=TensorProto.FLOAT, dims=[1], float_data=[0.0], name="t")
    model.graph.initializer.extend([one] * (structure.MAX_TENSORS + 1))
    with pytest.raises(InvalidModel, match="more than 50000 stored tensors"):
        load_source(saved(tmp_path, model))


def test_a_file_that_is_all_hole_is_refused_unread(tmp_path: Path) -> None:
    """Three gigabytes that take no place on the disk."""
    with (tmp_path / "net.onnx").open("wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(InvalidModel, match=r"net\.onnx has 3221225472 bytes; one served file holds less than 2 GB"):
        load_source(tmp_path / "net.onnx")


def test_what_is_no_file_is_refused_unread(tmp_path: Path) -> None:
    """A device without end, and a folder."""
    for path in (Path("/dev/zero"), tmp_path):
        with pytest.raises(InvalidModel, match=f"{path.name} is not a file"):
            load_source(path)


def test_quantised_networks_and_functions_of_exporters_are_taken(tmp_path: Path) -> None:
    """Operators that Microsoft's tools leave, a function that the file brings along, and a choice."""
    model = network()
    calling(model, 2, 3)
    model.graph.node.append(helper.make_node("QuickGelu", ["answer"], ["gelu"], domain="com.microsoft"))
    model.graph.node.extend(branch(branch()).node)
    assert load_source(saved(tmp_path, model)).model == model
