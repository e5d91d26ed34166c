"""What labelling asks of other services: the fake and the real calls keep the same promises."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from madseg.core.errors import InvalidInput, NotFound, Unauthenticated, Unavailable
from madseg.labelling.neighbours import Neighbours, Remote
from tests.labelling.fakes import OURS, FakeNeighbours, add_set, image, neighbours
from tests.labelling.speaking import speaking


@pytest.fixture
def known() -> FakeNeighbours:
    """Ten images in a set, three of them in an older one."""
    made = FakeNeighbours()
    add_set(made, [7, 3, 5], "b" * 32)
    add_set(made, range(10), "a" * 32)
    return made


@pytest.fixture(params=["fake", "remote"])
def asked(request: pytest.FixtureRequest, known: FakeNeighbours) -> Iterator[Neighbours]:
    """Those that are asked."""
    if request.param == "fake":
        yield known
        return
    with speaking(known) as address:
        yield Remote(lambda: address, lambda: address)


def test_a_candidate_set_comes_whole_and_in_order(asked: Neighbours, known: FakeNeighbours) -> None:
    """Over several pages; the newest where none is named."""
    assert asked.candidate_set("") == known.sets["a" * 32]
    assert asked.candidate_set("b" * 32) == known.sets["b" * 32]
    assert [item.image_id for item in asked.candidate_set("b" * 32).candidates] == [image(7), image(3), image(5)]


def test_an_image_may_have_no_hash(asked: Neighbours, known: FakeNeighbours) -> None:
    """It was imported without a picture."""
    found = known.sets["a" * 32]
    first = replace(found.candidates[0], perceptual_hash=None)
    known.sets["a" * 32] = replace(found, candidates=(first, *found.candidates[1:]))
    assert asked.candidate_set("a" * 32).candidates[0].perceptual_hash is None


def test_what_is_not_there(asked: Neighbours) -> None:
    """A set, an image; an image without maps has none."""
    with pytest.raises(NotFound, match="no candidate set"):
        asked.candidate_set("c" * 32)
    with pytest.raises(NotFound, match="no image"):
        asked.picture(image(99))
    assert asked.label_maps(image(99)) == {}


def test_maps_and_facts_come_as_they_are(asked: Neighbours, known: FakeNeighbours) -> None:
    """To the byte."""
    assert asked.label_maps(image(3)) == known.maps[image(3)]
    assert asked.label_maps(image(3))[OURS] == known.maps[image(3)][OURS]
    assert asked.picture(image(3)) == known.pictures[image(3)]
    assert asked.project() == FakeNeighbours().project()


def test_exclusions_have_reasons_and_may_be_told_twice(asked: Neighbours, known: FakeNeighbours) -> None:
    """One reason taken back leaves the other."""
    for _ in range(2):
        asked.exclude([image(1), image(2)], "veto")
        asked.exclude([image(1)], "training")
        asked.restore([image(1)], "veto")
    assert known.excluded == {(image(2), "veto"), (image(1), "training")}


def test_a_service_that_does_not_answer(asked: Neighbours, known: FakeNeighbours) -> None:
    """Is tried for a while, and then it is Unavailable."""
    known.away = True
    with pytest.raises(Unavailable, match="does not answer"):
        asked.label_maps(image(1))


class Strict(FakeNeighbours):
    """Neighbours that know nobody's token."""

    def _answer(self) -> None:
        raise Unauthenticated("nobody has this token")


def test_a_token_of_labelling_s_own_is_not_that_of_whoever_asked() -> None:
    """A rater would look for a mistake of theirs."""
    with speaking(Strict()) as address:
        remote = Remote(lambda: address, lambda: address, "old")
        with pytest.raises(Unavailable, match=r"^selector refuses labelling's own token, not the caller's: nobody has"):
            remote.label_maps(image(1))


def test_a_set_of_several_targets_is_refused(known: FakeNeighbours) -> None:
    """A campaign judges the maps of one version."""
    found = known.sets["b" * 32]
    known.sets["b" * 32] = replace(found, competitors=())
    with speaking(known) as address, pytest.raises(InvalidInput, match="cut it for one"):
        Remote(lambda: address, lambda: address).candidate_set("b" * 32)


def test_neighbours_are_made_for_tests() -> None:
    """All label maps differ, so that no grade is carried by chance."""
    made = neighbours(30)
    assert len({maps[OURS] for maps in made.maps.values()}) == 30
