"""Simulated annotators: the truth by an unsteady hand that now and then forgets something small, or misnames it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from madseg.core.taxonomy import VOID
from madseg.simulation.people.chance import chance, spell_ms
from madseg.simulation.people.objects import Components, Labels, Mask, Place, components
from madseg.simulation.people.perception import WORLDLY, Eye
from madseg.simulation.taxonomy import TAXONOMY

SECONDS = 135.0
"""Mean time of a mask (Wang et al. 2022, section 4.3)."""

MENDING_SECONDS = 15.0
"""Mean time of mending one finding."""

SMALL = 0.01
"""Share of the picture below which an object may be forgotten."""

TREMOR = 8
"""Pixels over which the hand's error changes."""


@dataclass(frozen=True)
class Annotator:
    """Somebody who draws masks.

    `wobble` is the standard deviation of the outline's error in pixels, `forgets` the share of small objects that are
    left out, `confuses` the share of objects that get another of `labels`.
    """

    name: str
    wobble: float = 0.5
    forgets: float = 0.06
    confuses: float = 0.02
    seed: int = 0
    labels: tuple[int, ...] = TAXONOMY.ranked
    eye: Eye = WORLDLY

    def draw(self, image_id: str, truth: Labels) -> Labels:
        """The mask of a picture whose truth is (H, W) uint8, and of the same size."""
        rng = chance(self.seed, "annotator", self.name, image_id)
        return _shaken(self._remembered(rng, truth), rng, self.wobble)

    def drawing_ms(self, image_id: str) -> int:
        """How long that takes."""
        return spell_ms(chance(self.seed, "drawing", self.name, image_id), SECONDS)

    def mend(self, truth: Labels, mask: Labels, places: Iterable[Place]) -> Labels:
        """The mask after a second, closer look at what is wrong around each of the places."""
        mended = mask.copy()
        wrong = components(mask != truth)
        for place in places:
            region = _region(wrong, place)
            mended[region] = truth[region]
        return mended

    def mending_ms(self, image_id: str, findings: int) -> int:
        """How long it takes to mend so many findings."""
        return spell_ms(chance(self.seed, "mending", self.name, image_id, findings), MENDING_SECONDS * max(1, findings))

    def _remembered(self, rng: Generator, truth: Labels) -> Labels:
        """The truth without what is forgotten, and with what is confused."""
        found, drawn = components(truth), truth.copy()
        for number in found.objects(self.eye.background | {VOID}, 1):
            small = found.areas[number] < SMALL * truth.size
            forgotten, confused = rng.random(2) < (self.forgets, self.confuses)
            mask = found.mask(number) if (small and forgotten) or confused else None
            if mask is not None:
                drawn[mask] = _around(truth, mask) if small and forgotten else self._other(rng, found.labels[number])
        return drawn

    def _other(self, rng: Generator, label: int) -> int:
        return int(rng.choice([item for item in self.labels if item != label]))


def _around(truth: Labels, mask: Mask) -> int:
    """The commonest label beside a mask: what is drawn where something was forgotten."""
    inside = np.pad(mask, 1)
    beside = (inside[:-2, 1:-1] | inside[2:, 1:-1] | inside[1:-1, :-2] | inside[1:-1, 2:]) & ~mask & (truth != VOID)
    return int(np.bincount(truth[beside], minlength=1).argmax())


def _region(wrong: Components, place: Place) -> Mask:
    """The differing region that has the place in it or comes nearest to it; nothing where nothing differs."""
    rows, columns = np.nonzero(wrong.labels[wrong.numbers])
    if not len(rows):
        return np.zeros(wrong.numbers.shape, bool)
    nearest = np.argmin((rows - place.row) ** 2 + (columns - place.column) ** 2)
    return wrong.mask(int(wrong.numbers[rows[nearest], columns[nearest]]))


def _shaken(labels: Labels, rng: Generator, wobble: float) -> Labels:
    """The labels looked up from nearby places: outlines move smoothly by about `wobble` pixels."""
    height, width = labels.shape
    rows, columns = np.mgrid[:height, :width]
    down, right = (_smooth(rng, height, width) * wobble for _ in range(2))
    from_row = np.clip(np.rint(rows + down), 0, height - 1).astype(np.intp)
    from_column = np.clip(np.rint(columns + right), 0, width - 1).astype(np.intp)
    shaken: Labels = labels[from_row, from_column]
    return shaken


def _smooth(rng: Generator, height: int, width: int) -> NDArray[np.float64]:
    """(height, width) noise of standard deviation 1 at points `TREMOR` apart, interpolated between them."""
    down, across = _between(height), _between(width)
    smooth: NDArray[np.float64] = down @ rng.normal(size=(down.shape[1], across.shape[1])) @ across.T
    return smooth


def _between(length: int) -> NDArray[np.float64]:
    """(length, points): how much each of the points counts at each of the pixels."""
    at = np.arange(length) / TREMOR
    points = np.arange(int(at[-1]) + 2)
    weights: NDArray[np.float64] = np.maximum(0.0, 1.0 - np.abs(at[:, None] - points[None, :]))
    return weights
