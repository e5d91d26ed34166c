"""Is the served form the network that its owner gave? Both run on real pixels, and must say the same.

What can't be seen here is whether the card is right about mean, std, colour order and class order: a wrong card makes
both sides wrong alike. Only pictures with ground truth show that.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from madseg.core.errors import InvalidModel
from madseg.core.taxonomy import VOID, Taxonomy
from madseg.predictor.card import ModelCard
from madseg.predictor.reference import Bytes, labels_of_labels, labels_of_planes, mean_entropy, planes_of, prepare
from madseg.predictor.running import Array, Network
from madseg.predictor.served import read_served
from madseg.predictor.source import load_source

LEAST_AGREEMENT = 0.999
"""Share of equal labels that the worst picture must reach: float32 sums in another order move a few border pixels."""

LARGEST_ENTROPY_ERROR = 1e-3
"""Nats."""


@dataclass(frozen=True)
class Report:
    """How the served form compares with the unwrapped network.

    `agreement` is the share of pixels with equal labels on the worst picture, in [0, 1]; `mean_agreement` over all
    pictures; `entropy_error` the largest difference of mean entropies in nats, None where there is no entropy;
    `classes` the names that were answered at all; `bare_ms` and `served_ms` medians per picture in milliseconds, the
    first without the work that the served form does beside the network.
    """

    images: int
    agreement: float
    mean_agreement: float
    entropy_error: float | None
    classes: tuple[str, ...]
    bare_ms: float
    served_ms: float
    warnings: tuple[str, ...] = ()

    def figures(self) -> dict[str, float]:
        """The numbers, as the model repository stores them."""
        figures = {"images": self.images, "agreement": self.agreement, "mean_agreement": self.mean_agreement}
        return figures if self.entropy_error is None else {**figures, "entropy_error": self.entropy_error}


@dataclass
class _Tally:
    """What is collected picture by picture."""

    agreements: list[float] = field(default_factory=list)
    entropy_errors: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    served: list[float] = field(default_factory=list)
    answers: list[Bytes] = field(default_factory=list)


def check(
    unwrapped_path: Path,
    served_bytes: bytes,
    card: ModelCard,
    taxonomy: Taxonomy,
    grid: tuple[int, int],
    images: Sequence[Bytes],
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> Report:
    """Run both forms on `images` and compare.

    Args:
        card: of the network; what it leaves out is taken from the served form.
        images: one or more (H,W,3) uint8 RGB on the canonical grid.
        clock: seconds, for the report's times.

    Raises:
        InvalidModel: labels or entropy differ too much, logits that aren't finite, probabilities given out for
            logits, labels outside the card; the message has the figures and the likely cause.
    """
    form = read_served(served_bytes)
    _check_images(images, grid)
    if replaced := _contradiction(card, form.card):
        raise InvalidModel(f"the served form was made with another card ({replaced}): wrap the network again")
    bare, served = Network(load_source(unwrapped_path).model.SerializeToString()), Network(served_bytes)
    tally = _Tally()
    for number, image in enumerate(images, 1):
        _compare(bare, served, form.card, taxonomy, image, f"picture {number}", tally, clock)
    if form.dynamic and len(images) > 1:
        _compare_batch(served, images, tally.answers)
    report = _report(tally, taxonomy)
    _judge(report)
    return report


def _compare(
    bare: Network,
    served: Network,
    card: ModelCard,
    taxonomy: Taxonomy,
    image: Bytes,
    name: str,
    tally: _Tally,
    clock: Callable[[], float],
) -> None:
    """One picture through both forms."""
    grid = (image.shape[0], image.shape[1])
    source, target = card.input.name or "", card.output.name or ""
    fed = prepare(image, card, _dtype(bare.inputs[source][0]))
    begun = clock()
    (answer,) = bare.run([target], {source: _filled(fed, bare.inputs[source][1])})
    between = clock()
    outputs = served.run(list(served.outputs), {"image": image[None]})
    ended = clock()
    actual = dict(zip(served.outputs, outputs, strict=True))
    if card.output.kind == "labels":
        expected = labels_of_labels(answer, card, taxonomy, grid)
    else:
        planes = planes_of(answer, card)
        _check_planes(planes, card, name)
        expected = labels_of_planes(planes, card, taxonomy, grid)
        error = abs(mean_entropy(planes, card.output.kind) - float(actual["entropy"][0]))
        tally.entropy_errors.append(error)
    tally.agreements.append(float(np.mean(expected == actual["labels"][0])))
    tally.bare.append(between - begun)
    tally.served.append(ended - between)
    tally.answers.append(actual["labels"][0])


def _compare_batch(served: Network, images: Sequence[Bytes], answers: Sequence[Bytes]) -> None:
    """Pictures asked for together must be answered as one by one: the server batches."""
    pair = [images[0], images[-1]]
    (labels,) = served.run(["labels"], {"image": np.stack(pair)})
    share = float(np.mean(labels == np.stack([answers[0], answers[-1]])))
    if share < LEAST_AGREEMENT:
        raise InvalidModel(
            f"two pictures in one batch get {share:.4%} of the labels they get alone: the network mixes the images "
            "of a batch; export it with batch 1"
        )


def _check_planes(planes: Array, card: ModelCard, name: str) -> None:
    finite = np.isfinite(planes)
    if not finite.all():
        raise InvalidModel(
            f"{1 - finite.mean():.2%} of the {card.output.kind} on {name} are not finite numbers: check scale, mean "
            "and std in the card, or whether the network overflows in half precision"
        )
    sums = bool(planes.min() >= -1e-5 and np.all(np.abs(planes.sum(axis=0) - 1) < 1e-3))
    if card.output.kind == "logits" and sums and len(planes) > 1:
        raise InvalidModel(
            f"the logits on {name} are probabilities (they add up to 1): say card.output.kind: probabilities, or the "
            "entropy is that of a softmax taken twice"
        )
    if card.output.kind == "probabilities" and not sums:
        raise InvalidModel(
            f"the probabilities on {name} don't add up to 1 (from {planes.min():.3g} to {planes.max():.3g}): "
            "say card.output.kind: logits"
        )


def _report(tally: _Tally, taxonomy: Taxonomy) -> Report:
    seen = [int(label) for label in np.unique(np.stack(tally.answers))]
    warnings = []
    if len(seen) == 1:
        only = "void" if seen[0] == VOID else repr(taxonomy.names[seen[0]])
        warnings.append(
            f"the network answers {only} for every pixel of all {len(tally.answers)} pictures: either they show "
            "nothing it knows, or the card is wrong about colour, scale, mean or std"
        )
    return Report(
        images=len(tally.answers),
        agreement=min(tally.agreements),
        mean_agreement=float(np.mean(tally.agreements)),
        entropy_error=max(tally.entropy_errors, default=None),
        classes=tuple(taxonomy.names[label] for label in seen if label != VOID),
        bare_ms=1e3 * median(tally.bare),
        served_ms=1e3 * median(tally.served),
        warnings=tuple(warnings),
    )


def _judge(report: Report) -> None:
    # Written so that a NaN fails.
    if not report.agreement >= LEAST_AGREEMENT:
        raise InvalidModel(
            f"on the worst of {report.images} pictures the served form gives {report.agreement:.4%} of the unwrapped "
            f"network's labels (mean {report.mean_agreement:.4%}; wanted {LEAST_AGREEMENT:.1%}): the network is not "
            "deterministic, computes in half precision, or its answer is too close to call between classes"
        )
    if report.entropy_error is not None and not report.entropy_error <= LARGEST_ENTROPY_ERROR:
        raise InvalidModel(
            f"the served entropy is off by {report.entropy_error:.4g} nats (allowed {LARGEST_ENTROPY_ERROR:g}): the "
            "network is not deterministic, or its logits are too large for float32"
        )


def _check_images(images: Sequence[Bytes], grid: tuple[int, int]) -> None:
    if not images:
        raise InvalidModel("a network is checked on at least one picture, got none")
    for image in images:
        if image.dtype != np.uint8 or image.shape != (*grid, 3):
            raise InvalidModel(
                f"pictures to check on must be uint8 {[*grid, 3]} (the canonical grid), got {image.dtype} "
                f"{list(image.shape)}"
            )


def _contradiction(given: ModelCard, completed: ModelCard) -> str:
    """The first thing that `given` says otherwise than `completed`; empty where it only says less."""
    for part in ("input", "output"):
        for key, value in vars(getattr(given, part)).items():
            if value is not None and value != getattr(getattr(completed, part), key):
                return f"{part}.{key}"
    for key in ("classes", "mapping", "void"):
        if getattr(given, key) != getattr(completed, key):
            return key
    return ""


def _dtype(kind: str) -> np.dtype[np.generic]:
    """`tensor(float16)` -> float16; ONNX Runtime calls float32 `float`, and float64 `double`."""
    name = kind.removeprefix("tensor(").removesuffix(")")
    return np.dtype({"float": "float32", "double": "float64"}.get(name, name))


def _filled(image: Array, shape: list[object]) -> Array:
    """The batch of one, repeated where the unwrapped network declares a longer fixed batch."""
    return np.repeat(image, shape[0], axis=0) if isinstance(shape[0], int) and shape[0] > 1 else image
