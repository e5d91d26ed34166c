"""What there is to fill: versions, contests and their rankings, read from the tables into objects."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, insert, select

from madseg.core.competition import Competition, ContestRef
from madseg.core.discrepancy import known_table
from madseg.core.messages import Defender, VersionPublished, VersionRef
from madseg.core.ranking import RankingKey
from madseg.core.taxonomy import Taxonomy
from madseg.selector.criteria import Criteria
from madseg.selector.offsets import bump
from madseg.selector.tables import CONTESTS, LEADERS, RANKINGS, ROLES, VERSIONS
from madseg.wire import decode_model_event


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


@dataclass(slots=True)
class Layout:
    """The versions, roles, contests and rankings as one transaction saw them."""

    version_ids: dict[VersionRef, int]
    competition: Competition
    contests: dict[ContestRef, Contest]

    @property
    def versions(self) -> dict[int, VersionRef]:
        """Versions by id."""
        return {number: ref for ref, number in self.version_ids.items()}

    def rankings(self) -> dict[int, Ranking]:
        """Rankings by id."""
        return {ranking.id: ranking for contest in self.contests.values() for ranking in contest.all_rankings()}


def load_layout(tx: Connection, criteria: Criteria) -> Layout:
    """Reads the layout. Costs a few queries over some hundred rows."""
    competition, version_ids = Competition(), {}
    for row in tx.execute(select(VERSIONS).order_by(VERSIONS.c.id)):
        version_ids[VersionRef(row.model, row.version)] = row.id
        if row.event is not None:
            competition = competition.apply(decode_model_event(row.event))
    for row in tx.execute(select(ROLES.c.event)):
        competition = competition.apply(decode_model_event(row.event))
    layout = Layout(version_ids, competition, {})
    _load_contests(tx, criteria, layout)
    _load_rankings(tx, layout)
    return layout


def version_id(tx: Connection, layout: Layout, ref: VersionRef) -> int:
    """The id of a version, made at its first mention."""
    number = layout.version_ids.get(ref)
    if number is None:
        row = tx.execute(insert(VERSIONS).values(model=ref.model, version=ref.version).returning(VERSIONS.c.id))
        number = layout.version_ids[ref] = int(row.scalar_one())
    return number


def open_contests(tx: Connection, layout: Layout, criteria: Criteria) -> list[ContestRef]:
    """Makes the rows of contests that the roles ask for and that aren't there yet, and returns these."""
    opened = [ref for ref in layout.competition.contests(criteria.taxonomy.id) if ref not in layout.contests]
    for ref in opened:
        values = {
            "target_id": layout.version_ids[ref.target],
            "competitor_id": layout.version_ids[ref.competitor],
            "metric": criteria.metric.id,
            "cursor": -1,
        }
        contest_id = tx.execute(insert(CONTESTS).values(values).returning(CONTESTS.c.id)).scalar_one()
        _make_rankings(tx, int(contest_id), _labels(layout.competition, ref, criteria.taxonomy), criteria)
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


def _labels(competition: Competition, ref: ContestRef, taxonomy: Taxonomy) -> list[int]:
    """Ranked labels that both networks know."""
    both = _covers(competition.versions[ref.target], taxonomy) & _covers(competition.versions[ref.competitor], taxonomy)
    return [label for label in taxonomy.ranked if label in both]


def _covers(version: VersionPublished, taxonomy: Taxonomy) -> set[int]:
    return {taxonomy.label(name) for name in version.covers}


def _load_contests(tx: Connection, criteria: Criteria, layout: Layout) -> None:
    versions = layout.versions
    for row in tx.execute(select(CONTESTS).where(CONTESTS.c.metric == criteria.metric.id)):
        ref = ContestRef(versions[row.target_id], versions[row.competitor_id])
        published = layout.competition.versions
        target = _covers(published[ref.target], criteria.taxonomy)
        competitor = _covers(published[ref.competitor], criteria.taxonomy)
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
