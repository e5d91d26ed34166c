"""The test set T and the counterexamples S, chosen from the candidates M (Wang et al. 2022, Algorithm 1, lines 13 ff).

T is reserved first, by a draw that doesn't look at the scores, so that it says something of the version that S makes.
S is cut from the rest: the lowest mean opinions. No image of one is near to an image of the other, or what is learnt
from S would have been seen on T. How near is no setting, whatever rankings take for near-duplicates: T would be drawn
anew in campaigns that are open.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from madseg.core.errors import InvalidInput, InvalidLabelMap
from madseg.core.label_map import LabelMap
from madseg.core.ranking import NEAR, Nearness
from madseg.core.taxonomy import VOID, Taxonomy


@dataclass(frozen=True, slots=True)
class Scored:
    """An image of M.

    `mean` in [1, 5] is its mean opinion, None without a grade; `complete` says whether it has all its grades.
    `mean_discrepancy` in [0, 1] is over its contests. `perceptual_hash` is 64 bits; an image without one is near to
    none. `main_class` is the label of its main foreground class, None where it has none.
    """

    image_id: str
    mean: float | None
    mean_discrepancy: float
    perceptual_hash: int | None = None
    main_class: int | None = None
    vetoed: bool = False
    complete: bool = True

    @property
    def order(self) -> tuple[float, float, str]:
        """The order of S: lowest mean first, ties by the larger mean discrepancy, then by image id."""
        return (float("inf") if self.mean is None else self.mean, -self.mean_discrepancy, self.image_id)


@dataclass(frozen=True, slots=True)
class Used:
    """An image that was trained on or tested before, with its perceptual hash."""

    image_id: str
    perceptual_hash: int | None = None


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many images T reserves, how many of them are reported, how many may share a main class; and the size of S.

    Raises:
        InvalidInput: one below 0, or more are reported than reserved.
    """

    reserved: int = 40
    reported: int = 30
    per_class: int = 4
    counterexamples: int = 100

    def __post_init__(self) -> None:
        if min(self.reserved, self.reported, self.per_class, self.counterexamples) < 0:
            raise InvalidInput(f"sizes of T and S must not be below 0, got {self}")
        if self.reported > self.reserved:
            raise InvalidInput(f"T reports at most the {self.reserved} images it reserves, got {self.reported}")


@dataclass(frozen=True, slots=True)
class Chosen:
    """T in the order of its draw, S lowest opinion first, and the rest in line behind S."""

    test: tuple[Scored, ...]
    counterexamples: tuple[Scored, ...]
    just_missed: tuple[Scored, ...]


def choose(
    images: Iterable[Scored], seed: int, used: Iterable[Used] = (), sizes: Sizes = Sizes(), near: int = NEAR
) -> Chosen:
    """Reserves T, then cuts S. `used` images and what is near to them (at most `near` bits) are in neither.

    Neither set depends on the order of `images` and `used`; T doesn't depend on means.
    """
    there = list(_fresh(images, used, near))
    test = draw_test(there, seed, sizes, near)
    firewall = Nearness(near)
    for item in test:
        firewall.take(item.image_id, item.perceptual_hash)
    reserved = {item.image_id for item in test}
    rest = [x for x in there if x.image_id not in reserved and firewall.find(x.perceptual_hash) is None]
    line = sorted((x for x in rest if x.mean is not None), key=lambda x: (not x.complete, x.order))
    full = sum(x.complete for x in line)
    cut = min(sizes.counterexamples, full)
    return Chosen(test, tuple(line[:cut]), tuple(line[cut:]))


def draw_test(images: Iterable[Scored], seed: int, sizes: Sizes = Sizes(), near: int = NEAR) -> tuple[Scored, ...]:
    """T: images in an order drawn by the seed, those left out that are vetoed, whose main class has its images
    already, or that are near to one drawn before. An image without a main class fills nobody's places.

    A veto takes its image out and lets later ones move up; it changes no place before it.
    """
    taken, classes = Nearness(near), Counter[int]()
    test: list[Scored] = []
    for item in sorted(images, key=lambda item: (_lot(seed, item.image_id), item.image_id)):
        if len(test) == sizes.reserved:
            break
        full = item.main_class is not None and classes[item.main_class] >= sizes.per_class
        if item.vetoed or full or taken.find(item.perceptual_hash) is not None:
            continue
        if item.main_class is not None:
            classes[item.main_class] += 1
        taken.take(item.image_id, item.perceptual_hash)
        test.append(item)
    return tuple(test)


def reported(test: Sequence[Scored], vetoed: Iterable[str] = (), sizes: Sizes = Sizes()) -> tuple[Scored, ...]:
    """The images of T that are reported: the first ones that weren't vetoed, before or after the draw."""
    out = set(vetoed)
    return tuple(x for x in test if not x.vetoed and x.image_id not in out)[: sizes.reported]


def main_class(maps: Sequence[LabelMap], taxonomy: Taxonomy) -> int | None:
    """The label of the ranked class with the most pixels in the majority of the maps; ties by the lower label.

    None where no pixel has one. Raises as `majority` does.
    """
    present = majority(maps).present
    ranked = [(present.get(label, 0), -label) for label in taxonomy.ranked]
    area, label = max(ranked, default=(0, 0))
    return -label if area else None


def majority(maps: Sequence[LabelMap]) -> LabelMap:
    """The map that gives each pixel the label most maps give it; ties by the lowest label.

    Void is no vote; a pixel that nobody labels is void. Costs the runs of all maps times the labels in them, no pixels.

    Raises:
        InvalidLabelMap: there is no map, or they aren't all of one size.
    """
    sizes = sorted({(item.height, item.width) for item in maps})
    if len(sizes) != 1:
        found = " and ".join(f"{height} x {width}" for height, width in sizes) or "none"
        raise InvalidLabelMap(f"a majority is of label maps of one size, got {found}")
    # Between two neighbouring ends no map changes its label.
    ends = np.unique(np.concatenate([item.ends for item in maps]))
    votes = np.stack([item.labels[np.searchsorted(item.ends, ends)] for item in maps])
    winners = _winners(votes)
    last = np.append(winners[1:] != winners[:-1], True)
    return LabelMap(*sizes[0], winners[last], ends[last])


def _winners(votes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(S,) labels with the most of (M, S) votes."""
    winners = np.full(votes.shape[1], VOID, np.uint8)
    most = np.zeros(votes.shape[1], np.int64)
    for label in np.unique(votes):
        given = (votes == label).sum(0) if label != VOID else np.zeros_like(most)
        winners[given > most] = label
        most = np.maximum(most, given)
    return winners


def _fresh(images: Iterable[Scored], used: Iterable[Used], near: int) -> Iterator[Scored]:
    """Images that aren't vetoed, used before or near to one that was."""
    before, taken = set(), Nearness(near)
    for past in used:
        before.add(past.image_id)
        taken.take(past.image_id, past.perceptual_hash)
    for item in images:
        if not item.vetoed and item.image_id not in before and taken.find(item.perceptual_hash) is None:
            yield item


def _lot(seed: int, image_id: str) -> int:
    """64 bits by which the image is drawn."""
    return int.from_bytes(hashlib.sha256(f"{seed}\0test\0{image_id}".encode()).digest()[:8], "big")
