"""How wrong a label map looks to a person who sees the picture.

People see things: one that is missing, one that isn't there, one with the wrong name, an outline that is off. They
weigh them by size and by how striking they are, and don't see specks at all. This is deliberately not a measure over
pixels and classes such as mIoU: a stray speck of a rare class, which halves that, changes nothing here.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from madseg.core.taxonomy import VOID
from madseg.simulation.people.objects import Components, Labels, Mask, Place, components, middle, rim
from madseg.simulation.taxonomy import BALLOON, BIRD, BOAT, BUS, CAR, DOG, PERSON, SIGN

BEST, WORST = 5.0, 1.0
"""The ends of the scale: nothing worth correcting; nothing to do with the picture."""

FORGIVEN = 2.0
"""Pixels of thickness of an outline's error that nobody minds."""

PART = 0.06
"""Thickness, as a share of the picture's side, from which an error of outline is as bad as a missing part."""

STEEPNESS = 0.7
"""Exponent of the share of what is wrong: below 1, since the first faults weigh most."""

RAGGED = 1.0
"""Grades lost where outlines are off by `PART` all around."""


@dataclass(frozen=True)
class Eye:
    """What somebody sees. `background` are labels that are no thing; `striking` says how much more than one of equal
    size a thing of a label catches the eye (1 where it isn't named); `speck` is the share of the picture below which
    nothing is seen."""

    background: frozenset[int] = frozenset({0})
    striking: Mapping[int, float] = field(default_factory=dict)
    speck: float = 0.001

    def weight(self, label: int, share: float) -> float:
        """How much a thing that takes this share of the picture counts: by its diameter rather than its area."""
        return math.sqrt(share) * self.striking.get(label, 1.0)


WORLDLY = Eye(striking={CAR: 2.0, PERSON: 2.5, SIGN: 1.5, BIRD: 1.5, BUS: 2.0, DOG: 2.5, BOAT: 2.0, BALLOON: 2.0})
"""The eye for the generated world: things before scenery."""


