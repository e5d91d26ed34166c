"""How good a model is, and how sure that is (Wang et al. 2022, sections 3.3 and 4.2).

Two averages are in use, and they differ. On a test set T(i) the paper reports the mean of per-image mIoU; on a data set
such as T0 it reports the mIoU of the confusion summed over all images. Both come here with an interval by resampling
images, since thirty images with a standard deviation of 0.2 leave 0.07 to either side of their mean.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from madseg.core.confusion import mean_iou
from madseg.core.errors import InvalidInput

DRAWS = 2000
"""Resamples of an interval: its ends are then within about a hundredth of its width."""

LEVEL = 0.95
"""Confidence of the intervals."""

Confusions = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; all three in the unit of the figure. `images` is how many it stands on."""

    value: float
    low: float
    high: float
    images: int


def image_mious(confusions: Confusions) -> Floats:
    """(N,) float64 in [0, 1]: the mIoU of each image, over the classes that its truth or its prediction shows.

    `confusions` is (N, classes, classes), `[n, i, j]` being the pixels of truth i that were predicted as j.
    """
    _check(confusions)
    return np.array([mean_iou(matrix) for matrix in confusions])


def mean_of_images(confusions: Confusions, seed: int) -> Estimate:
    """The mean of per-image mIoU, with a bootstrap interval over the images: what is reported on T(i).

    A figure on T(i) is no accuracy of the model: T(i) was drawn from the images on which it was doubted.

    Raises:
        InvalidInput: there is no image.
    """
    return mean_estimate(image_mious(confusions), seed)


def of_data_set(confusions: Confusions, seed: int) -> Estimate:
    """The mIoU of the summed confusion, with a bootstrap interval over the images: what is reported on T0.

    Raises:
        InvalidInput: there is no image.
    """
    _check(confusions)
    draws = _resampled(len(confusions), seed)
    # A sum over resampled images is a sum over all of them, weighted by how often each was drawn.
    weights = np.stack([np.bincount(draw, minlength=len(confusions)) for draw in draws])
    sums = np.tensordot(weights, confusions, axes=1)
    return _estimate(mean_iou(confusions.sum(0)), np.array([mean_iou(total) for total in sums]), len(confusions))


def mean_estimate(values: Floats, seed: int) -> Estimate:
    """The mean of (N,) float64 values of images, with a bootstrap interval over the images.

    Raises:
        InvalidInput: there is no value.
    """
    if not len(values):
        raise InvalidInput("an average needs at least one image, got none")
    return _estimate(float(values.mean()), values[_resampled(len(values), seed)].mean(1), len(values))


def share_estimate(hits: int, images: int) -> Estimate:
    """A share of images with its score interval (Wilson 1927), which stays honest where all or none are hit.

    Resampling would leave no doubt there: it never draws what it hasn't seen.

    Raises:
        InvalidInput: there is no image.
    """
    if not images:
        raise InvalidInput("a share needs at least one image, got none")
    z, share = NormalDist().inv_cdf((1 + LEVEL) / 2), hits / images
    middle, scale = share + z * z / (2 * images), 1 + z * z / images
    spread = z * math.sqrt(share * (1 - share) / images + (z / (2 * images)) ** 2)
    low = (middle - spread) / scale if hits else 0.0
    high = (middle + spread) / scale if hits < images else 1.0
    return Estimate(share, low, high, images)


def risk_coverage(risks: Floats, discrepancies: Floats) -> Floats:
    """(N,) float64: the mean risk of the n images of least discrepancy, for n = 1..N.

    `risks` is 1 - true mIoU per image, [0, 1]. A discrepancy that tells failures apart gives a curve that rises; one
    that tells nothing gives a flat one. Images of equal discrepancy count as they stand.

    Raises:
        InvalidInput: the lengths differ.
    """
    if len(risks) != len(discrepancies):
        raise InvalidInput(f"one discrepancy a risk is needed, got {len(discrepancies)} for {len(risks)}")
    ordered = risks[np.argsort(discrepancies, kind="stable")]
    curve: Floats = np.cumsum(ordered) / np.arange(1, len(ordered) + 1)
    return curve


def _resampled(images: int, seed: int) -> NDArray[np.int64]:
    """(DRAWS, N) int64: which images each resample holds."""
    return np.random.default_rng(seed).integers(0, images, (DRAWS, images))


def _estimate(value: float, drawn: Floats, images: int) -> Estimate:
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(low), float(high), images)


def _check(confusions: Confusions) -> None:
    if confusions.ndim != 3 or confusions.shape[1] != confusions.shape[2] or not len(confusions):
        raise InvalidInput(f"confusions must be (images, classes, classes) with an image, got {confusions.shape}")
