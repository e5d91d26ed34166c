"""The served signature, which every network in the model repository has, and what it answers.

image    uint8    (N, H, W, 3)   RGB on the canonical grid
labels   uint8    (N, H, W)      classes of the taxonomy
entropy  float32  (N)            optional: mean over the pixels, nats
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from madseg.core.errors import InvalidInput, InvalidModel, MadsegError
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Answer

IMAGE, LABELS, ENTROPY = "image", "labels", "entropy"


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output as a graph declares it; dimensions that it leaves open are names or None."""

    name: str
    kind: str
    shape: Sequence[int | str | None]

    def __str__(self) -> str:
        return f"{self.name!r} {self.kind} [{', '.join('?' if dim is None else str(dim) for dim in self.shape)}]"


def check_signature(version: VersionRef, grid: Size, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
    """Outputs beside the two are nobody's business: they are never asked for.

    Raises:
        InvalidModel: something differs; the message says what.
    """
    if [tensor.name for tensor in inputs] != [IMAGE]:
        names = ", ".join(repr(tensor.name) for tensor in inputs) or "none"
        raise InvalidModel(f"{version} must have the one input {IMAGE!r}, it has {names}: wrap it with `model add`")
    _check(version, inputs[0], "uint8", (grid.height, grid.width, 3))
    named = {tensor.name: tensor for tensor in outputs}
    if LABELS not in named:
        names = ", ".join(repr(name) for name in named)
        raise InvalidModel(f"{version} must have an output {LABELS!r}, it has {names}: wrap it with `model add`")
    _check(version, named[LABELS], "uint8", (grid.height, grid.width))
    if ENTROPY in named:
        _check(version, named[ENTROPY], "float32", ())


def check_picture(version: VersionRef, grid: Size, picture: NDArray[np.uint8]) -> None:
    """Raises InvalidInput where the picture is not on the grid."""
    wanted = (grid.height, grid.width, 3)
    if picture.shape != wanted or picture.dtype != np.uint8:
        raise InvalidInput(f"{version} takes uint8 {wanted} pictures, got {picture.dtype} {picture.shape}")


def answer_of(version: VersionRef, grid: Size, outputs: Mapping[str, NDArray[np.generic]]) -> Answer:
    """The answer in the outputs for a batch of one picture.

    Raises:
        MadsegError: the network did not keep to what its graph declares.
    """
    labels = outputs[LABELS]
    if labels.shape != (1, grid.height, grid.width):
        raise MadsegError(f"{version} answered with labels of shape {labels.shape} on the grid {grid}")
    if ENTROPY not in outputs:
        return Answer(labels[0].astype(np.uint8, copy=False), None)
    entropy = float(outputs[ENTROPY].reshape(-1)[0])
    if not math.isfinite(entropy) or entropy < 0:
        raise MadsegError(f"{version} answered with a mean entropy of {entropy}: its scores are not finite")
    return Answer(labels[0].astype(np.uint8, copy=False), entropy)


def _check(version: VersionRef, tensor: Tensor, kind: str, tail: tuple[int, ...]) -> None:
    """The first dimension, the batch, may be 1 or open; the others must be as given."""
    batch_fits = len(tensor.shape) > 0 and (tensor.shape[0] == 1 or not isinstance(tensor.shape[0], int))
    if tensor.kind != kind or not batch_fits or tuple(tensor.shape[1:]) != tail:
        wanted = Tensor(tensor.name, kind, ("N", *tail))
        raise InvalidModel(f"{version} must have {wanted}, it has {tensor}")
