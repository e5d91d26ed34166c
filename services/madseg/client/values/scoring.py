"""Scores by people: campaigns, judgements, and what is chosen by them."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from madseg.client.values.common import Version


class Grade(IntEnum):
    """How good the target's label map of an image is (ITU-T P.910, absolute category rating)."""

    BAD = 1
    POOR = 2
    FAIR = 3
    GOOD = 4
    EXCELLENT = 5


class VetoReason(StrEnum):
    """Why an image is out of domain. OTHER needs a text."""

    NO_CLASS = "no_class"
    CORRUPT = "corrupt"
    INAPPROPRIATE = "inappropriate"
    OTHER = "other"


class CampaignState(StrEnum):
    """OPEN: images are given out. SCORED: all have what they need. CLOSED: the sets are chosen. CANCELLED: it was ended
    before."""

    UNKNOWN = "unknown"
    OPEN = "open"
    SCORED = "scored"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class CampaignPlan:
    """How a campaign is to be run. What is None takes the service's default; in an answer nothing is.

    `raters` that each image needs (3), `counterexamples` in S (100), `test_reserved` for T (40), of which
    `test_reported` are reported (30) and `test_per_class` may have the same main class (4). `adaptive` stops asking
    about an image that can't be among S any more (false), but for the share `full_share` (0.1). `repeat_share` of the
    images is shown to a rater twice (0.05). A lease lasts `lease_seconds` (900). `seed` decides orders and draws.
    """

    raters: int | None = None
    counterexamples: int | None = None
    test_reserved: int | None = None
    test_reported: int | None = None
    test_per_class: int | None = None
    adaptive: bool | None = None
    full_share: float | None = None
    repeat_share: float | None = None
    lease_seconds: int | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Campaign:
    """A campaign and how far it has come.

    Of `images`, `finished` need no further judgement, `vetoed` among them. `grades` are given, `carried` of them in
    earlier campaigns; `grades_wanted` all would take without adaptive mode. `active` hold leases now.
    """

    id: str
    created_at: datetime | None
    candidate_set_id: str
    target: Version
    plan: CampaignPlan
    state: CampaignState
    images: int
    finished: int
    vetoed: int
    grades: int
    grades_wanted: int
    carried: int
    active: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Assignment:
    """An image that one rater is to judge until the lease ends."""

    id: str
    image_id: str
    target: Version
    leased_until: datetime | None


@dataclass(frozen=True)
class Tally:
    """Images that the caller has judged in a campaign, and could yet be asked about."""

    judged: int
    left: int


@dataclass(frozen=True)
class Taken:
    """What the caller holds, in the order to judge it."""

    assignments: tuple[Assignment, ...]
    judged: int
    left: int


@dataclass(frozen=True)
class Opinion:
    """What the raters think of the target's label map of one image.

    `mean` in [1, 5] ± `half_width` (95 %), `adjusted` without the raters' biases; None where that can't be told.
    """

    image_id: str
    mean: float | None
    half_width: float | None
    adjusted: float | None
    grades: int
    abstentions: int
    vetoes: int
    mean_discrepancy: float


@dataclass(frozen=True)
class CampaignPage:
    """A page of campaigns, newest first, and the token of the next one; "" at the end."""

    campaigns: tuple[Campaign, ...]
    next_page_token: str


@dataclass(frozen=True)
class OpinionPage:
    """A page of opinions, worst first, and the token of the next one; "" at the end."""

    opinions: tuple[Opinion, ...]
    next_page_token: str


@dataclass(frozen=True)
class VetoRecord:
    """A veto for the audit; `revoked_by` "": it is in force."""

    image_id: str
    rater: str
    at: datetime | None
    reason: VetoReason | None
    text: str
    revoked_by: str


@dataclass(frozen=True)
class RaterReport:
    """One rater. `bias` and `inconsistency` in grades; None where they can't be told."""

    rater: str
    grades: int
    vetoes: int
    abstentions: int
    veto_rate: float
    bias: float | None
    inconsistency: float | None
    repeats: int
    self_agreement: float | None
    mean_grade: float | None


@dataclass(frozen=True)
class Agreement:
    """How well the raters agree, and what it has cost in hours.

    `alpha` is Krippendorff's, ordinal, over `images`; None where fewer than two raters overlap. `grades_saved` by
    adaptive mode, at an expected `vetoes_missed`.
    """

    alpha: float | None
    images: int
    raters: tuple[RaterReport, ...]
    hours_scoring: float
    hours_masks: float
    hours_all_masks: float
    grades_saved: int
    vetoes_missed: float


@dataclass(frozen=True)
class ChosenImage:
    """An image of S or T; `rank` 1 is the first. `mean` None: it was never scored; `main_class` "": it has none.

    `reported`: it is of the part of T that is reported, which a late veto changes.
    """

    rank: int
    image_id: str
    mean: float | None
    mean_discrepancy: float
    main_class: str
    reported: bool = False


@dataclass(frozen=True)
class ChosenSets:
    """The counterexamples S and the test set T of a campaign, and those next in line for S."""

    campaign_id: str
    chosen_at: datetime | None
    counterexamples: tuple[ChosenImage, ...]
    test: tuple[ChosenImage, ...]
    just_missed: tuple[ChosenImage, ...]
