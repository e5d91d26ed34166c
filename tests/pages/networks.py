"""What a reader brings along: two networks over VOC's classes with their cards, a better one, and pictures."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from madseg.core.taxonomy import VOC
from tests.pipeline.world import picture

SIDE = 65
"""Pixels of the networks' own input and output, which are brought to the canonical grid."""

PICTURES = 24

_NEVER = (0.0, 0.0, 0.0, -99.0)

_SEES: Mapping[str, Mapping[str, tuple[float, float, float, float]]] = {
    # per class: weights of normalised R, G, B, and a bias; what isn't named is never seen
    "ours": {
        "background": (0, 0, 0, 0.7),
        "bus": (1, -0.6, -0.5, 0),
        "person": (-0.5, 1, -0.5, 0),
        "car": (-1, 0, 1, 0),
    },
    "theirs": {"background": (0, 0, 0, 1.2), "bus": (1, -0.3, -0.5, 0), "person": (-1, 1, 0.2, 0), "car": (0, 0, 1, 0)},
    "better": {
        "background": (0, 0, 0, 0.9),
        "bus": (1, -0.4, -0.5, 0),
        "person": (-0.7, 1, 0, 0),
        "car": (0, -1, 1, 0),
    },
}

_CARD = """name: {name}
role: {role}
input:
  mean: [0.485, 0.456, 0.406]
  std: [0.229, 0.224, 0.225]
classes: [{classes}]
"""


def bring(folder: Path) -> None:
    """Puts all of it into a reader's folder."""
    for name in _SEES:
        onnx.save(network(name), folder / f"{name}.onnx")
    for name, role in (("ours", "target"), ("theirs", "competitor")):
        (folder / f"{name}.yaml").write_text(_CARD.format(name=name, role=role, classes=", ".join(VOC.names)))
    write_pictures(folder / "pictures", range(PICTURES))


def write_pictures(folder: Path, seeds: range) -> None:
    """Pictures named by their seeds."""
    folder.mkdir()
    for seed in seeds:
        (folder / f"{seed:03}.png").write_bytes(picture(seed))


def network(name: str) -> onnx.ModelProto:
    """A convolution of 1 x 1 over normalised RGB, logits out."""
    random = np.random.default_rng([*name.encode()])
    table = np.array([_SEES[name].get(label, _NEVER) for label in VOC.names], np.float32)
    table += random.normal(0, 0.01, table.shape).astype(np.float32)
    shape = [1, 3, SIDE, SIDE]
    graph = helper.make_graph(
        [helper.make_node("Conv", ["image", "weight", "bias"], ["logits"])],
        name,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, len(VOC), *shape[2:]])],
        [
            numpy_helper.from_array(table[:, :3, None, None], "weight"),
            numpy_helper.from_array(table[:, 3], "bias"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
