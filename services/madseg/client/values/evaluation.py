"""What versions are worth beyond Table 1: compared with each other, seen by their contests, and in competitions."""

from dataclasses import dataclass

from madseg.client.values.common import Version
from madseg.client.values.finetune import Figure
from madseg.client.values.rounds import PairedDifference, TestSet, TieGroup


@dataclass(frozen=True)
class VersionComparison:
    """Versions of one test set, every pair on the images that both have a map of.

    `ties` and `stability` are of those that have a map of every image: the rank correlation of their ranking by n
    images with that by all, n = 1, 2, ... (Fig. 7).
    """

    test_set: TestSet
    pairs: tuple[PairedDifference, ...]
    ties: tuple[TieGroup, ...]
    stability: tuple[float, ...]


@dataclass(frozen=True)
class CoveragePoint:
    """The mean of 1 - mIoU over the share `coverage` of the images, those of least discrepancy."""

    coverage: float
    risk: float


@dataclass(frozen=True)
class Failure:
    """An image that a version gets wrong: in how many rankings it is, and in how many it would be mined."""

    image_id: str
    mean_iou: float
    mean_discrepancy: float
    rankings: int
    top: int


@dataclass(frozen=True)
class Coverage:
    """How much of what a version gets wrong its contests see, on the `images` of a test set.

    Of `failures`, `unranked` are in no ranking of any contest: nothing tells that they may be wrong. `behind` are in
    some, but would not be mined. `correlation` is that of discrepancy and risk; None where it isn't defined.
    `unranked_share` is None without a failure. `worst` are the failures, worst first, at most 200.
    """

    test_set: TestSet
    version: Version
    images: int
    curve: tuple[CoveragePoint, ...]
    correlation: float | None
    failures: int
    unranked: int
    behind: int
    unranked_share: Figure | None
    worst: tuple[Failure, ...]


@dataclass(frozen=True)
class DuelClass:
    """A duel on the images that were chosen for one class: mean mIoU of each, and who is ahead by more than 0.1."""

    class_name: str
    images: int
    first: float
    second: float
    first_right: int
    second_right: int


@dataclass(frozen=True)
class Duel:
    """Two contestants on the images that their rankings chose, in both roles; `drawn` have an accepted mask.

    Without one there are no figures. `corrected` is the p-value of `gain` (second less first) by Holm's correction over
    all duels; `more_images` like these would tell the two apart, None where they don't differ at all.
    """

    first: Version
    second: Version
    images: int
    drawn: int
    first_figure: Figure | None
    second_figure: Figure | None
    gain: Figure | None
    corrected: float | None
    first_right: int
    second_right: int
    more_images: int | None
    classes: tuple[DuelClass, ...]


@dataclass(frozen=True)
class Strength:
    """How strong a contestant is; those of all sum to 1."""

    version: Version
    strength: float


@dataclass(frozen=True)
class Competition:
    """What came of a candidate set with contestants. `ranking` is strongest first, and empty while a pair has no image
    with a mask. `stability` is that of the ranking by the first n places, n = 1, 2, ..."""

    candidate_set_id: str
    contestants: tuple[Version, ...]
    images: int
    drawn: int
    vetoed: int
    duels: tuple[Duel, ...]
    ranking: tuple[Strength, ...]
    stability: tuple[float, ...]
