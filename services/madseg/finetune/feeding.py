"""Batches of pictures and labels: drawn by a seed, so that a run that is resumed sees what it would have seen.

Threads read and change the pictures of the next batches while the network learns from this one; what was read is kept
in memory as far as `CACHE_BYTES` go.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from madseg.core.taxonomy import VOID
from madseg.finetune.examples import LEARNED, Example, Part
from madseg.finetune.recipe import Recipe

AHEAD = 2
"""Batches that are made while one is learned from."""

READERS = min(8, os.cpu_count() or 1)
"""Threads that make them. Decoding and arithmetic leave the interpreter to others."""

CACHE_BYTES = 512 << 20
"""Of pictures and masks that are kept once they were read; the rest is read each time."""

Pixels = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""A picture, (H, W, 3) RGB, and its labels, (H, W), of the network's own classes."""


@dataclass(frozen=True)
class Batch:
    """(N, H, W, 3) uint8 pictures, (N, H, W) int64 labels of the network's own classes, and which are of S0."""

    pictures: torch.Tensor
    labels: torch.Tensor
    known: torch.Tensor


class Feeding:
    """The examples of a run that are learned from.

    `table` is (C,) uint8: the taxonomy's label of each class of the network. A class of the taxonomy that no class of
    the network stands for is void to it; where several stand for one, the first learns it.
    """

    def __init__(
        self, examples: Sequence[Example], recipe: Recipe, grid: tuple[int, int], classes: int, table: NDArray[np.uint8]
    ) -> None:
        self._examples = [item for item in examples if item.part in LEARNED]
        self._recipe, self._grid, self._classes = recipe, grid, classes
        self._to_network = _inverse(table)
        self._weights = self._weighed()
        self._kept: dict[int, Pixels] = {}
        self._most_kept = CACHE_BYTES // (4 * grid[0] * grid[1])

    def __len__(self) -> int:
        """Steps of an epoch."""
        return -(-len(self._examples) // self._recipe.batch)

    def epoch(self, seed: tuple[int, ...]) -> Iterator[Batch]:
        """The batches of one pass. The same seed gives the same batches."""
        order = self._order(np.random.default_rng(seed))
        pool = ThreadPoolExecutor(READERS, thread_name_prefix="feeding")
        waiting: deque[tuple[list[Future[Pixels]], list[int]]] = deque()
        try:
            for start in range(0, len(order), self._recipe.batch):
                chosen = order[start : start + self._recipe.batch]
                made = [pool.submit(self._made, index, (*seed, start + at)) for at, index in enumerate(chosen)]
                waiting.append((made, chosen))
                if len(waiting) > AHEAD:
                    yield self._batch(*waiting.popleft())
            while waiting:
                yield self._batch(*waiting.popleft())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _order(self, random: np.random.Generator) -> list[int]:
        count = len(self._examples)
        if self._weights is None:
            return [int(index) for index in random.permutation(count)]
        return [int(index) for index in random.choice(count, count, p=self._weights)]

    def _made(self, index: int, seed: tuple[int, ...]) -> Pixels:
        """An example as it is learned from this time."""
        return augmented(*self._read(index), self._recipe, np.random.default_rng(seed))

    def _read(self, index: int) -> Pixels:
        found = self._kept.get(index)
        if found is None:
            item = self._examples[index]
            truth = self._to_network[item.label_map(self._grid, self._classes).dense()]
            found = item.pixels(self._grid), truth
            if len(self._kept) < self._most_kept:
                self._kept[index] = found
        return found

    def _batch(self, made: Sequence[Future[Pixels]], chosen: Sequence[int]) -> Batch:
        pictures, labels = zip(*(item.result() for item in made), strict=True)
        return Batch(
            torch.from_numpy(np.stack(pictures)),
            torch.from_numpy(np.stack(labels).astype(np.int64)),
            torch.tensor([self._examples[index].part is Part.S0 for index in chosen]),
        )

    def _weighed(self) -> NDArray[np.float64] | None:
        """How likely each example is drawn; None: each once."""
        recipe, count = self._recipe, len(self._examples)
        ours = np.array([item.part is Part.S for item in self._examples])
        mixed = 0 < recipe.counterexample_share < 1 and 0 < ours.sum() < count
        if not mixed and not recipe.class_balance:
            return None
        weights = np.ones(count)
        if recipe.class_balance:
            weights *= self._rarity() ** recipe.class_balance
        for group, share in ((ours, recipe.counterexample_share), (~ours, 1 - recipe.counterexample_share)):
            if mixed:
                weights[group] *= share / weights[group].sum()
        found: NDArray[np.float64] = weights / weights.sum()
        return found

    def _rarity(self) -> NDArray[np.float64]:
        """Per example, how rare the rarest class it shows is: one over the share of examples that show it."""
        shown = np.zeros((len(self._examples), self._classes), bool)
        for row, item in zip(shown, self._examples, strict=True):
            present = [label for label in item.label_map(self._grid, self._classes).present if label < self._classes]
            row[present] = True
        frequency = np.maximum(shown.mean(0), 1 / len(shown))
        found: NDArray[np.float64] = np.where(shown, 1 / frequency, 1.0).max(1)
        return found


def augmented(
    picture: NDArray[np.uint8], labels: NDArray[np.uint8], recipe: Recipe, random: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A picture and its labels, turned, zoomed into and recoloured as the recipe allows; sizes stay."""
    if recipe.flip and random.random() < 0.5:
        picture, labels = picture[:, ::-1], labels[:, ::-1]
    if recipe.scale < 1:
        picture, labels = _zoomed(picture, labels, random.uniform(recipe.scale, 1), random)
    if recipe.colour:
        picture = _recoloured(picture, recipe.colour, random)
    return np.ascontiguousarray(picture), np.ascontiguousarray(labels)


def _zoomed(
    picture: NDArray[np.uint8], labels: NDArray[np.uint8], share: float, random: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A random part of `share` of each side, brought back to the size by nearest pixels."""
    rows, columns = (
        random.integers(0, side - round(side * share) + 1) + (np.arange(side) * round(side * share)) // side
        for side in labels.shape
    )
    seen: NDArray[np.uint8] = picture[rows[:, None], columns]
    return seen, labels[rows[:, None], columns]


def _recoloured(picture: NDArray[np.uint8], most: float, random: np.random.Generator) -> NDArray[np.uint8]:
    brightness, contrast, saturation = 1 + random.uniform(-most, most, 3)
    seen = picture.astype(np.float32) * np.float32(brightness)
    seen = (seen - seen.mean()) * np.float32(contrast) + seen.mean()
    grey = seen.mean(2, keepdims=True)
    found: NDArray[np.uint8] = np.clip(grey + (seen - grey) * np.float32(saturation), 0, 255).astype(np.uint8)
    return found


def _inverse(table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(256,) uint8: the network's class of each label of the taxonomy, 255 for none."""
    found = np.full(256, VOID, np.uint8)
    for number in range(len(table) - 1, -1, -1):
        if table[number] != VOID:
            found[table[number]] = number
    return found
