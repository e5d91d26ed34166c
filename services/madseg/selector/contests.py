"""How far each contest has come, and which one answers a query."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, func, select

from madseg.core.errors import NotFound
from madseg.core.messages import Role, VersionRef
from madseg.selector.layout import Contest, Layout
from madseg.selector.stored import split
from madseg.selector.tables import TALLIES


class State(StrEnum):
    """How far a contest has come."""

    FILLING = "filling"
    COMPLETE = "complete"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Progress:
    """A contest with its state and the numbers of images compared, failed on, and still missing a prediction."""

    contest: Contest
    state: State
    compared: int
    failed: int
    missing: int

    @property
    def lacks(self) -> str:
        """What keeps it from being complete, for people."""
        ref = self.contest.ref
        if self.missing:
            return f"{ref.target} against {ref.competitor} lacks {self.missing} of {self.total} images"
        return f"{ref.target} against {ref.competitor} is being compared over the images stored before it was opened"

    @property
    def total(self) -> int:
        """Images known to the selector."""
        return self.compared + self.failed + self.missing


Tallies = list[tuple[set[int], set[int], int]]
"""(stored version ids, failed version ids, number of images with just these)."""


def tallies(tx: Connection) -> Tallies:
    """How many images have which versions, over all shards."""
    rows = tx.execute(
        select(TALLIES.c.stored, TALLIES.c.failed, func.sum(TALLIES.c.images).label("images")).group_by(
            TALLIES.c.stored, TALLIES.c.failed
        )
    )
    return [(split(row.stored), split(row.failed), int(row.images)) for row in rows if row.images]


def progress(layout: Layout, counts: Tallies) -> list[Progress]:
    """Every contest's progress, newest target version first, then by competitor."""
    contests = sorted(layout.contests.values(), key=lambda item: item.ref.competitor)
    contests.sort(key=lambda item: (item.ref.target.version, item.ref.target.model), reverse=True)
    return [_progress(layout, contest, counts) for contest in contests]


def chosen(layout: Layout, counts: Tallies, target: VersionRef | None, model: str = "") -> list[Progress]:
    """The contests that answer: those of the target version asked for, or else of the newest complete one.

    Where no version's contests are all complete, the newest version's answer as they are.

    Raises:
        NotFound: no such contest.
    """
    found = [item for item in progress(layout, counts) if not model or item.contest.ref.target.model == model]
    if target is not None:
        found = [item for item in found if item.contest.ref.target == target]
    else:
        found = [item for item in found if item.state is not State.RETIRED]
    groups: dict[VersionRef, list[Progress]] = {}
    for item in found:
        groups.setdefault(item.contest.ref.target, []).append(item)
    for group in groups.values():
        if all(item.state is State.COMPLETE for item in group):
            return group
    for group in groups.values():
        return group
    wanted = str(target) if target else model or "any target"
    raise NotFound(f"no contest of {wanted}: add a target and a competitor with `madseg model add`")


def met_by_all(chosen: Sequence[list[Progress]]) -> list[list[Progress]]:
    """The contests of some targets, those against competitors that not all of them have met left out.

    Raises:
        NotFound: there is no such competitor.
    """
    met = [{item.contest.ref.competitor for item in contests} for contests in chosen]
    shared = set.intersection(*met) if met else set()
    if met and not shared:
        targets = " and ".join(str(contests[0].contest.ref.target) for contests in chosen)
        raise NotFound(f"{targets} have met no competitor in common: M can't be compared")
    return [[item for item in contests if item.contest.ref.competitor in shared] for contests in chosen]


def _progress(layout: Layout, contest: Contest, counts: Tallies) -> Progress:
    sides = {contest.target_id, contest.competitor_id}
    compared = sum(number for stored, _, number in counts if sides <= stored)
    answered = sum(number for stored, failed, number in counts if sides <= stored | failed)
    total = sum(number for _, _, number in counts)
    serving = layout.competition.serving(Role.TARGET), layout.competition.serving(Role.COMPETITOR)
    if contest.ref.target not in serving[0] or contest.ref.competitor not in serving[1]:
        state = State.RETIRED
    else:
        state = State.COMPLETE if answered == total and contest.backfilled else State.FILLING
    return Progress(contest, state, compared, answered - compared, total - answered)
