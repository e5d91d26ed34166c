"""Why an image stands where it does: what each version said, its discrepancies, its places and what keeps it out."""

from dataclasses import dataclass

from sqlalchemy import Connection, exists, func, select

from madseg.core.errors import NotFound
from madseg.core.messages import Defender, VersionRef, checked_image_id
from madseg.selector.candidate_sets import sets_with
from madseg.selector.criteria import Criteria
from madseg.selector.layout import Contest, Ranking, load_layout
from madseg.selector.stored import stored_maps
from madseg.selector.tables import BANS, EXCLUSIONS, FAILURES, IMAGES, LEADERS, PAIRS
from madseg.selector.walk import walk


@dataclass(frozen=True, slots=True)
class ClassOutcome:
    """An image in one ranking. `rank` 0: it has no place, and `reason` says why."""

    defender: Defender
    label: int
    area_share: float
    rank: int
    reason: str


@dataclass(frozen=True, slots=True)
class ContestOutcome:
    """An image in one contest."""

    target: VersionRef
    competitor: VersionRef
    discrepancy: float
    classes: list[ClassOutcome]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything the selector knows of an image. `outcomes` holds per version its failure and mean entropy, or None."""

    image_id: str
    source: str
    captured_at: int
    random_lane: bool
    exclusions: list[str]
    outcomes: dict[VersionRef, tuple[str | None, float | None]]
    contests: list[ContestOutcome]
    candidate_sets: list[str]


def explain(tx: Connection, criteria: Criteria, image_id: str) -> Explanation:
    """Explains an image from one snapshot.

    Costs a count per ranking the image is in, and a walk where it stands far behind.

    Raises:
        NotFound: no prediction of it has come yet, or it is forgotten.
    """
    key = bytes.fromhex(checked_image_id(image_id))
    row = tx.execute(select(IMAGES).where(IMAGES.c.image_id == key)).one_or_none()
    if row is None:
        banned = tx.execute(select(BANS.c.reason).where(BANS.c.image_id == key)).scalar_one_or_none()
        why = "it is forgotten" if banned is not None else "no prediction of it has come yet"
        raise NotFound(f"nothing is known of image {image_id}: {why}")
    layout = load_layout(tx, criteria)
    reasons = tx.execute(select(EXCLUSIONS.c.reason).where(EXCLUSIONS.c.image_id == key).order_by(EXCLUSIONS.c.reason))
    excluded = list(reasons.scalars())
    kept_out = "it is in the random lane" if row.random_lane else f"excluded: {', '.join(excluded)}" if excluded else ""
    contests = [
        outcome
        for contest in layout.contests.values()
        if (outcome := _contest(tx, criteria, contest, row.number, key, kept_out)) is not None
    ]
    outcomes = _outcomes(tx, row.number, layout.versions)
    sets = list(sets_with(tx, key))
    return Explanation(image_id, row.source, row.captured_at, row.random_lane, excluded, outcomes, contests, sets)


def _outcomes(
    tx: Connection, number: int, versions: dict[int, VersionRef]
) -> dict[VersionRef, tuple[str | None, float | None]]:
    found: dict[VersionRef, tuple[str | None, float | None]] = {}
    for version, (_, entropy) in stored_maps(tx, [number])[number].items():
        found[versions[version]] = None, entropy
    for row in tx.execute(select(FAILURES).where(FAILURES.c.number == number)):
        found[versions[row.version_id]] = row.reason, None
    return dict(sorted(found.items()))


def _contest(
    tx: Connection, criteria: Criteria, contest: Contest, number: int, key: bytes, kept_out: str
) -> ContestOutcome | None:
    where = (PAIRS.c.contest_id == contest.id) & (PAIRS.c.number == number)
    pair = tx.execute(select(PAIRS.c.discrepancy, PAIRS.c.areas).where(where)).one_or_none()
    if pair is None:
        return None
    classes = []
    for ranking, area in contest.shown(pair.areas):
        share = area / criteria.grid.pixels
        reason = kept_out or _outside(ranking, share)
        rank = 0 if reason else _rank(tx, ranking, criteria.grid.pixels, pair.discrepancy, key)
        classes.append(ClassOutcome(ranking.key.defender, ranking.key.label, share, rank, reason))
    return ContestOutcome(contest.ref.target, contest.ref.competitor, pair.discrepancy, classes)


def _outside(ranking: Ranking, share: float) -> str:
    if ranking.admits(share):
        return ""
    return f"the content constraint wants an area share of {ranking.low:.4f} to {ranking.high:.4f}"


def _rank(tx: Connection, ranking: Ranking, pixels: int, discrepancy: float, key: bytes) -> int:
    if not ranking.precedes_floor(discrepancy, key):
        order = -discrepancy, key.hex()
        return 1 + sum(1 for found in walk(tx, ranking, pixels) if found.entry.order < order)
    ahead = (LEADERS.c.discrepancy > discrepancy) | (
        (LEADERS.c.discrepancy == discrepancy) & (LEADERS.c.image_id < key)
    )
    free = ~exists().where(EXCLUSIONS.c.image_id == LEADERS.c.image_id)
    query = select(func.count()).select_from(LEADERS).where(LEADERS.c.ranking_id == ranking.id, ahead, free)
    return 1 + int(tx.execute(query).scalar_one())
