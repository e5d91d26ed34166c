"""Candidate sets, once cut: stored with what they stand on, read in pages."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from madseg.core.candidates import BY_DISCREPANCY, Candidate, Order, Placement, Strategy
from madseg.core.competition import ContestRef
from madseg.core.errors import NotFound
from madseg.core.messages import Defender, VersionRef
from madseg.core.ranking import RankingKey
from madseg.core.taxonomy import Taxonomy
from madseg.requests import check_repeated, number_in, token
from madseg.selector.contests import Progress
from madseg.selector.queries import Cut
from madseg.selector.tables import BANS, CANDIDATE_SETS, CANDIDATES


@dataclass(frozen=True, slots=True)
class StoredContest:
    """A contest as it stood when a set was cut."""

    target: VersionRef
    competitor: VersionRef
    state: str
    compared: int
    failed: int
    missing: int

    @property
    def ref(self) -> ContestRef:
        """Who met whom."""
        return ContestRef(self.target, self.competitor)


@dataclass(frozen=True, slots=True)
class CandidateSet:
    """A cut of M and what it stands on; `cut_at` in microseconds since the epoch."""

    id: str
    cut_at: int
    per_ranking: int
    size: int
    near_duplicates: int
    criteria_id: str
    contests: list[StoredContest]
    offsets: dict[int, int]
    note: str
    order: Order = BY_DISCREPANCY


@dataclass(frozen=True, slots=True)
class StoredCandidate:
    """An image of a stored set; `rank` 1 is the first."""

    rank: int
    candidate: Candidate


def store(
    tx: Connection,
    cut: Cut,
    *,
    per_ranking: int,
    criteria_id: str,
    now: int,
    note: str,
    key: str | None,
    taxonomy: Taxonomy,
    asked: bytes | None = None,
) -> CandidateSet:
    """Stores a cut; images banned since the snapshot stay out, also from behind others. With an idempotency key that
    was used before, answers with that set instead. `asked` and what is raised are as in `known_by_key`."""
    if key is not None:
        known = known_by_key(tx, key, asked)
        if known is not None:
            return known
    banned = {row.image_id.hex() for row in tx.execute(select(BANS.c.image_id))}
    kept = [_without(banned, candidate) for candidate in cut.candidates if candidate.image_id not in banned]
    number = tx.execute(select(func.coalesce(func.max(CANDIDATE_SETS.c.number), 0) + 1)).scalar_one()
    row = {
        "id": uuid.uuid4().hex,
        "number": number,
        "cut_at": now,
        "per_ranking": per_ranking,
        "criteria_id": criteria_id,
        "contests": json.dumps([asdict(as_stored(item)) for item in cut.contests]),
        "offsets": json.dumps(cut.offsets),
        "size": len(kept),
        "near_duplicates": sum(len(candidate.near_duplicates) for candidate in kept),
        "note": note,
        "idempotency_key": key,
        "strategy": cut.order.strategy,
        "grouped": cut.order.grouped,
        "seed": cut.order.seed,
        "contestants": json.dumps([[ref.model, ref.version] for ref in cut.order.contestants]),
        "asked_sha256": asked,
    }
    tx.execute(insert(CANDIDATE_SETS), row)
    rows = [_candidate_row(str(row["id"]), rank, candidate, taxonomy) for rank, candidate in enumerate(kept, 1)]
    if rows:
        tx.execute(insert(CANDIDATES), rows)
    return _candidate_set(tx.execute(select(CANDIDATE_SETS).where(CANDIDATE_SETS.c.id == row["id"])).one())


def as_stored(item: Progress) -> StoredContest:
    """A contest as it stands now."""
    ref = item.contest.ref
    return StoredContest(ref.target, ref.competitor, item.state, item.compared, item.failed, item.missing)


def known_by_key(tx: Connection, key: str, asked: bytes | None = None) -> CandidateSet | None:
    """The set that an idempotency key cut before. `asked` is what is asked for (`madseg.requests.asked_for`).

    Raises:
        AlreadyExists: something else was asked for then.
    """
    row = tx.execute(select(CANDIDATE_SETS).where(CANDIDATE_SETS.c.idempotency_key == key)).one_or_none()
    if row is None:
        return None
    check_repeated(key, f"candidate set {row.id}", row.asked_sha256, asked)
    return _candidate_set(row)


def page(tx: Connection, size: int, page_token: str) -> tuple[list[CandidateSet], str]:
    """Up to `size` sets, newest first, and the token of the next page, "" at the end.

    Raises:
        InvalidInput: the token isn't one of this list.
    """
    query, last = select(CANDIDATE_SETS).order_by(CANDIDATE_SETS.c.number.desc()), number_in(page_token, "set_number")
    behind = query if last is None else query.where(CANDIDATE_SETS.c.number < last)
    rows = tx.execute(behind.limit(size + 1)).all()
    following = token(set_number=rows[size - 1].number) if len(rows) > size else ""
    return list(map(_candidate_set, rows[:size])), following


def one_set(tx: Connection, set_id: str) -> CandidateSet:
    """The set of an id; the newest for "".

    Raises:
        NotFound: no such set, or none at all.
    """
    query = select(CANDIDATE_SETS).order_by(CANDIDATE_SETS.c.number.desc()).limit(1)
    row = tx.execute(query.where(CANDIDATE_SETS.c.id == set_id) if set_id else query).one_or_none()
    if row is None:
        raise NotFound(
            f"no candidate set {set_id}" if set_id else "no candidate set yet: `madseg candidates cut` cuts one"
        )
    return _candidate_set(row)


def candidates(tx: Connection, set_id: str, after: int, size: int, taxonomy: Taxonomy) -> list[StoredCandidate]:
    """Up to `size` images of a set behind rank `after`."""
    query = select(CANDIDATES).where(CANDIDATES.c.set_id == set_id, CANDIDATES.c.rank > after)
    rows = tx.execute(query.order_by(CANDIDATES.c.rank).limit(size))
    return [_candidate(row, taxonomy) for row in rows]


def sets_with(tx: Connection, image: bytes) -> Sequence[str]:
    """Ids of the sets that an image is in, newest first."""
    query = select(CANDIDATES.c.set_id).join(CANDIDATE_SETS, CANDIDATE_SETS.c.id == CANDIDATES.c.set_id)
    query = query.where(CANDIDATES.c.image_id == image).order_by(CANDIDATE_SETS.c.number.desc())
    return tx.execute(query).scalars().all()


def forget(tx: Connection, image: bytes) -> dict[str, int]:
    """Takes an image out of all sets, and from behind those that it is near to; how many places of what kind are gone.

    Costs a pass over all candidates.
    """
    places = tx.execute(select(CANDIDATES.c.set_id).where(CANDIDATES.c.image_id == image)).scalars().all()
    tx.execute(delete(CANDIDATES).where(CANDIDATES.c.image_id == image))
    named = CANDIDATES.c.near_duplicates.contains(image.hex())
    near = tx.execute(select(CANDIDATES.c.set_id, CANDIDATES.c.rank, CANDIDATES.c.near_duplicates).where(named)).all()
    for row in near:
        left = [other for other in json.loads(row.near_duplicates) if other != image.hex()]
        here = (CANDIDATES.c.set_id == row.set_id) & (CANDIDATES.c.rank == row.rank)
        tx.execute(update(CANDIDATES).where(here).values(near_duplicates=json.dumps(left)))
    for set_id in {*places, *(row.set_id for row in near)}:
        _recount(tx, set_id)
    return {"places in candidate sets": len(places), "places behind candidates": len(near)}


def _recount(tx: Connection, set_id: str) -> None:
    """Has a set say how much is in it now."""
    rows = tx.execute(select(CANDIDATES.c.near_duplicates).where(CANDIDATES.c.set_id == set_id)).scalars().all()
    counts = {"size": len(rows), "near_duplicates": sum(len(json.loads(row)) for row in rows)}
    tx.execute(update(CANDIDATE_SETS).where(CANDIDATE_SETS.c.id == set_id).values(counts))


def _without(banned: set[str], candidate: Candidate) -> Candidate:
    return replace(candidate, near_duplicates=[near for near in candidate.near_duplicates if near not in banned])


def _candidate_row(set_id: str, rank: int, candidate: Candidate, taxonomy: Taxonomy) -> dict[str, Any]:
    placements = [
        [
            [place.key.target.model, place.key.target.version],
            [place.key.competitor.model, place.key.competitor.version],
            place.key.defender,
            taxonomy.names[place.key.label],
            place.rank,
            place.discrepancy,
        ]
        for place in candidate.placements
    ]
    return {
        "set_id": set_id,
        "rank": rank,
        "image_id": bytes.fromhex(candidate.image_id),
        "placements": json.dumps(placements),
        "near_duplicates": json.dumps(candidate.near_duplicates),
        "score": candidate.score,
    }


def _candidate(row: Row[Any], taxonomy: Taxonomy) -> StoredCandidate:
    placements = [
        Placement(
            RankingKey(VersionRef(*target), VersionRef(*competitor), Defender(defender), taxonomy.label(name)),
            rank,
            discrepancy,
        )
        for target, competitor, defender, name, rank, discrepancy in json.loads(row.placements)
    ]
    found = Candidate(row.image_id.hex(), placements, json.loads(row.near_duplicates), row.score)
    return StoredCandidate(row.rank, found)


def _candidate_set(row: Row[Any]) -> CandidateSet:
    contests = [
        StoredContest(
            **{**item, "target": VersionRef(**item["target"]), "competitor": VersionRef(**item["competitor"])}
        )
        for item in json.loads(row.contests)
    ]
    offsets = {int(partition): offset for partition, offset in json.loads(row.offsets).items()}
    return CandidateSet(
        row.id,
        row.cut_at,
        row.per_ranking,
        row.size,
        row.near_duplicates,
        row.criteria_id,
        contests,
        offsets,
        row.note,
        _order(row),
    )


def _order(row: Row[Any]) -> Order:
    """Sets that were cut before there was a choice are by discrepancy."""
    if row.strategy is None:
        return BY_DISCREPANCY
    contestants = tuple(VersionRef(*item) for item in json.loads(row.contestants))
    strategy, size = Strategy(row.strategy), 0 if row.strategy == Strategy.DISCREPANCY else row.size
    return Order(strategy, size, row.grouped, row.seed, contestants)
