"""Small networks with known answers, in every shape that users bring.

Each tells colours apart pixel by pixel: the class whose colour channel stands out, or "dark" where none does. So what
a served form must answer on a picture of flat colours is known without running anything.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from madseg.core.taxonomy import taxonomy_of
from madseg.predictor.card import ModelCard, parse_card

COLOURS = taxonomy_of("colours", ["dark", "red", "green", "blue"])

GRID = (24, 32)
"""Not square, so that a swapped height and width shows."""

WEIGHTS = {
    "dark": (0.013, -0.017, 0.011),
    "red": (4.03, -2.11, -1.97),
    "green": (-2.07, 3.91, -1.89),
    "blue": (-1.93, -2.05, 4.09),
}
"""Odd on purpose: with round ones, bytes that are equal would score equal, and rounding would choose."""
BIASES = {"dark": 1.0, "red": 0.0, "green": 0.0, "blue": 0.0}

Dim = int | str


def picture(
    colours: Sequence[str] = ("dark", "red", "green", "blue"), grid: tuple[int, int] = GRID
) -> npt.NDArray[np.uint8]:
    """(H,W,3) uint8 of four flat quarters: top left, top right, bottom left, bottom right."""
    values = {"dark": (0, 0, 0), "red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
    half = (grid[0] // 2, grid[1] // 2)
    pixels = np.zeros((*grid, 3), np.uint8)
    for number, colour in enumerate(colours):
        rows = slice(half[0]) if number < 2 else slice(half[0], None)
        columns = slice(half[1], None) if number % 2 else slice(half[1])
        pixels[rows, columns] = values[colour]
    return pixels


def quarters(*labels: int, grid: tuple[int, int] = GRID) -> npt.NDArray[np.uint8]:
    """(H,W) uint8 label map of four flat quarters, as `picture`."""
    return np.array(labels, np.uint8).reshape(2, 2).repeat(grid[0] // 2, axis=0).repeat(grid[1] // 2, axis=1)


def noise(seed: int, grid: tuple[int, int] = GRID) -> npt.NDArray[np.uint8]:
    """(H,W,3) uint8 of smooth coloured blobs."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (4, 4, 3)).astype(np.float64)
    rows = np.linspace(0, 3, grid[0])
    columns = np.linspace(0, 3, grid[1])
    across = np.stack([[np.interp(columns, range(4), line[:, part]) for part in range(3)] for line in coarse])
    full = np.stack(
        [[np.interp(rows, range(4), across[:, part, place]) for place in range(grid[1])] for part in range(3)]
    )
    return full.transpose(2, 1, 0).astype(np.uint8)


def network(
    *,
    classes: Sequence[str] = COLOURS.names,
    layout: str = "NCHW",
    dtype: int = TensorProto.FLOAT,
    batch: Dim = 1,
    size: tuple[Dim, Dim] = GRID,
    stride: int = 1,
    answer: str = "logits",
    answer_layout: str = "NCHW",
    answer_dtype: int = TensorProto.INT64,
    keepdims: bool = False,
    colour: str = "RGB",
    mean: tuple[float, float, float] | None = None,
    baked_batch: int = 0,
    opset: int = 17,
    names: tuple[str, str] = ("pixels", "answer"),
    extra: Sequence[onnx.NodeProto] = (),
) -> onnx.ModelProto:
    """A network; what isn't asked for is the plainest: float NCHW in 0..1 in, full-size logits out.

    Args:
        mean: added back to the input first, so that only a card with this mean gives the right answer.
        baked_batch: where above 0, a Reshape has this batch as a constant.
        extra: nodes appended behind the answer.
    """
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    work = np.float32 if kind == np.uint8 else kind
    weight = np.array([WEIGHTS[name] for name in classes], work)
    weight = (weight[:, ::-1] if colour == "BGR" else weight)[:, :, None, None]
    constants = {"weight": weight, "bias": np.array([BIASES[name] for name in classes], work)}
    source, last = names
    nodes: list[onnx.NodeProto] = []
    current = source

    def then(operator: str, *inputs: str, **attributes: Any) -> None:
        nonlocal current
        made = f"t{len(nodes)}"
        nodes.append(helper.make_node(operator, [current, *inputs], [made], **attributes))
        current = made

    if kind == np.uint8:
        constants["byte"] = np.array(1 / 255, np.float32)
        then("Cast", to=TensorProto.FLOAT)
        then("Mul", "byte")
    if layout == "NHWC":
        then("Transpose", perm=[0, 3, 1, 2])
    if mean is not None:
        constants["mean"] = np.array(mean, work).reshape(1, 3, 1, 1)
        then("Add", "mean")
    if baked_batch:
        constants["baked"] = np.array([baked_batch, 3, *GRID], np.int64)
        then("Reshape", "baked")
    if stride > 1:
        then("AveragePool", kernel_shape=[stride, stride], strides=[stride, stride])
    then("Conv", "weight", "bias")
    if answer == "probabilities":
        then("Softmax", axis=1)
    height, width = (each if isinstance(each, str) else each // stride for each in size)
    dims: list[Dim] = [batch, len(classes), height, width]
    result = dtype if dtype != TensorProto.UINT8 else TensorProto.FLOAT
    if answer == "labels":
        then("ArgMax", axis=1, keepdims=int(keepdims))
        if answer_dtype != TensorProto.INT64:
            then("Cast", to=answer_dtype)
        dims = [batch, *([1] if keepdims else []), height, width]
        result = answer_dtype
    elif answer_layout == "NHWC":
        then("Transpose", perm=[0, 2, 3, 1])
        dims = [batch, height, width, len(classes)]
    then("Identity")
    nodes[-1].output[0] = last
    fed: list[Dim] = [batch, 3, *size] if layout == "NCHW" else [batch, *size, 3]
    graph = helper.make_graph(
        [*nodes, *extra],
        "colours",
        [helper.make_tensor_value_info(source, dtype, fed)],
        [helper.make_tensor_value_info(last, result, dims)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def card(**changes: object) -> ModelCard:
    """The card of `network()`, with top-level keys changed."""
    content: dict[str, object] = {"name": "colours", "classes": list(COLOURS.names)}
    return parse_card(content | changes)
