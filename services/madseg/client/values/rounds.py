"""Rounds: Algorithm 1 from the competition to the next version, and what its versions are worth."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from madseg.client.values.common import Version
from madseg.client.values.finetune import Figure, RunPlan
from madseg.client.values.scoring import CampaignPlan


class RoundStep(StrEnum):
    """The step that a round is at, in their order."""

    UNKNOWN = "unknown"
    MINING = "mining"
    SCORING = "scoring"
    CHOOSING = "choosing"
    DRAWING = "drawing"
    EVALUATING = "evaluating"
    TRAINING = "training"
    REPLAYING = "replaying"
    ENDED = "ended"


class RoundOutcome(StrEnum):
    """How a round ended. RELEASED: a new version serves. REFUSED: the gate kept it back. EVALUATED: it was to evaluate
    alone. FAILED: it couldn't go on, for the reason in its notes."""

    UNKNOWN = "unknown"
    RELEASED = "released"
    REFUSED = "refused"
    EVALUATED = "evaluated"
    CANCELLED = "cancelled"
    FAILED = "failed"


class TestKind(StrEnum):
    """What a set of images with masks is. ROUND: T of a round, adversarial to the version it was drawn against."""

    __test__ = False  # or pytest would take it for one of its own

    UNKNOWN = "unknown"
    ROUND = "round"
    RANDOM_LANE = "random_lane"
    T0_REPORT = "t0_report"


@dataclass(frozen=True)
class RoundPlan:
    """What a round is to do. What is None takes the service's default; in an answer nothing is.

    `per_ranking` places of each ranking go into M (25). `campaign` says how M is scored and how large S and T are,
    `training` how the version is made; target, campaigns and `promote` of that are the round's to say. `annotators`
    draw, `double_share` of the masks twice (0.05). With `approve_choice` and `approve_release` a person's word is
    waited for before T and S are chosen, and before a version is released. `evaluate_only` ends it once T is evaluated.
    """

    per_ranking: int | None = None
    campaign: CampaignPlan = field(default_factory=CampaignPlan)
    annotators: tuple[str, ...] = ()
    double_share: float | None = None
    training: RunPlan = field(default_factory=RunPlan)
    approve_choice: bool = False
    approve_release: bool = False
    evaluate_only: bool = False


@dataclass(frozen=True)
class StepRecord:
    """When a step began, and when it ended; None: it goes on."""

    step: RoundStep
    began_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Round:
    """A round. `notes` say what it waits for, or why it ended as it did; `outcome` None: it goes on.

    `done` of `total` says how far the step is, 0 of 0 where that can't be said. `candidates`, `counterexamples` and
    `test` are images of M, S and T. Ids are "" before they are known.
    """

    id: str
    number: int
    target: Version
    plan: RoundPlan
    step: RoundStep
    outcome: RoundOutcome | None
    notes: tuple[str, ...]
    awaits_approval: bool
    done: int
    total: int
    steps: tuple[StepRecord, ...]
    created_at: datetime | None
    changed_at: datetime | None
    started_by: str
    candidate_set_id: str
    campaign_id: str
    run_id: str
    released: Version | None
    candidates: int
    counterexamples: int
    test: int


@dataclass(frozen=True)
class RoundPage:
    """A page of rounds, newest first, and the token of the next one; "" at the end."""

    rounds: tuple[Round, ...]
    next_page_token: str


@dataclass(frozen=True)
class RoundPolicy:
    """When rounds of a target begin by themselves: once M has `candidates` images, or `seconds` after the last one;
    0 is never. At most `rounds` in a row, 0 without end; after the last, one evaluates only."""

    model: str = ""
    enabled: bool = False
    candidates: int = 0
    seconds: int = 0
    rounds: int = 0
    plan: RoundPlan = field(default_factory=RoundPlan)


@dataclass(frozen=True)
class TestSet:
    """A test set: of a T the `round` it is of and the version that it was drawn `against`."""

    __test__ = False

    kind: TestKind
    round: int
    images: int
    against: Version | None
    vetoed: int


@dataclass(frozen=True)
class Standing:
    """A version on a test set, by its place in `sets`. `clean`: it was trained on none of the images, as far as is
    known."""

    set: int
    version: Version
    figure: Figure
    clean: bool


@dataclass(frozen=True)
class TieGroup:
    """Versions, best first, that can't be told apart on a set."""

    set: int
    versions: tuple[Version, ...]


@dataclass(frozen=True)
class PairedDifference:
    """A version against the one before it, or another, on the images of a set: the gain with its interval, how often
    chance alone would give as much, how many images like these would tell them apart and how many more that is than
    there are, and how many got worse or better by more than 0.1. `corrected` is the p-value by Holm's correction where
    several pairs are looked at together."""

    set: int
    before: Version
    after: Version
    gain: Figure
    p_value: float
    images_to_separate: int | None
    worse: int
    better: int
    more_images: int | None = None
    corrected: float | None = None


@dataclass(frozen=True)
class Standings:
    """Every version of a target, and its competitors, on every test set so far (Table 1).

    `stability` is the rank correlation of the ranking by n images of the newest T with that by all, n = 1, 2, ...
    (Fig. 7).
    """

    sets: tuple[TestSet, ...]
    standings: tuple[Standing, ...]
    ties: tuple[TieGroup, ...]
    differences: tuple[PairedDifference, ...]
    stability: tuple[float, ...]


@dataclass(frozen=True)
class Result:
    """A version on an image: mIoU over the classes of either map."""

    image_id: str
    version: Version
    mean_iou: float


@dataclass(frozen=True)
class ResultPage:
    """A page of results by image id, then version, and the token of the next one; "" at the end."""

    results: tuple[Result, ...]
    next_page_token: str