class FaultKind(StrEnum):
    """What is wrong."""

    MISSING = "missing"
    EXTRA = "extra"
    WRONG_CLASS = "wrong_class"
    BOUNDARY = "boundary"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: its kind, the label of the thing, a pixel of it, its pixels, and how much it counts."""

    kind: FaultKind
    label: int
    place: Place
    area: int
    weight: float


def quality(truth: Labels, shown: Labels, eye: Eye = WORLDLY) -> float:
    """The quality in [1, 5] that the label map `shown` has to a person who sees the picture, both (H, W) uint8.

    Void pixels of the truth are nobody's business. Costs about a millisecond on 128 x 128 pixels.
    """
    look = _Look(truth, shown, eye)
    found = list(look.faults())
    extra = sum(fault.weight for fault in found if fault.kind is FaultKind.EXTRA)
    there = look.weight_of_truth() + extra
    wrong = min(1.0, sum(fault.weight for fault in found) / there) if there else 0.0
    return float(max(WORST, BEST - (BEST - WORST) * wrong**STEEPNESS - RAGGED * look.raggedness()))


def faults(truth: Labels, shown: Labels, eye: Eye = WORLDLY) -> list[Fault]:
    """Everything that a person with all the time in the world would find wrong, what counts most first."""
    return sorted(_Look(truth, shown, eye).faults(), key=lambda fault: (-fault.weight, fault.place))


def shows_nothing(truth: Labels, eye: Eye = WORLDLY) -> bool:
    """Whether a picture has none of the classes in it, so that it is out of domain."""
    return set(np.unique(truth).tolist()) <= {*eye.background, VOID}


class _Look:
    """One look at a label map. `_seen` is the map as it is seen: void where the truth is, and without specks."""

    def __init__(self, truth: Labels, shown: Labels, eye: Eye) -> None:
        self._truth, self._eye = truth, eye
        self._smallest = max(1.0, eye.speck * truth.size)
        self._skipped = eye.background | {VOID}
        self._seen = _without_specks(truth, shown, self._smallest)
        self._explained = np.zeros(truth.shape, bool)
        self._objects = components(truth)

    def weight_of_truth(self) -> float:
        """What all objects of the picture count."""
        return sum(self._weight(label, area) for label, area in self._sizes())

    def faults(self) -> Iterator[Fault]:
        """Objects first, then what they don't explain."""
        yield from self._lost()
        yield from self._invented()
        yield from self._outlines()

    def raggedness(self) -> float:
        """Mean distance of the outlines seen from the true ones, [0, 1] of `PART`; to be asked after `faults`."""
        off = int(((self._seen != self._truth) & ~self._explained).sum())
        length = sum(int(rim(self._objects.mask(number)).sum()) for number in self._visible(self._objects))
        return min(1.0, off / length / self._part) if length else 0.0

    @property
    def _part(self) -> float:
        return PART * float(max(self._truth.shape))

    def _visible(self, found: Components) -> Iterator[int]:
        return found.objects(self._skipped, self._smallest)

    def _sizes(self) -> Iterator[tuple[int, int]]:
        for number in self._visible(self._objects):
            yield int(self._objects.labels[number]), int(self._objects.areas[number])

    def _weight(self, label: int, area: int) -> float:
        return self._eye.weight(label, area / self._truth.size)

    def _lost(self) -> Iterator[Fault]:
        """Objects of the picture of which less than half is seen as what it is."""
        for number in self._visible(self._objects):
            mask, label = self._objects.mask(number), int(self._objects.labels[number])
            wrong = mask & (self._seen != label)
            if 2 * wrong.sum() <= mask.sum():
                continue
            kind = FaultKind.MISSING if self._is_background(self._seen, wrong) else FaultKind.WRONG_CLASS
            yield self._fault(kind, label, wrong, self._weight(label, int(mask.sum())))

    def _invented(self) -> Iterator[Fault]:
        """Objects seen that aren't there, or parts of others under a wrong name."""
        found = components(self._seen)
        for number in self._visible(found):
            mask, label = found.mask(number), int(found.labels[number])
            wrong = mask & (self._truth != label) & ~self._explained
            if 2 * wrong.sum() <= mask.sum():
                continue
            kind = FaultKind.EXTRA if self._is_background(self._truth, wrong) else FaultKind.WRONG_CLASS
            yield self._fault(kind, label, wrong, self._weight(label, int(wrong.sum())))

    def _outlines(self) -> Iterator[Fault]:
        """What is left: outlines that are off, up to whole parts of objects."""
        left = (self._seen != self._truth) & ~self._explained
        rest, edge = components(left), rim(left)
        for number in rest.objects(frozenset({0}), self._smallest):
            mask = rest.mask(number)
            thickness = 2 * mask.sum() / (mask & edge).sum()
            severity = min(1.0, max(0.0, (thickness - FORGIVEN) / self._part))
            label = self._thing(mask)
            place, area = middle(mask), int(mask.sum())
            yield Fault(FaultKind.BOUNDARY, label, place, area, float(severity) * self._weight(label, area))

    def _fault(self, kind: FaultKind, label: int, wrong: Mask, weight: float) -> Fault:
        self._explained |= wrong
        return Fault(kind, label, middle(wrong), int(wrong.sum()), weight)

    def _is_background(self, labels: Labels, where: Mask) -> bool:
        return bool(2 * np.isin(labels[where], list(self._skipped)).sum() >= where.sum())

    def _thing(self, where: Mask) -> int:
        """The commonest label that is a thing in either map."""
        counts = np.bincount(np.concatenate([self._truth[where], self._seen[where]]), minlength=256)
        counts[list(self._skipped)] = 0
        return int(counts.argmax())


def _without_specks(truth: Labels, shown: Labels, smallest: float) -> Labels:
    """`shown` with each difference from the truth that is too small to be seen, or lies in void, taken out."""
    differs = (shown != truth) & (truth != VOID)
    found = components(differs)
    seen = differs & (found.areas >= smallest)[found.numbers]
    return np.where(seen, shown, truth)
