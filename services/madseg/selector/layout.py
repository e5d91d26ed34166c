"""What there is to fill: versions, contests and their rankings, read from the tables into objects."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, func, insert, select

from madseg.core.competition import Competition, ContestRef
from madseg.core.discrepancy import known_table
from madseg.core.errors import Conflict, Unavailable
from madseg.core.messages import Defender, ImageFacts, VersionPublished, VersionRef
from madseg.core.ranking import RankingKey
from madseg.core.taxonomy import Taxonomy
from madseg.core.times import micros
from madseg.selector.criteria import Criteria
from madseg.selector.offsets import bump, counter
from madseg.selector.packing import unpack_areas
from madseg.selector.tables import CONTESTS, LEADERS, PROJECT, RANKINGS, ROLES, VERSIONS
from madseg.selector.upsert import lock_rows
from madseg.wire import decode_model_event

CHANGING = "changing"
"""In place of the id of the content constraint, while rankings are made again. No constraint has it."""


@dataclass(slots=True)
class Ranking:
    """One ranking: its row, and how many leaders it holds about now."""

    id: int
    key: RankingKey
    contest: "Contest"
    low: float
    high: float
    floor: tuple[float, bytes] | None
    leaders: int = 0

    def precedes_floor(self, discrepancy: float, image: bytes) -> bool:
        """True where an entry belongs among the leaders."""
        if self.floor is None:
            return True
        floor, last = self.floor
        return discrepancy > floor or (discrepancy == floor and image < last)

    def admits(self, share: float) -> bool:
        """True for an area share of the class, [0, 1], that is within the bounds; never where the class isn't there."""
        return share > 0 and self.low <= share <= self.high


@dataclass(slots=True)
class Contest:
    """One target version against one competitor version, under the current metric."""

    id: int
    ref: ContestRef
    target_id: int
    competitor_id: int
    known: NDArray[np.uint8] | None
    backfilled: bool
    rankings: dict[Defender, dict[int, Ranking]] = field(
        default_factory=lambda: {Defender.TARGET: {}, Defender.COMPETITOR: {}}
    )

    def all_rankings(self) -> Iterable[Ranking]:
        """Every ranking of the contest: the target's by label, then the competitor's."""
        for by_label in self.rankings.values():
            yield from by_label.values()

    def shown(self, packed: bytes) -> Iterator[tuple[Ranking, int]]:
        """The rankings whose class an image shows, each with the area of the class in pixels, at least 1.

        `packed` are the areas of the image's pair, as `pack_areas` packs them.
        """
        for defender, areas in zip(Defender, unpack_areas(packed), strict=True):
            by_label = self.rankings[defender]
            for label, area in areas.items():
                ranking = by_label.get(label)
                if ranking is not None:
                    yield ranking, area


@dataclass(slots=True)
class Layout:
    """The versions, roles, contests and rankings as one transaction saw them.

    What was accepted before `horizon`, in microseconds since the epoch, has expired.
    """

    version_ids: dict[VersionRef, int]
    competition: Competition
    contests: dict[ContestRef, Contest]
    horizon: int = 0

    @property
    def versions(self) -> dict[int, VersionRef]:
        """Versions by id."""
        return {number: ref for ref, number in self.version_ids.items()}

    def rankings(self) -> dict[int, Ranking]:
        """Rankings by id."""
        return {ranking.id: ranking for contest in self.contests.values() for ranking in contest.all_rankings()}

    def expired(self, image: ImageFacts) -> bool:
        """True for an image that history has passed, whatever is still in flight of it."""
        return image.accepted_at is not None and micros(image.accepted_at) < self.horizon


def load_layout(tx: Connection, criteria: Criteria) -> Layout:
    """Reads the layout. Costs a few queries over some hundred rows.

    Raises:
        Conflict: a selector with another metric or content constraint has been started on this database.
        Unavailable: rankings are being made again for a content constraint.
    """
    constraint = tx.execute(select(PROJECT.c.content_constraint)).scalar_one_or_none()
    if constraint == CHANGING:
        raise Unavailable(
            "the rankings are being made again for another content constraint by a selector that starts: they can be "
            "read when it is through"
        )
    if constraint not in (None, criteria.constraint.id):
        raise Conflict(
            "the rankings keep to another content constraint now than this selector has: give all selectors of the "
            "database the same MADSEG_CONSTRAINT and start them again"
        )
    return read_layout(tx, criteria)


def read_layout(tx: Connection, criteria: Criteria) -> Layout:
    """The layout, whatever content constraint its rankings keep to.

    Raises:
        Conflict: a selector with another metric has been started on this database.
    """
    metric = tx.execute(select(PROJECT.c.metric)).scalar_one_or_none()
    if metric not in (None, criteria.metric.id):
        raise Conflict(
            f"label maps are compared by {metric} now, this selector has {criteria.metric.id}: give all selectors of "
            "the database the same MADSEG_MIN_CLASS_SHARE and start them again"
        )
    version_ids, competition = load_versions(tx)
    layout = Layout(version_ids, competition, {}, counter(tx, "horizon"))
    _load_contests(tx, criteria, layout)
    _load_rankings(tx, layout)
    return layout


