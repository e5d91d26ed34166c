"""A world that is small enough to compute twice: four colours, tiny networks that see them differently, pictures."""

import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from madseg.core.preprocess import Size
from madseg.core.taxonomy import taxonomy_of
from madseg.predictor.add import add_model
from madseg.predictor.card import parse_card
from madseg.predictor.repository import ModelRepository
from madseg.project import taxonomy_document

GRID = Size(24, 32)
TAXONOMY = taxonomy_of("colours", ["dark", "red", "green", "blue"], unranked=["dark"])

TARGET, COMPETITORS, RESERVE = "alpha", ("beta", "delta", "gamma"), "omega"
"""The reserve is retired at first."""

_ROLES = {TARGET: "target", RESERVE: "retired"}

_SEES: Mapping[str, tuple[tuple[float, float, float, float], ...]] = {
    # per class: weights of R, G, B in 0..1, and a bias
    "alpha": ((0.013, -0.017, 0.011, 1.0), (4.03, -2.11, -1.97, 0), (-2.07, 3.91, -1.89, 0), (-1.93, -2.05, 4.09, 0)),
    "beta": ((0.01, -0.02, 0.01, 1.7), (4.11, -1.13, -2.03, 0), (-2.07, 3.91, -1.89, 0), (-1.93, -2.05, 4.09, 0)),
    "delta": ((0.02, 0.01, 0.01, 0.6), (4.01, -2.1, -1.9, 0), (-2.1, 3.9, 0.71, -0.3), (-1.9, 0.53, 4.07, -0.2)),
    "gamma": ((0.01, 0.01, -0.02, 1.1), (3.07, -1.1, 0.57, 0), (-2.0, 2.9, -1.1, 0.21), (-0.1, -2.05, 3.03, 0.13)),
    "omega": ((0.01, 0.03, -0.01, 1.3), (2.93, -0.9, -1.1, 0.4), (-1.3, 3.3, -1.9, 0.1), (-1.1, -1.3, 3.91, -0.4)),
}


def network(name: str) -> onnx.ModelProto:
    """One of the networks: a convolution of 1 x 1 over RGB in 0..1, logits out."""
    # A little noise, so that no two classes ever score alike and rounding never chooses.
    noise = np.random.default_rng([*name.encode()]).normal(0, 0.01, (len(TAXONOMY), 4))
    table = (np.array(_SEES[name]) + noise).astype(np.float32)
    shape = [1, 3, GRID.height, GRID.width]
    graph = helper.make_graph(
        [helper.make_node("Conv", ["pixels", "weight", "bias"], ["logits"])],
        name,
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, len(TAXONOMY), *shape[2:]])],
        [
            numpy_helper.from_array(table[:, :3, None, None], "weight"),
            numpy_helper.from_array(table[:, 3], "bias"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def card(name: str) -> dict[str, object]:
    """The card of `network(name)`."""
    return {"name": name, "classes": list(TAXONOMY.names), "role": _ROLES.get(name, "competitor")}


def write_taxonomy(path: Path) -> Path:
    """The taxonomy as a file."""
    path.write_text(json.dumps(taxonomy_document(TAXONOMY)))
    return path


def write_repository(root: Path, folder: Path) -> Path:
    """A repository of all networks at `root`; `folder` takes their files as a user has them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _SEES:
        source = folder / f"{name}.onnx"
        onnx.save(network(name), source)
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        grid = (GRID.height, GRID.width)
        add_model(source, parse_card(card(name)), ModelRepository(root), TAXONOMY, grid, moment)
    return root


def picture(seed: int) -> bytes:
    """A PNG of blobs of colour. Every fourth is the one before it with another exposure: a near-duplicate."""
    near = seed % 4 == 3
    pixels = _blobs(seed - near).astype(np.int64)
    return png(np.clip(pixels + 3 * near, 0, 255).astype(np.uint8))


def png(pixels: NDArray[np.uint8]) -> bytes:
    """An (H, W, 3) picture as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _blobs(seed: int) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    height, width = int(random.integers(24, 60)), int(random.integers(32, 70))
    rows, columns = np.mgrid[:height, :width]
    pixels = np.full((height, width, 3), random.integers(0, 120, 3), np.float64)
    for _ in range(int(random.integers(2, 7))):
        middle = random.integers(0, height), random.integers(0, width)
        reach = random.integers(4, 20)
        inside = (rows - middle[0]) ** 2 + (columns - middle[1]) ** 2 < reach**2
        pixels[inside] = random.integers(0, 256, 3)
    return np.clip(pixels + random.normal(0, 12, pixels.shape), 0, 255).astype(np.uint8)
