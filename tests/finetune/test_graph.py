"""Networks cut off behind their scores."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from madseg.core.errors import InvalidModel
from madseg.finetune.bare import bare as network_in
from madseg.finetune.graph import trainable, with_weights
from madseg.predictor.card import parse_card
from madseg.predictor.wrap import wrap
from tests.finetune.small import CLASSES, GRID, TAXONOMY, bare, scene, served


def run(model: onnx.ModelProto, output: str, seed: int = 1) -> np.ndarray:
    """What a network says of a picture."""
    session = ort.InferenceSession(model.SerializeToString())
    found: np.ndarray = session.run([output], {"image": scene(seed, (1, 2))[0][None]})[0]
    return found


def test_the_scores_are_those_that_labels_are_made_of() -> None:
    """The largest of them is the label."""
    found = trainable(served(), CLASSES)
    assert (found.grid, found.layout, found.table.tolist()) == (GRID, "NCHW", [0, 1, 2])
    scores = run(found.model, found.model.graph.output[0].name)
    assert (scores.argmax(1) == run(served(), "labels")).all()


def test_labels_are_cut_before_their_argmax() -> None:
    """A network that gives labels alone can learn by what they were the largest of."""
    model = served(bare(labels=True))
    found = trainable(model, CLASSES)
    assert found.model.graph.output[0].name == "logits"
    assert (run(found.model, "logits").argmax(1) == run(model, "labels")).all()


def test_labels_that_no_argmax_makes_are_refused() -> None:
    """There is nothing to learn by."""
    model = bare(labels=True)
    model.graph.node[-1].op_type = "ArgMin"
    with pytest.raises(InvalidModel, match="ArgMin makes them where ArgMax should"):
        trainable(served(model), CLASSES)


def test_classes_without_a_place_are_void() -> None:
    """A class that the card maps to void, and another order of classes."""
    model = served(classes=["blue", "sky", "red"], mapping={"sky": "void"})
    assert trainable(model, CLASSES).table.tolist() == [2, 255, 1]


def test_what_madseg_does_not_serve_is_refused() -> None:
    """A bare network, and one of other classes."""
    with pytest.raises(InvalidModel, match="no network as madseg serves it"):
        trainable(bare(), CLASSES)
    with pytest.raises(InvalidModel, match="is of the classes dark, red, blue"):
        trainable(served(), ("dark", "red", "green"))
    with pytest.raises(InvalidModel, match="it has no card"):
        network_in(bare())


def test_weights_go_into_the_file_they_came_from() -> None:
    """Under their names, in their shapes."""
    model = served()
    changed = with_weights(model, {"b2": np.array([9, 0, 0], np.float32)})
    assert (run(changed, "labels") == 0).all()
    with pytest.raises(InvalidModel, match="no weights called 'b9'"):
        with_weights(model, {"b9": np.zeros(3, np.float32)})
    with pytest.raises(InvalidModel, match=r"'b2' are \(3,\), got \(4,\)"):
        with_weights(model, {"b2": np.zeros(4, np.float32)})


@pytest.mark.parametrize("labels", [False, True])
def test_the_network_inside_a_served_file_is_the_one_that_was_wrapped(labels: bool) -> None:
    """Wrapped again it says the same to the byte."""
    model = served(bare(labels=labels))
    kind = "labels" if labels else "logits"
    text = {
        "name": "small",
        "classes": list(CLASSES),
        "output": {"kind": kind},
        "input": {"mean": [0] * 3, "std": [1] * 3},
    }
    again = wrap(network_in(model), parse_card(text), TAXONOMY, GRID)
    assert (run(again, "labels") == run(model, "labels")).all()


@pytest.mark.parametrize("clash", ["labels", "entropy", "madseg/head/Cast_1", "madseg/network/labels"])
def test_names_that_wrapping_has_too_come_back(clash: str) -> None:
    """Of a network's other output: it can be wrapped, and learn, again and again."""
    network = bare()
    network.graph.node.append(helper.make_node("ArgMax", ["logits"], [clash], axis=1, keepdims=0))
    network.graph.output.append(helper.make_tensor_value_info(clash, TensorProto.INT64, None))
    first = served(network, output={"kind": "logits", "name": "logits"})
    expected = run(first, "labels")
    for _ in range(3):
        found = trainable(first, CLASSES)
        assert (run(found.model, found.model.graph.output[0].name).argmax(1) == expected).all()
        inside = network_in(first)
        assert clash in {name for node in inside.graph.node for name in node.output}
        first = served(inside, output={"kind": "logits", "name": "logits"})
        assert (run(first, "labels") == expected).all()


@pytest.mark.parametrize("name", ["unet", "dilated", "overview", "pyramid"])
def test_the_shipped_networks_are_trainable(name: str) -> None:
    """All four designs."""
    model = onnx.load(str(Path("model_repository") / name / "1" / "model.onnx"))
    classes = tuple((Path("model_repository") / name / "labels.txt").read_text().split())
    found = trainable(model, classes)
    assert found.grid == (128, 128)
    assert found.table.tolist() == list(range(13))
