"""What the served form must answer, computed in numpy around the unwrapped network.

Written against the card alone and apart from `wrap`, so that a mistake has to be made twice to go unseen.
Coordinates are float64; values float32.
"""

import numpy as np
import numpy.typing as npt

from madseg.core.errors import InvalidModel
from madseg.core.taxonomy import VOID, Taxonomy
from madseg.predictor.card import ModelCard
from madseg.predictor.running import Array

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


def prepare(image: Bytes, card: ModelCard, dtype: npt.DTypeLike) -> Array:
    """The network's input, batch of one, for a canonical image (H,W,3) uint8 RGB; `card` is complete."""
    spec = card.input
    size = spec.size or (image.shape[0], image.shape[1])
    if spec.resize == "nearest":
        pixels = nearest(image, size).astype(np.float64)
    else:
        pixels = bilinear(image.astype(np.float64).transpose(2, 0, 1), size).transpose(1, 2, 0)
    if spec.colour == "BGR":
        pixels = pixels[:, :, ::-1]
    if np.dtype(dtype) == np.uint8:
        pixels = np.floor(pixels + 0.501)  # a little over the half, on which bytes often land exactly
    else:
        scale = 1 / 255 if spec.scale is None else spec.scale
        pixels = (pixels * scale - np.array(spec.mean or (0, 0, 0))) / np.array(spec.std or (1, 1, 1))
    arranged = pixels if spec.layout == "NHWC" else pixels.transpose(2, 0, 1)
    return np.ascontiguousarray(arranged[None].astype(dtype))


def planes_of(answer: Array, card: ModelCard) -> Floats:
    """Logits or probabilities of one image as (C,h,w) float32."""
    values: Floats = answer[0].astype(np.float32)
    return values.transpose(2, 0, 1) if card.output.layout == "NHWC" else values


def labels_of_planes(planes: Floats, card: ModelCard, taxonomy: Taxonomy, grid: tuple[int, int]) -> Bytes:
    """(H,W) uint8 of the taxonomy."""
    large = bilinear(planes, grid, align_corners=card.output.align_corners)
    labels: Bytes = card.table(taxonomy)[np.argmax(large, axis=0)]
    return labels


def labels_of_labels(answer: Array, card: ModelCard, taxonomy: Taxonomy, grid: tuple[int, int]) -> Bytes:
    """(H,W) uint8 of the taxonomy from the label map of one image.

    Raises:
        InvalidModel: a label that is no whole number, or that the card has neither in `classes` nor in `void`.
    """
    small = answer[0]
    if small.ndim == 3:
        small = small[:, :, 0] if small.shape[2] == 1 and small.shape[0] != 1 else small[0]
    found = np.unique(small)
    if not np.all(np.isfinite(found)) or np.any(found != np.rint(found)):
        raise InvalidModel("the network's labels are not whole numbers: is its output logits? see card.output.kind")
    known = set(range(len(card.classes))) | set(card.void)
    strange = sorted(set(found.astype(np.int64).tolist()) - known)
    if strange:
        raise InvalidModel(
            f"the network answers label {strange[0]}, the card lists {len(card.classes)} classes "
            f"(0..{len(card.classes) - 1}): add the classes, or the label to card.void"
        )
    whole = small.astype(np.int64)
    inside = (whole >= 0) & (whole < VOID)
    return nearest(np.where(inside, card.table(taxonomy)[np.where(inside, whole, 0)], VOID).astype(np.uint8), grid)


def mean_entropy(planes: Floats, kind: str) -> float:
    """Mean over the pixels of (C,h,w) of the class distribution's entropy, in nats."""
    values = planes.astype(np.float64)
    if kind == "logits":
        values = np.exp(values - values.max(axis=0))
        values /= values.sum(axis=0)
    logarithms = np.log(values, out=np.zeros_like(values), where=values > 0)
    return float(-(values * logarithms).sum(axis=0).mean())


def bilinear(values: Array, size: tuple[int, int], *, align_corners: bool = False) -> Array:
    """The last two axes of (C,h,w) brought to `size`, pixel centres at half coordinates unless `align_corners`."""
    low, high, share = _neighbours(values.shape[1], size[0], align_corners)
    share = share.astype(values.dtype)[:, None]
    rows = values[:, low] * (1 - share) + values[:, high] * share
    low, high, share = _neighbours(values.shape[2], size[1], align_corners)
    share = share.astype(values.dtype)
    result: Array = rows[:, :, low] * (1 - share) + rows[:, :, high] * share
    return result


def nearest(values: Bytes, size: tuple[int, int]) -> Bytes:
    """The first two axes brought to `size`: the old pixel that the new pixel's centre lies in."""
    rows, columns = (
        np.floor((np.arange(new) + 0.5) * (old / new) + 1e-9).astype(np.intp)
        for old, new in zip(values.shape[:2], size, strict=True)
    )
    result: Bytes = values[rows][:, columns]
    return result


def _neighbours(
    old: int, new: int, align_corners: bool
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """For each new pixel the two old ones around it and the share of the second."""
    if align_corners:
        place = np.linspace(0, old - 1, new)
    else:
        place = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    low = np.floor(place).astype(np.intp)
    return low, np.minimum(low + 1, old - 1), place - low
