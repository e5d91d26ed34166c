"""A later version against an earlier one, on the same images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from madseg.client import Version
from madseg.client.values.rounds import Result, Standings, TestKind
from madseg.core.comparison import Comparison, compare_paired

SEED = 1
"""Of the swaps and resamples of the comparisons."""

RIGHT = 0.1
"""By how much mIoU an image must change to count as better or worse, and a version be ahead to be right on it."""


@dataclass(frozen=True)
class Change:
    """A later version against an earlier one on the same images: mIoU of each, [0, 1], and on how many images the later
    one is better or worse by more than RIGHT; `comparison` None where no image is compared with itself."""

    what: str
    images: int
    old: float
    new: float
    comparison: Comparison | None
    better: int
    worse: int


def change(what: str, old: Sequence[float], new: Sequence[float]) -> Change:
    """Two versions by their mIoU on the same images in the same order; there must be one."""
    before, after = np.array(old, np.float64), np.array(new, np.float64)
    ahead = after - before
    compared = compare_paired(before, after, SEED)
    better, worse = int((ahead > RIGHT).sum()), int((ahead < -RIGHT).sum())
    return Change(what, len(ahead), float(before.mean()), float(after.mean()), compared, better, worse)


def paired_change(what: str, results: Sequence[Result], old: Version, new: Version) -> Change | None:
    """The two on the images of a test set; None where they share none."""
    found = {version: {item.image_id: item.mean_iou for item in results if item.version == version}
             for version in (old, new)}  # fmt: skip
    ids = sorted(found[old].keys() & found[new].keys())
    if not ids:
        return None
    return change(what, *([found[version][name] for name in ids] for version in (old, new)))


def report_change(standings: Standings, old: Version, new: Version) -> Change | None:
    """The two on T0-report, mIoU of the whole set; None where a run hasn't said both."""
    places = [place for place, item in enumerate(standings.sets) if item.kind is TestKind.T0_REPORT]
    found = {item.version: item.figure for item in standings.standings if item.set in places}
    if old not in found or new not in found:
        return None
    return Change("T0-report", found[new].images, found[old].value, found[new].value, None, 0, 0)
