"""Rankings, and why an image has its place in them."""

from dataclasses import dataclass, field
from datetime import datetime

from madseg.client.values.common import Contest, Defender, Version


@dataclass(frozen=True)
class RankingKey:
    """Names one ranking: the two versions, whose map gives the subgroup, and the class."""

    target: Version
    competitor: Version
    defender: Defender
    class_name: str


@dataclass(frozen=True)
class RankingSummary:
    """One ranking in a line.

    The defender sees the class in `images` images, of which `eligible` meet the content constraint;
    discrepancies are in [0, 1], `top_discrepancy` is None for an empty ranking.
    """

    key: RankingKey
    images: int
    eligible: int
    mean_discrepancy: float
    top_discrepancy: float | None


@dataclass(frozen=True)
class RankingEntry:
    """One image of a ranking: `discrepancy` is 1 - mIoU, `area_share` the class's share of the defender's map, (0, 1].

    `near_duplicates` stand behind this image and take no place.
    """

    rank: int
    image_id: str
    discrepancy: float
    area_share: float
    source: str
    captured_at: datetime | None
    near_duplicates: tuple[str, ...]


@dataclass(frozen=True)
class RankingPage:
    """A page of a ranking; `revision` grows with every change of the selector's state."""

    entries: tuple[RankingEntry, ...]
    revision: int
    contest: Contest | None
    next_page_token: str = ""


@dataclass(frozen=True)
class VersionOutcome:
    """What one version said of an image: `failure` is None where it has a label map; entropy in nats, if known."""

    version: Version
    failure: str | None
    mean_entropy: float | None


@dataclass(frozen=True)
class ClassOutcome:
    """An image in one ranking: `rank` is None where it is kept out, and `reason` says why."""

    defender: Defender
    class_name: str
    area_share: float
    rank: int | None
    reason: str


@dataclass(frozen=True)
class ContestOutcome:
    """An image in one contest."""

    target: Version
    competitor: Version
    discrepancy: float
    classes: tuple[ClassOutcome, ...]


@dataclass(frozen=True)
class Explanation:
    """Why an image is ranked where it is, or why it is not."""

    image_id: str
    source: str
    captured_at: datetime | None
    random_lane: bool
    exclusions: tuple[str, ...]
    outcomes: tuple[VersionOutcome, ...]
    contests: tuple[ContestOutcome, ...]
    candidate_set_ids: tuple[str, ...]


@dataclass(frozen=True)
class StoredMap:
    """A stored label map in its wire form; `decode_label_map` reads it."""

    version: Version
    label_map: bytes = field(repr=False)


@dataclass(frozen=True)
class VersionCount:
    """How many images a version has a stored label map or a recorded failure of."""

    version: Version
    stored: int
    failed: int


@dataclass(frozen=True)
class Replay:
    """How far a version has come over the images that are in: `missing` have neither its label map nor its failure.

    `images_per_second` it catches up on, over the last minute; None while that isn't known. `seconds_left` at this
    rate; None where it doesn't get on.
    """

    version: Version
    stored: int
    failed: int
    missing: int
    images_per_second: float | None
    seconds_left: float | None


@dataclass(frozen=True)
class PredictionsRequested:
    """`requested` images lacked something that is asked for now; nothing is known of the `unknown` ones."""

    requested: int
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class SelectorStatus:
    """Where the selector stands.

    `images` have at least one prediction or failure, `lag` records wait in the stream, `dead_letters` could not be
    read. `criteria_id` is a hash over taxonomy, grid, metric, min_class_share and content constraint.
    `class_names` and `colours` (R, G, B) are in label order; `ranked` names the classes that have rankings.
    `replays` are the versions that images lack, in the order in which they are taken over these.
    """

    images: int
    lag: int
    dead_letters: int
    revision: int
    versions: tuple[VersionCount, ...]
    criteria_id: str
    class_names: tuple[str, ...]
    ranked: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]
    offsets: tuple[tuple[int, int], ...]
    replays: tuple[Replay, ...] = ()
