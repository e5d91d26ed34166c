"""Candidate sets: cuts of M."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from madseg.client.values.common import Contest, Version
from madseg.client.values.rankings import RankingKey


class CutStrategy(StrEnum):
    """By what the images of a cut are put in order: how much versions disagree, how unsure the target is, or by lot."""

    UNKNOWN = "unknown"
    DISCREPANCY = "discrepancy"
    ENTROPY = "entropy"
    RANDOM = "random"


@dataclass(frozen=True)
class CandidateSet:
    """A cut of M: `size` distinct images, at most `per_ranking` of each ranking.

    `contests` are as they stood, `offsets` are (partition, next offset) of the predictions it stands on. A set by
    entropy or by lot has no `per_ranking`; `grouped`: it went through the rankings' subgroups; `seed` decided the lots.
    `contestants` competed with each other, in place of contests of a target.
    """

    id: str
    cut_at: datetime | None
    per_ranking: int
    size: int
    criteria_id: str
    contests: tuple[Contest, ...]
    offsets: tuple[tuple[int, int], ...]
    near_duplicates: int
    note: str
    strategy: CutStrategy = CutStrategy.DISCREPANCY
    grouped: bool = False
    seed: int = 0
    contestants: tuple[Version, ...] = ()


@dataclass(frozen=True)
class Placement:
    """A place in a ranking; `rank` is 1 for the first, `discrepancy` in [0, 1]."""

    key: RankingKey
    rank: int
    discrepancy: float


@dataclass(frozen=True)
class CandidateChange:
    """An image of one or both of two candidate sets; rank and discrepancy are None where it isn't in that one."""

    image_id: str
    old_rank: int | None
    new_rank: int | None
    old_discrepancy: float | None
    new_discrepancy: float | None
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class ClassChange:
    """How many images were chosen for a class: by each side, newly by the new one, no longer by it."""

    class_name: str
    old: int
    new: int
    entered: int
    left: int


@dataclass(frozen=True)
class CandidateDiff:
    """What entered and left M: `left` in the old side's order, the others in the new side's; classes in label order."""

    entered: tuple[CandidateChange, ...]
    left: tuple[CandidateChange, ...]
    stayed: tuple[CandidateChange, ...]
    classes: tuple[ClassChange, ...]
    old_contests: tuple[Contest, ...]
    new_contests: tuple[Contest, ...]


@dataclass(frozen=True)
class Candidate:
    """One image of a candidate set: its largest discrepancy, and the rankings that chose it.

    `mean_discrepancy` in [0, 1] is over the contests of the set in which the image was compared. `perceptual_hash` is
    64 bits, unsigned, and None for an image without a picture; it and `source` are gone once the image has expired.
    `score` is what the set was put in order by, where that isn't discrepancy: mean entropy in nats, or a lot in [0, 1).
    """

    rank: int
    image_id: str
    discrepancy: float
    placements: tuple[Placement, ...]
    near_duplicates: tuple[str, ...]
    mean_discrepancy: float = 0.0
    perceptual_hash: int | None = None
    source: str = ""
    score: float | None = None


@dataclass(frozen=True)
class CandidateSetPage:
    """A page of candidate sets, newest first, and the token of the next one; "" at the end."""

    candidate_sets: tuple[CandidateSet, ...]
    next_page_token: str


@dataclass(frozen=True)
class CandidatePage:
    """A page of a candidate set, and the set itself."""

    candidates: tuple[Candidate, ...]
    next_page_token: str
    candidate_set: CandidateSet


@dataclass(frozen=True)
class ImagePlaces:
    """Where an image would stand, also one that is never mined: its discrepancies over the contests in which it was
    `compared`, how many rankings admit it where somebody disagrees, and in how many of these it would be mined."""

    image_id: str
    compared: int
    mean_discrepancy: float
    largest_discrepancy: float
    rankings: int
    top: int


@dataclass(frozen=True)
class Places:
    """Images in the rankings of a target's contests, in the order asked, and ids that nothing is known of."""

    target: Version
    places: tuple[ImagePlaces, ...]
    unknown: tuple[str, ...]
