"""What entered and left M: between two versions of a target, and between two candidate sets."""

from collections.abc import Sequence

import pytest

from madseg.core.errors import NotFound, NotReady
from madseg.core.messages import Role, RoleChanged, VersionRef
from madseg.ports import Database, Record
from madseg.selector import candidate_sets, edits
from madseg.selector.cut import Cutting
from madseg.selector.diff import Diff, diff
from madseg.selector.queries import Which
from madseg.selector.walk import EVERY_IMAGE, ImageFilter
from tests.selector import streams
from tests.selector.streams import COMPETITORS, TARGET
from tests.selector.test_replay import SECOND, World, announced

FIRST = Which(target=TARGET)
NEXT = Which(target=SECOND)
HOW = Cutting(EVERY_IMAGE, per_ranking=3, near=True, allow_incomplete=False)


@pytest.fixture
def world(database: Database) -> World:
    """Two versions of the target, both complete."""
    made = World(database, seed=4, number=70)
    made.learn(*announced(TARGET, *COMPETITORS))
    made.first()
    made.learn(*announced(SECOND, serving=(1, 2)))
    made.run()
    made.answer(made.asked)
    return made


def cut(world: World, which: Which, images: ImageFilter = EVERY_IMAGE) -> dict[str, tuple[int, float, set[int]]]:
    """M by an ordinary cut: rank, discrepancy and classes of each image."""
    found = world.selector.queries.cut(which, images, 3, near=True, allow_incomplete=True)
    return {
        item.image_id: (rank, item.discrepancy, {place.key.label for place in item.placements})
        for rank, item in enumerate(found.candidates, 1)
    }


def compared(world: World, old: Which | str, new: Which | str, how: Cutting = HOW) -> Diff:
    return diff(world.database, world.selector.queries, old, new, how)


def check(
    found: Diff, old: dict[str, tuple[int, float, set[int]]], new: dict[str, tuple[int, float, set[int]]]
) -> None:
    """The difference of two cuts, image by image and class by class."""
    assert [image for image in new if image not in old] == [item.image_id for item in found.entered]
    assert [image for image in old if image not in new] == [item.image_id for item in found.left]
    assert [image for image in new if image in old] == [item.image_id for item in found.stayed]
    for item in (*found.entered, *found.left, *found.stayed):
        sides = [side for side in (old.get(item.image_id), new.get(item.image_id)) if side]
        assert sides == [(side.rank, side.discrepancy, set(side.labels)) for side in (item.old, item.new) if side]
        assert sorted(set().union(*(labels for *_, labels in sides))) == item.labels
    for line in found.classes:
        before, after = ({image for image, (*_, labels) in side.items() if line.label in labels} for side in (old, new))
        assert (line.old, line.new) == (len(before), len(after))
        assert (line.entered, line.left) == (len(after - before), len(before - after))
    assert {label for side in (old, new) for *_, labels in side.values() for label in labels} == {
        line.label for line in found.classes
    }


def test_two_versions_are_compared_by_their_cuts(world: World) -> None:
    """Without storing one; nothing changes between a version and itself."""
    old, new = cut(world, FIRST), cut(world, NEXT)
    found = compared(world, FIRST, NEXT)
    assert found.entered
    assert found.left
    check(found, old, new)
    assert {item.target for item in found.old_contests} == {TARGET}
    assert {item.target for item in found.new_contests} == {SECOND}
    same = compared(world, FIRST, FIRST)
    assert (same.entered, same.left) == ([], [])
    check(same, old, old)
    with world.database.snapshot() as tx:
        assert candidate_sets.page(tx, 9, "") == ([], "")


def test_a_filter_holds_for_both(world: World) -> None:
    """Images of one source."""
    phone = ImageFilter(source="phone")
    found = compared(world, FIRST, NEXT, Cutting(phone, 3, near=True, allow_incomplete=False))
    check(found, cut(world, FIRST, phone), cut(world, NEXT, phone))


def test_candidate_sets_are_compared_as_they_were_cut(world: World) -> None:
    """With each other, and with what a target's M is now."""
    cuts = [cut(world, which) for which in (FIRST, NEXT)]
    first, second = (stored(world, which) for which in (FIRST, NEXT))
    vetoed = [image for side in cuts for image in list(side)[:5]]
    edits.exclude(world.database, vetoed, "veto", now=0)
    check(compared(world, first, second), *cuts)
    check(compared(world, first, NEXT), cuts[0], cut(world, NEXT))
    assert set(vetoed) & set(cuts[0]) <= {item.image_id for item in compared(world, first, FIRST).left}


def stored(world: World, which: Which) -> str:
    """The id of a set cut now."""
    found = world.selector.queries.cut(which, EVERY_IMAGE, 3, near=True, allow_incomplete=True)
    with world.database.write() as tx:
        return candidate_sets.store(
            tx, found, per_ranking=3, criteria_id="x", now=0, note="", key=None, taxonomy=streams.TAXONOMY
        ).id


def test_only_competitors_that_both_have_met_count(world: World) -> None:
    """Else whatever one of them brought in alone would seem to have entered or left."""
    world.learn(retired("beta"))
    joining = VersionRef("omega", 1)
    world.learn(*announced(joining), *announced(VersionRef("alpha", 3), serving=(2, 3)))
    found = compared(world, NEXT, Which(target=VersionRef("alpha", 3)), cutting(allow_incomplete=True))
    assert names(found.old_contests) == names(found.new_contests) == ["delta", "gamma", "omega"]
    found = compared(world, FIRST, NEXT, cutting(allow_incomplete=True))
    assert names(found.old_contests) == names(found.new_contests) == ["beta", "delta", "gamma"]


def cutting(*, allow_incomplete: bool) -> Cutting:
    return Cutting(EVERY_IMAGE, 3, near=True, allow_incomplete=allow_incomplete)


def names(contests: Sequence[candidate_sets.StoredContest]) -> list[str]:
    return sorted(item.competitor.model for item in contests)


def retired(model: str) -> Record:
    """The model leaves."""
    return streams.announced(RoleChanged(model, Role.RETIRED, ()))[0]


def test_an_incomplete_side_is_refused_unless_it_is_allowed(world: World) -> None:
    """As a cut is; the message says what it lacks."""
    world.first(streams.images(77, 5))
    with pytest.raises(NotReady, match="alpha/2 against beta/1 lacks 5 of 75 images"):
        compared(world, FIRST, NEXT)
    compared(world, FIRST, NEXT, cutting(allow_incomplete=True))


def test_sides_that_are_not_there_are_not_found(world: World) -> None:
    """A version, a set."""
    with pytest.raises(NotFound, match="alpha/7"):
        compared(world, FIRST, Which(target=VersionRef("alpha", 7)))
    with pytest.raises(NotFound, match="no candidate set"):
        compared(world, FIRST, "f" * 32)
    with world.database.snapshot() as tx, pytest.raises(NotFound, match="`madseg candidates cut` cuts one"):
        candidate_sets.one_set(tx, "")


def test_targets_without_a_common_competitor_can_not_be_compared(database: Database) -> None:
    """Each has met somebody else."""
    world = World(database, seed=5, number=10)
    world.learn(*announced(TARGET, VersionRef("beta", 1)))
    world.learn(retired("beta"), *announced(VersionRef("gamma", 1), SECOND, serving=()))
    with pytest.raises(NotFound, match="alpha/1 and alpha/2 have met no competitor in common"):
        compared(world, FIRST, NEXT, cutting(allow_incomplete=True))
