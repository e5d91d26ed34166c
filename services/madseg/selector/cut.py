"""Cutting a candidate set: from one snapshot, stored with what it stands on, once per idempotency key."""

from collections.abc import Callable
from dataclasses import dataclass

from madseg.core.candidates import Order, Strategy
from madseg.ports import Database
from madseg.selector import candidate_sets
from madseg.selector.candidate_sets import CandidateSet
from madseg.selector.queries import Queries, Which
from madseg.selector.walk import ImageFilter


@dataclass(frozen=True, slots=True)
class Cutting:
    """How M is cut: over which images, and how many of each ranking.

    Near-duplicates stand behind each other if `near`; a contest may still be filling if `allow_incomplete`.
    """

    images: ImageFilter
    per_ranking: int
    near: bool
    allow_incomplete: bool


def cut(
    database: Database,
    queries: Queries,
    which: Which,
    how: Cutting,
    order: Order,
    *,
    note: str,
    key: str | None,
    clock: Callable[[], int],
    asked: bytes | None = None,
) -> CandidateSet:
    """Cuts a set and stores it; with an idempotency key that cut one before, that set. Raises as `Queries.cut` does.

    `clock` gives microseconds since the epoch; the set is as old as its storing. `asked` is what the key stands for
    (`madseg.requests.asked_for`).

    Raises:
        AlreadyExists: the key stands for something else.
    """
    if key is not None:
        with database.snapshot() as tx:
            known = candidate_sets.known_by_key(tx, key, asked)
        if known is not None:
            return known
    found = queries.cut(
        which, how.images, how.per_ranking, near=how.near, allow_incomplete=how.allow_incomplete, order=order
    )
    with database.write() as tx:
        return candidate_sets.store(
            tx,
            found,
            per_ranking=how.per_ranking if order.strategy is Strategy.DISCREPANCY else 0,
            criteria_id=queries.criteria.id,
            now=clock(),
            note=note,
            key=key,
            taxonomy=queries.criteria.taxonomy,
            asked=asked,
        )
