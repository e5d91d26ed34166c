"""How good the networks are, in the training domain and in each failure mode of the wild."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from madseg.core.confusion import class_iou, confusion, mean_iou
from madseg.core.label_map import from_dense
from madseg.simulation.modes import RENDER
from madseg.simulation.paint import Labels
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.train import HELD_OUT_SEED, full_size, normalised
from madseg.simulation.world import TRAINING, WORLD, World, render

MARGIN = 0.2
"""By how much mIoU a competitor must beat the target for a mode to be worth mining there."""

Floats = NDArray[np.float64]
Predict = Callable[[Labels], tuple[Labels, Floats]]
"""Images (N, 128, 128, 3) uint8 to label maps (N, 128, 128) uint8 and mean entropies (N,) in nats."""


@dataclass(frozen=True)
class ModeReport:
    """One mode: mean of per-image mIoU by network, the target's mean entropy in nats, shares in [0, 1].

    `beaten` is the share of images on which some competitor beats the target by MARGIN; `apart` the mean over
    competitors of their discrepancy from the target, which is all that a mining run can see.
    """

    mode: str
    miou: dict[str, float]
    entropy: float
    beaten: float
    apart: float


def predictor_of(network: torch.nn.Module) -> Predict:
    """A torch network as a function from images to label maps and entropies."""

    def predict(images: Labels) -> tuple[Labels, Floats]:
        maps, entropies = [], []
        with torch.no_grad():
            for start in range(0, len(images), 16):
                logits = full_size(network(normalised(images[start : start + 16])))
                log = torch.log_softmax(logits, 1)
                entropies.append(-(log.exp() * log).sum(1).mean((1, 2)).double().numpy())
                maps.append(logits.argmax(1).byte().numpy())
        return np.concatenate(maps), np.concatenate(entropies)

    return predict


def compared(first: Labels, second: Labels) -> NDArray[np.int64]:
    """(13, 13) int64 confusion of two dense label maps; void in either is left out."""
    return confusion(from_dense(first), from_dense(second), len(TAXONOMY))


def evaluate_domain(predict: Predict, count: int = 300, world: World = WORLD) -> tuple[float, Floats]:
    """mIoU over all pixels of `count` held-out training-domain scenes, and the IoU of each class."""
    drawn = [render(HELD_OUT_SEED, index, world=world) for index in range(count)]
    maps, _ = predict(np.stack([scene.image for scene in drawn]))
    total = sum(compared(s.truth, m) for s, m in zip(drawn, maps, strict=True))
    iou = class_iou(np.asarray(total))
    return float(np.nanmean(iou)), iou


def evaluate_mode(
    mode: str, networks: Mapping[str, Predict], target: str, count: int = 100, world: World = WORLD
) -> ModeReport:
    """What happens to the networks in one mode, over `count` fresh images of it."""
    drawn = [render(HELD_OUT_SEED, index, mode, world) for index in range(count)]
    images = np.stack([scene.image for scene in drawn])
    said = {name: predict(images) for name, predict in networks.items()}
    good = {
        name: np.array([mean_iou(compared(s.truth, m)) for s, m in zip(drawn, maps, strict=True)])
        for name, (maps, _) in said.items()
    }
    rivals = [name for name in networks if name != target]
    beaten = np.max([good[name] for name in rivals], axis=0) >= good[target] + MARGIN
    ours = said[target][0]
    apart = [1 - mean_iou(compared(a, b)) for name in rivals for a, b in zip(ours, said[name][0], strict=True)]
    means = {name: float(values.mean()) for name, values in good.items()}
    return ModeReport(mode, means, float(said[target][1].mean()), float(beaten.mean()), float(np.mean(apart)))


def evaluate_modes(
    networks: Mapping[str, Predict], target: str, count: int = 100, world: World = WORLD
) -> list[ModeReport]:
    """A report per mode, the training domain first."""
    return [evaluate_mode(mode, networks, target, count, world) for mode in RENDER]


def domain_table(domain: Mapping[str, tuple[float, Floats]]) -> str:
    """The networks on held-out scenes of the training domain, as a Markdown table."""
    head = "| network | mIoU | " + " | ".join(TAXONOMY.names) + " |"
    lines = [head, "|" + "---|" * (len(TAXONOMY) + 2)]
    for name, (mean, iou) in domain.items():
        lines.append(f"| {name} | {mean:.3f} | " + " | ".join(f"{value:.2f}" for value in iou) + " |")
    return "\n".join(lines)


def mode_table(reports: list[ModeReport], world: World = WORLD) -> str:
    """What happens in each mode, as a Markdown table."""
    names = list(reports[0].miou)
    rates = dict(world.rates)
    rates[TRAINING] = 1.0 - sum(rates.values())
    head = "| mode | rate | " + " | ".join(names) + " | beaten by 0.2 | apart | entropy |"
    lines = [head, "|" + "---|" * (len(names) + 5)]
    for r in reports:
        scores = " | ".join(f"{r.miou[name]:.3f}" for name in names)
        rest = f"{r.beaten:.0%} | {r.apart:.3f} | {r.entropy:.3f}"
        lines.append(f"| {r.mode} | {rates[r.mode]:.1%} | {scores} | {rest} |")
    return "\n".join(lines)
