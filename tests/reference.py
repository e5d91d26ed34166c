"""The competition, dense and in batch: plain numpy over pixels and whole lists, sharing no code with the product.

It is slow and obvious on purpose: what the selector keeps up to date must equal what this computes from scratch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

VOID = 255
Dense = NDArray[np.uint8]


@dataclass
class Image:
    """One image: its dense label maps by model (absent: failed or never predicted), hash and lane."""

    image_id: str
    maps: Mapping[str, Dense]
    perceptual_hash: int | None = None
    random_lane: bool = False


@dataclass
class Rules:
    """What decides the rankings."""

    classes: int
    ranked: Sequence[int]
    bounds: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    covers: Mapping[str, set[int]] = field(default_factory=dict)
    min_class_share: float = 0.0
    excluded: set[str] = field(default_factory=set)


def discrepancy(first: Dense, second: Dense, classes: int, min_class_share: float = 0.0) -> float:
    """1 - mIoU over the classes in either map, void in either map left out."""
    valid = (first < classes) & (second < classes)
    total, present = 0.0, 0
    for k in range(classes):
        in_first, in_second = (first == k) & valid, (second == k) & valid
        union = int((in_first | in_second).sum())
        if union > 0 and union >= min_class_share * first.size:
            total += int((in_first & in_second).sum()) / union
            present += 1
    return 1.0 - (total / present if present else 1.0)


def ranking(
    images: Sequence[Image], rules: Rules, target: str, competitor: str, defender: str, label: int
) -> list[tuple[float, str]]:
    """(discrepancy, image id), most discrepant first, ties by id."""
    known = rules.covers.get(target, set(range(rules.classes))) & rules.covers.get(
        competitor, set(range(rules.classes))
    )
    low, high = rules.bounds.get(label, (0.0, 1.0))
    rows = []
    for image in images:
        if image.random_lane or image.image_id in rules.excluded or not {target, competitor} <= set(image.maps):
            continue
        first, second = (
            np.where(np.isin(image.maps[name], sorted(known)), image.maps[name], VOID) for name in (target, competitor)
        )
        share = float(((first if defender == "target" else second) == label).sum() / first.size)
        if share > 0 and low <= share <= high:
            rows.append((discrepancy(first, second, rules.classes, rules.min_class_share), image.image_id))
    return sorted(rows, key=lambda row: (-row[0], row[1]))


def candidates(
    images: Sequence[Image], rules: Rules, target: str, competitors: Sequence[str], per_ranking: int, near: int
) -> dict[str, set[tuple[str, str, int]]]:
    """M: image id to the rankings (competitor, defender, label) that chose it, near-duplicates left out."""
    hashes = {image.image_id: image.perceptual_hash for image in images}
    entries = [
        (-d, image_id, (competitor, defender, label))
        for competitor in competitors
        for defender in ("target", "competitor")
        for label in rules.ranked
        for d, image_id in ranking(images, rules, target, competitor, defender, label)
    ]
    # competitors ascending, the competitor's side before the target's: the order of the product's ranking keys
    entries.sort(key=lambda entry: (entry[0], entry[1], entry[2]))
    chosen: dict[str, set[tuple[str, str, int]]] = {}
    behind: set[str] = set()
    taken: dict[tuple[str, str, int], int] = {}
    for _, image_id, key in entries:
        if taken.get(key, 0) >= per_ranking or image_id in behind:
            continue
        if image_id not in chosen:
            if any(_near(hashes[image_id], hashes[other], near) for other in chosen):
                behind.add(image_id)
                continue
            chosen[image_id] = set()
        chosen[image_id].add(key)
        taken[key] = taken.get(key, 0) + 1
    return chosen


def _near(first: int | None, second: int | None, bits: int) -> bool:
    return first is not None and second is not None and (first ^ second).bit_count() <= bits
