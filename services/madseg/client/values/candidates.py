"""Candidate sets: cuts of M."""

from dataclasses import dataclass
from datetime import datetime

from madseg.client.values.common import Contest
from madseg.client.values.rankings import RankingKey


@dataclass(frozen=True)
class CandidateSet:
    """A cut of M: `size` distinct images, at most `per_ranking` of each ranking.

    `contests` are as they stood, `offsets` are (partition, next offset) of the predictions it stands on.
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
    """

    rank: int
    image_id: str
    discrepancy: float
    placements: tuple[Placement, ...]
    near_duplicates: tuple[str, ...]
    mean_discrepancy: float = 0.0
    perceptual_hash: int | None = None
    source: str = ""


@dataclass(frozen=True)
class CandidatePage:
    """A page of a candidate set, and the set itself."""

    candidates: tuple[Candidate, ...]
    next_page_token: str
    candidate_set: CandidateSet
