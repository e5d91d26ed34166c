"""Trains one network on scenes of the training domain, from top to bottom. No wild image is ever rendered here."""

import sys
import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, interpolate

from madseg.core.taxonomy import VOID
from madseg.simulation.augment import Augment, Batch, flipped, moved, obstructed, recoloured
from madseg.simulation.networks import NETWORKS
from madseg.simulation.paint import Labels
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.world import WORLD, World, render

MEAN, STD = 0.5, 0.25
"""Of the networks' input, on a scale of 0 to 1, for each channel alike."""

TRAINING_SEED = 1
HELD_OUT_SEED = 2
"""Seeds of `render`: the scenes the networks learn, and those of the same domain that they are judged on."""


@dataclass(frozen=True)
class Course:
    """How a network is trained: the scenes `first` to `first + scenes`, passes over them, the greatest step size."""

    augment: Augment
    first: int
    scenes: int = 3000
    epochs: int = 3
    rate: float = 6e-3
    batch: int = 8


COURSES = {
    "unet": Course(flipped, first=0),
    "dilated": Course(recoloured, first=2000, epochs=5),
    "overview": Course(moved, first=4000, epochs=4),
    "pyramid": Course(obstructed, first=6000),
}
"""The four courses share at most a third of their scenes with each other."""


def scenes(seed: int, first: int, count: int, world: World = WORLD) -> tuple[Labels, Labels]:
    """Images (count, 128, 128, 3) and truth (count, 128, 128), uint8, of the training domain."""
    drawn = [render(seed, index, world=world) for index in range(first, first + count)]
    return np.stack([scene.image for scene in drawn]), np.stack([scene.truth for scene in drawn])


def normalised(images: Labels) -> torch.Tensor:
    """(N, 128, 128, 3) uint8 as the networks want it: (N, 3, 128, 128) float32."""
    return (_unit(images) - MEAN) / STD


def _unit(images: Labels) -> torch.Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255.0


def full_size(logits: torch.Tensor) -> torch.Tensor:
    """Logits on the canonical grid."""
    if logits.shape[-1] == 128:
        return logits
    return interpolate(logits, size=(128, 128), mode="bilinear", align_corners=False)


def class_weights(truth: Labels) -> torch.Tensor:
    """(13,) float32: rarer classes weigh more, by the fourth root of their share, or the tail would be ignored."""
    pixels = np.bincount(truth.ravel(), minlength=256)[: len(TAXONOMY)].astype(np.float64)
    weights = np.clip(pixels / pixels.sum(), 1e-4, 1.0) ** -0.25
    return torch.from_numpy((weights / weights.mean()).astype(np.float32))


def criterion(logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Cross-entropy off void."""
    return cross_entropy(full_size(logits), labels, weights, ignore_index=VOID)


def train(name: str, world: World = WORLD, seed: int = 0, course: Course | None = None) -> torch.nn.Module:
    """The network called `name`, trained on its course; the same seed gives the same network on one machine.

    `course` is another one than the usual.
    """
    course = course or COURSES[name]
    torch.manual_seed(seed)
    chance = torch.Generator().manual_seed(seed)
    images, truth = scenes(TRAINING_SEED, course.first, course.scenes, world)
    network = NETWORKS[name]().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), course.rate, weight_decay=1e-3)
    steps = course.epochs * (course.scenes // course.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, course.rate, total_steps=steps, pct_start=0.2)
    weights = class_weights(truth)
    for epoch in range(course.epochs):
        began = time.perf_counter()
        loss = train_one_epoch(network, optimiser, schedule, (images, truth), course, weights, chance)
        spent = time.perf_counter() - began
        print(f"{name}: epoch {epoch + 1}/{course.epochs}, loss {loss:.3f}, {spent:.0f} s", file=sys.stderr, flush=True)
    return network.eval()


def train_one_epoch(
    network: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    data: tuple[Labels, Labels],
    course: Course,
    weights: torch.Tensor,
    chance: torch.Generator,
) -> float:
    """One pass in random order; the mean loss."""
    network.train()
    images, truth = data
    order = torch.randperm(len(images), generator=chance).numpy()
    losses = []
    for start in range(0, len(order) - course.batch + 1, course.batch):
        seen, labels = _batch(images, truth, order[start : start + course.batch], course, chance)
        optimiser.zero_grad()
        loss = criterion(network(seen), labels, weights)
        loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
    return float(np.mean(losses))


def _batch(images: Labels, truth: Labels, rows: NDArray[np.int64], course: Course, chance: torch.Generator) -> Batch:
    labels = torch.from_numpy(truth[rows].astype(np.int64))
    seen, labels = course.augment(_unit(images[rows]), labels, chance)
    return ((seen - MEAN) / STD).contiguous(memory_format=torch.channels_last), labels
