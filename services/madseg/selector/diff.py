"""What entered and left M between two target versions, or between two candidate sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from madseg.core.candidates import Candidate
from madseg.core.taxonomy import Taxonomy
from madseg.ports import Database
from madseg.selector import candidate_sets
from madseg.selector.candidate_sets import StoredContest
from madseg.selector.cut import Cutting
from madseg.selector.queries import Cut, Queries, Which

Side = Which | str
"""A target, whose M is cut now, or the id of a candidate set."""


@dataclass(frozen=True, slots=True)
class Member:
    """An image of one side's M: its place, 1 for the first, its discrepancy, and the classes it was chosen for."""

    rank: int
    discrepancy: float
    labels: frozenset[int]


@dataclass(frozen=True, slots=True)
class Change:
    """An image of one or both sides; None where it isn't in that side's M."""

    image_id: str
    old: Member | None
    new: Member | None

    @property
    def labels(self) -> list[int]:
        """The classes it was chosen for, by either side, ascending."""
        return sorted(set().union(*(side.labels for side in (self.old, self.new) if side is not None)))


@dataclass(frozen=True, slots=True)
class ClassChange:
    """How many images each side chose for a class, and how many of these the other one hadn't chosen for it."""

    label: int
    old: int
    new: int
    entered: int
    left: int


@dataclass(frozen=True, slots=True)
class Diff:
    """`left` in the old side's order, `entered` and `stayed` in the new side's; classes by label."""

    entered: list[Change]
    left: list[Change]
    stayed: list[Change]
    classes: list[ClassChange]
    old_contests: list[StoredContest]
    new_contests: list[StoredContest]


_Standing = tuple[dict[str, Member], list[StoredContest]]
"""The images of a side's M, in its order, and the contests that it stands on."""


def diff(database: Database, queries: Queries, old: Side, new: Side, how: Cutting) -> Diff:
    """Compares two sides, each a target that M is cut for, as `how` says, or a set.

    Two targets are cut from one snapshot, over the competitors that both have met.

    Raises:
        NotFound: no such set or contest, or no competitor that both have met.
        NotReady: a contest is still filling, and that isn't allowed.
    """
    targets = [side for side in (old, new) if isinstance(side, Which)]
    cuts = iter(
        queries.cuts(targets, how.images, how.per_ranking, near=how.near, allow_incomplete=how.allow_incomplete)
    )
    with database.snapshot() as tx:
        was, now = (
            _cut(next(cuts)) if isinstance(side, Which) else _stored(tx, side, queries.criteria.taxonomy)
            for side in (old, new)
        )
    return _compared(was, now)


def _cut(made: Cut) -> _Standing:
    return _members(made.candidates), [candidate_sets.as_stored(item) for item in made.contests]


def _stored(tx: Connection, set_id: str, taxonomy: Taxonomy) -> _Standing:
    found = candidate_sets.one_set(tx, set_id)
    rows = candidate_sets.candidates(tx, found.id, 0, found.size, taxonomy)
    return _members([row.candidate for row in rows]), found.contests


def _members(candidates: Sequence[Candidate]) -> dict[str, Member]:
    return {
        item.image_id: Member(rank, item.discrepancy, frozenset(place.key.label for place in item.placements))
        for rank, item in enumerate(candidates, 1)
    }


def _compared(was: _Standing, now: _Standing) -> Diff:
    (old, old_contests), (new, new_contests) = was, now
    return Diff(
        entered=[Change(image, None, member) for image, member in new.items() if image not in old],
        left=[Change(image, member, None) for image, member in old.items() if image not in new],
        stayed=[Change(image, old[image], member) for image, member in new.items() if image in old],
        classes=_classes(old, new),
        old_contests=old_contests,
        new_contests=new_contests,
    )


def _classes(old: Mapping[str, Member], new: Mapping[str, Member]) -> list[ClassChange]:
    before, after = _by_label(old), _by_label(new)
    changes = []
    for label in sorted(before.keys() | after.keys()):
        was, now = before.get(label, set()), after.get(label, set())
        changes.append(ClassChange(label, len(was), len(now), len(now - was), len(was - now)))
    return changes


def _by_label(members: Mapping[str, Member]) -> dict[int, set[str]]:
    chosen: dict[int, set[str]] = {}
    for image, member in members.items():
        for label in member.labels:
            chosen.setdefault(label, set()).add(image)
    return chosen
