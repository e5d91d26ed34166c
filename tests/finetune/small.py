"""A world of three colours, of which a network knows two: it takes what is blue for dark until it has learned."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from madseg.core.label_map import encode, from_dense
from madseg.core.taxonomy import taxonomy_of
from madseg.finetune.examples import Example, Part, write_examples
from madseg.predictor.card import parse_card
from madseg.predictor.wrap import wrap

GRID = (16, 24)
CLASSES = ("dark", "red", "blue")
TAXONOMY = taxonomy_of("small", CLASSES, unranked=["dark"])
COLOURS = np.array([[20, 20, 20], [220, 30, 30], [40, 40, 230]], np.uint8)
SIZES = {Part.S: 6, Part.S0: 6, Part.SELECT: 4, Part.REPORT: 4, Part.TEST: 4}


def bare(batch: int | str = "N", classes: tuple[str, ...] = CLASSES, labels: bool = False) -> onnx.ModelProto:
    """A 1 x 1 convolution, ReLU, batch normalisation, and another convolution; logits out, or labels by ArgMax."""
    random = np.random.default_rng(7)
    hidden = random.normal(0, 0.1, (8, 3, 1, 1)).astype(np.float32)
    hidden[0, :, 0, 0], hidden[1, :, 0, 0] = (2, -1, -1), (-1, -1, 2)
    last = random.normal(0, 0.1, (len(classes), 8, 1, 1)).astype(np.float32)
    last[:, 0, 0, 0] = np.resize([-1, 2, -1], len(classes))
    ones, zeros = np.ones(8, np.float32), np.zeros(8, np.float32)
    values = {"w1": hidden, "b1": zeros, "w2": last, "b2": np.resize([0.4, -1, -1], len(classes)).astype(np.float32)}
    values |= {"scale": ones, "shift": zeros, "mean": zeros, "variance": ones}
    nodes = [
        helper.make_node("Conv", ["pixels", "w1", "b1"], ["h"], name="first"),
        helper.make_node("Relu", ["h"], ["r"], name="relu"),
        helper.make_node("BatchNormalization", ["r", "scale", "shift", "mean", "variance"], ["n"], name="norm"),
        helper.make_node("Conv", ["n", "w2", "b2"], ["logits"], name="last"),
    ]
    out = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, len(classes), *GRID])
    if labels:
        nodes.append(helper.make_node("ArgMax", ["logits"], ["labels"], axis=1, keepdims=0, name="argmax"))
        out = helper.make_tensor_value_info("labels", TensorProto.INT64, [batch, *GRID])
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [batch, 3, *GRID])],
        [out],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def served(network: onnx.ModelProto | None = None, **card: Any) -> onnx.ModelProto:
    """A network as madseg serves it; the small one by default."""
    network = network or bare()
    kind = "labels" if network.graph.output[0].name == "labels" else "logits"
    text = {"name": "small", "classes": list(CLASSES), "taxonomy": "small", "output": {"kind": kind}, **card}
    text.setdefault("input", {"mean": [0, 0, 0], "std": [1, 1, 1]})
    return wrap(network, parse_card(text), TAXONOMY, GRID)


def scene(seed: int, colours: tuple[int, ...]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A picture of rectangles and its truth."""
    random = np.random.default_rng(seed)
    truth = np.zeros(GRID, np.uint8)
    for colour in colours:
        top, left = random.integers(0, 8), random.integers(0, 12)
        truth[top : top + 8, left : left + 10] = colour
    noise = random.integers(-15, 16, (*GRID, 3))
    return np.clip(COLOURS[truth] + noise, 0, 255).astype(np.uint8), truth


def make_run(folder: Path, recipe: str = "modern", **changes: Any) -> Path:
    """The folder of a run: blue in S and T, red alone in S0 and half of T0."""
    (folder / "pictures").mkdir(parents=True)
    (folder / "masks").mkdir()
    (folder / "served.onnx").write_bytes(served().SerializeToString())
    examples = []
    for number, (part, count) in enumerate(SIZES.items()):
        for index in range(count):
            blue = part in (Part.S, Part.TEST) or (part is not Part.S0 and index % 2 == 0)
            examples.append(example(folder, part, 100 * number + index, (1, 2) if blue else (1,)))
    write_examples(folder, examples)
    changes = {"learning_rates": [0.05], "batch": 2, "epochs": 6, "patience": 0, "colour": 0.0, **changes}
    plan = {"recipe": recipe, "classes": CLASSES, "seed": 3, "changes": changes, "threads": 1}
    plan["bounds"] = {"slower": 1000.0}
    (folder / "plan.json").write_text(json.dumps(plan))
    return folder


def example(folder: Path, part: Part, seed: int, colours: tuple[int, ...]) -> Example:
    """One example, its files written."""
    picture, truth = scene(seed, colours)
    name = f"{seed:032x}"
    paths = folder / "pictures" / f"{name}.png", folder / "masks" / f"{name}.map"
    Image.fromarray(picture).save(paths[0])
    paths[1].write_bytes(encode(from_dense(truth)))
    return Example(name, part, *paths)