def load_versions(tx: Connection) -> tuple[dict[VersionRef, int], Competition]:
    """The versions' ids, in the order of their announcement, and who competes."""
    competition, version_ids = Competition(), {}
    for row in tx.execute(select(VERSIONS).order_by(VERSIONS.c.id)):
        version_ids[VersionRef(row.model, row.version)] = row.id
        if row.event is not None:
            competition = competition.apply(decode_model_event(row.event))
    for row in tx.execute(select(ROLES.c.event)):
        competition = competition.apply(decode_model_event(row.event))
    return version_ids, competition


def version_id(tx: Connection, layout: Layout, ref: VersionRef) -> int:
    """The id of a version, made at its first mention, in this transaction or in another selector's."""
    if ref not in layout.version_ids:
        # One at a time: transactions that meet new versions in different orders would wait for each other.
        lock_rows(tx, VERSIONS)
        named = and_(VERSIONS.c.model == ref.model, VERSIONS.c.version == ref.version)
        number = tx.execute(select(VERSIONS.c.id).where(named)).scalar_one_or_none()
        if number is None:
            row = insert(VERSIONS).values(model=ref.model, version=ref.version).returning(VERSIONS.c.id)
            number = tx.execute(row).scalar_one()
        layout.version_ids[ref] = int(number)
    return layout.version_ids[ref]


def open_contests(tx: Connection, layout: Layout, criteria: Criteria) -> list[ContestRef]:
    """Makes the rows of contests that the roles ask for and that aren't there yet, and returns these."""
    published = layout.competition.versions
    opened = [ref for ref in layout.competition.contests(criteria.taxonomy.id) if ref not in layout.contests]
    for ref in opened:
        values = {
            "target_id": layout.version_ids[ref.target],
            "competitor_id": layout.version_ids[ref.competitor],
            "metric": criteria.metric.id,
            "cursor": -1,
        }
        contest_id = tx.execute(insert(CONTESTS).values(values).returning(CONTESTS.c.id)).scalar_one()
        labels = ranked_labels(published[ref.target], published[ref.competitor], criteria.taxonomy)
        _make_rankings(tx, int(contest_id), labels, criteria)
    if opened:
        bump(tx, "layout")
        bump(tx, "edits")
    return opened


def _make_rankings(tx: Connection, contest_id: int, labels: Iterable[int], criteria: Criteria) -> None:
    rows = []
    for defender in Defender:
        for label in labels:
            low, high = bounds(criteria, label)
            rows.append({"contest_id": contest_id, "defender": defender, "label": label, "low": low, "high": high})
    if rows:
        tx.execute(insert(RANKINGS), rows)


def bounds(criteria: Criteria, label: int) -> tuple[float, float]:
    """The bounds of a class's area share; a free class has 0 and 1."""
    return criteria.constraint.bounds.get(label, (0.0, 1.0))


def ranked_labels(one: VersionPublished, other: VersionPublished, taxonomy: Taxonomy) -> list[int]:
    """The ranked labels that both networks know, ascending."""
    both = covered(one, taxonomy) & covered(other, taxonomy)
    return [label for label in taxonomy.ranked if label in both]


def covered(version: VersionPublished, taxonomy: Taxonomy) -> set[int]:
    """The labels that a version's network knows."""
    return {taxonomy.label(name) for name in version.covers}


def _load_contests(tx: Connection, criteria: Criteria, layout: Layout) -> None:
    versions = layout.versions
    for row in tx.execute(select(CONTESTS).where(CONTESTS.c.metric == criteria.metric.id)):
        ref = ContestRef(versions[row.target_id], versions[row.competitor_id])
        published = layout.competition.versions
        target = covered(published[ref.target], criteria.taxonomy)
        competitor = covered(published[ref.competitor], criteria.taxonomy)
        known = known_table(target, competitor, len(criteria.taxonomy))
        layout.contests[ref] = Contest(row.id, ref, row.target_id, row.competitor_id, known, row.cursor is None)


def _load_rankings(tx: Connection, layout: Layout) -> None:
    contests = {contest.id: contest for contest in layout.contests.values()}
    counts = select(LEADERS.c.ranking_id, func.count().label("leaders")).group_by(LEADERS.c.ranking_id).subquery()
    rows = tx.execute(
        select(RANKINGS, counts.c.leaders)
        .join(counts, counts.c.ranking_id == RANKINGS.c.id, isouter=True)
        .where(RANKINGS.c.contest_id.in_(contests))
        .order_by(RANKINGS.c.label)
    )
    for row in rows:
        contest = contests[row.contest_id]
        key = RankingKey(contest.ref.target, contest.ref.competitor, Defender(row.defender), row.label)
        floor = None if row.floor_discrepancy is None else (row.floor_discrepancy, row.floor_image)
        ranking = Ranking(row.id, key, contest, row.low, row.high, floor, row.leaders or 0)
        contest.rankings[key.defender][row.label] = ranking
