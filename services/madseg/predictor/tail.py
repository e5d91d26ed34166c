"""The pieces behind a network: its answer in, labels (N,H,W) uint8 of the taxonomy and mean entropy (N,) out.

The answer is worked on plane by plane, one class at a time: each plane is brought to the grid, compared with the best
so far, and forgotten. A plane fits into the processor's cache, the 22 MB of 21 planes at 513x513 don't, and the
int64 map that ArgMax gives is never made. The taxonomy's labels are what the comparison writes down, so a network's
own class order costs nothing; a tie stays with the class that the network lists first.

Measured on one core of x86-64, 21 classes to 513x513, labels from logits of 33x33, 128x128 and 384x384:

    13.7, 14.4, 15.1 ms   plane by plane (this)
    16.6, 16.3, 16.2 ms   Resize of all planes, then the comparisons plane by plane
    17.6, 17.4, 17.4 ms   Resize, ArgMax over axis 1, Cast; with a table for the class order 2.8 ms more
    14.9, 16.7, 26.5 ms   Resize in two passes that leave the classes last, ArgMax over the last axis
     8.5, 13.1, 15.6 ms   Resize with the classes last (NHWC), ArgMax over the last axis
    15.2, 36.3, 108  ms   Resize as two matrix products, ArgMax over axis 1

NHWC would be the fastest, and is not to be used: ONNX Runtime's CUDA kernel for linear Resize takes the last two
axes for height and width whatever the scales say, so on a GPU it would answer nonsense without an error.

Entropy of 384x384 logits: 9.8 ms plane by plane, 17 ms by LogSoftmax over the last axis, 26 ms by reductions over
axis 1, 66 ms by LogSoftmax over axis 1.
"""

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from madseg.predictor.graph import Pieces
from madseg.predictor.head import add_nearest, add_shape
from madseg.predictor.signature import LABEL_TYPES, Signature

SMALLEST = 1e-30
"""Probabilities are taken for at least this before their logarithm, so that 0 * log 0 is 0."""


def add_planes(pieces: Pieces, signature: Signature, answer: str) -> list[str]:
    """One (N,1,h,w) float32 tensor per class of the network."""
    if signature.output_type != TensorProto.FLOAT:
        answer = pieces.node("Cast", answer, to=TensorProto.FLOAT)
    if signature.card.output.layout == "NHWC":
        answer = pieces.node("Transpose", answer, perm=[0, 3, 1, 2])
    count = len(signature.card.classes)
    if count == 1:
        return [answer]
    return pieces.split("Split", [answer, pieces.constant([1] * count, np.int64)], count, axis=1)


def add_labels_of_planes(
    pieces: Pieces, signature: Signature, planes: list[str], table: npt.NDArray[np.uint8], grid: tuple[int, int]
) -> str:
    """Labels (N,H,W) uint8: the class whose plane is the highest on the canonical grid.

    Args:
        table: (256,) uint8, the taxonomy's label of each class of the network.
    """
    mode = "align_corners" if signature.card.output.align_corners else "half_pixel"
    resized = signature.output_size != grid
    sizes = add_shape(pieces, signature, planes[0], (1, *grid)) if resized or len(planes) == 1 else ""
    best = label = ""
    for number, small in enumerate(planes):
        plane = small
        if resized:
            plane = pieces.node("Resize", small, "", "", sizes, mode="linear", coordinate_transformation_mode=mode)
        own = pieces.constant(table[number].reshape(1, 1, 1, 1), np.uint8)
        if number == 0:
            best, label = plane, own
            continue
        label = pieces.node("Where", pieces.node("Greater", plane, best), own, label)
        if number < len(planes) - 1:
            best = pieces.node("Max", plane, best)
    if len(planes) == 1:
        label = pieces.node("Expand", label, sizes)
    return pieces.node("Squeeze", label, pieces.constant([1], np.int64))


def add_labels_of_labels(
    pieces: Pieces, signature: Signature, answer: str, table: npt.NDArray[np.uint8], grid: tuple[int, int]
) -> str:
    """Labels (N,H,W) uint8 from a label map of any number type: table, then nearest to the grid.

    A label below 0 or above 254 is void, whatever the number type.
    """
    if len(signature.shape) == 4:
        last = signature.output_size == signature.shape[1:3]
        answer = pieces.node("Squeeze", answer, pieces.constant([3 if last else 1], np.int64))
    if LABEL_TYPES[signature.output_type] != "int64":
        answer = pieces.node("Cast", answer, to=TensorProto.INT64)
    # Gather counts -1 from the end, which is 255: void.
    lowest, highest = pieces.constant(-1, np.int64), pieces.constant(255, np.int64)
    answer = pieces.node("Clip", answer, lowest, highest)
    mapped = pieces.node("Gather", pieces.constant(table, np.uint8), answer, axis=0)
    return add_nearest(pieces, mapped, signature.output_size, grid, axis=1)


def add_entropy(pieces: Pieces, signature: Signature, planes: list[str]) -> str:
    """Mean over the network's own pixels of the entropy of the class distribution, in nats: (N,) float32."""
    if signature.card.output.kind == "probabilities":
        each = _entropy_of_probabilities(pieces, planes)
    else:
        each = _entropy_of_logits(pieces, planes)
    # Row by row, then over the rows: one long float32 sum would lose three digits.
    height, width = signature.output_size
    rows = pieces.node("ReduceSum", each, pieces.constant([3], np.int64), keepdims=0)
    rows = pieces.node("Mul", rows, pieces.constant(1 / width, np.float32))
    total = pieces.node("ReduceSum", rows, pieces.constant([1, 2], np.int64), keepdims=0)
    return pieces.node("Mul", total, pieces.constant(1 / height, np.float32))


def _entropy_of_logits(pieces: Pieces, planes: list[str]) -> str:
    """log s - t / s with z = x - max x, s = sum exp z, t = sum z exp z: (N,1,h,w)."""
    highest = pieces.node("Max", *planes) if len(planes) > 1 else planes[0]
    total = weighted = ""
    for plane in planes:
        below = pieces.node("Sub", plane, highest)
        share = pieces.node("Exp", below)
        product = pieces.node("Mul", share, below)
        total = pieces.node("Add", total, share) if total else share
        weighted = pieces.node("Add", weighted, product) if weighted else product
    return pieces.node("Sub", pieces.node("Log", total), pieces.node("Div", weighted, total))


def _entropy_of_probabilities(pieces: Pieces, planes: list[str]) -> str:
    """- sum p log p: (N,1,h,w)."""
    smallest = pieces.constant(SMALLEST, np.float32)
    total = ""
    for plane in planes:
        product = pieces.node("Mul", plane, pieces.node("Log", pieces.node("Max", plane, smallest)))
        total = pieces.node("Add", total, product) if total else product
    return pieces.node("Neg", total)
