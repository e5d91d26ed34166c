"""Any versions against each other equal the dense batch computation, pair by pair."""

import random
from itertools import combinations

import pytest

from madseg.core.candidates import Order
from madseg.core.errors import NotFound
from madseg.core.messages import Defender, VersionRef
from madseg.ports import Database
from madseg.selector import candidate_sets, edits
from madseg.selector.queries import Cut, Which
from madseg.selector.walk import EVERY_IMAGE, ImageFilter
from tests import reference
from tests.selector import streams
from tests.selector.streams import COMPETITORS, TARGET
from tests.selector.test_exactness import NEAR, Selector, criteria, rules

BOUNDS = {1: (0.0, 0.5)}
EVERYBODY = tuple(sorted((TARGET, *COMPETITORS)))


@pytest.fixture
def images() -> list[reference.Image]:
    """With ties, gaps, near-duplicates, and a lane."""
    return streams.images(17, 80)


@pytest.fixture
def selector(database: Database, images: list[reference.Image]) -> Selector:
    """Everything is in; gamma knows no birds."""
    rng, made = random.Random(5), Selector(database, criteria(BOUNDS), 2)
    made.roles.handle(streams.model_records(covers=("ground", "tree", "car")))
    made.feed(streams.records(streams.events(images, rng), 2), rng)
    edits.exclude(database, [image.image_id for image in images[:4]], "veto", now=0)
    return made


def cut(selector: Selector, *contestants: VersionRef, near: bool = True, images: ImageFilter = EVERY_IMAGE) -> Cut:
    """A competition that isn't stored."""
    order = Order(contestants=contestants)
    return selector.queries.cut(Which(), images, 3, near=near, allow_incomplete=False, order=order)


def chosen(found: Cut) -> dict[str, set[tuple[str, str, str, int]]]:
    """Image id to the rankings that chose it."""
    return {
        item.image_id: {
            (at.key.target.model, at.key.competitor.model, at.key.defender.value, at.key.label)
            for at in item.placements
        }
        for item in found.candidates
    }


def expected(
    images: list[reference.Image], by: reference.Rules, contestants: tuple[VersionRef, ...], near: int
) -> dict[str, set[tuple[str, str, str, int]]]:
    """The same from whole lists: of images that all have a map of, those on which a pair differs."""
    whole = [image for image in images if {ref.model for ref in contestants} <= set(image.maps)]
    hashes = {image.image_id: image.perceptual_hash for image in whole}
    entries = [
        (-d, image_id, (first.model, second.model, defender.value, label))
        for first, second in combinations(contestants, 2)
        for defender in Defender
        for label in by.ranked
        for d, image_id in reference.ranking(whole, by, first.model, second.model, defender.value, label)
        if d > 0
    ]
    entries.sort(key=lambda entry: (entry[0], entry[1], entry[2]))
    found: dict[str, set[tuple[str, str, str, int]]] = {}
    behind: set[str] = set()
    places: dict[tuple[str, str, str, int], int] = {}
    for _, image_id, key in entries:
        if places.get(key, 0) >= 3 or image_id in behind:
            continue
        if image_id not in found:
            if any(_near(hashes[image_id], hashes[other], near) for other in found):
                behind.add(image_id)
                continue
            found[image_id] = set()
        found[image_id].add(key)
        places[key] = places.get(key, 0) + 1
    return found


def _near(first: int | None, second: int | None, bits: int) -> bool:
    return first is not None and second is not None and (first ^ second).bit_count() <= bits


@pytest.mark.parametrize("near", [True, False])
@pytest.mark.parametrize("contestants", [EVERYBODY, EVERYBODY[:2], EVERYBODY[2:]])
def test_it_equals_the_batch(
    selector: Selector, images: list[reference.Image], contestants: tuple[VersionRef, ...], near: bool
) -> None:
    """All pairs, both roles, under the constraint; classes that one of a pair doesn't know aren't ranked."""
    by = rules(criteria(BOUNDS), [image.image_id for image in images[:4]], gamma=(0, 1, 2))
    wanted = expected(images, by, contestants, NEAR if near else -1)
    found = chosen(cut(selector, *contestants, near=near))
    assert wanted == found
    assert len(wanted) > 5


def test_a_filter_holds(selector: Selector, images: list[reference.Image]) -> None:
    """Of one source."""
    phone = [image for image in images if streams.facts(image).source == "phone"]
    by = rules(criteria(BOUNDS), [image.image_id for image in images[:4]], gamma=(0, 1, 2))
    found = chosen(cut(selector, *EVERYBODY, images=ImageFilter(source="phone")))
    assert expected(phone, by, EVERYBODY, NEAR) == found


def test_a_stranger_is_not_found(selector: Selector) -> None:
    """By its name."""
    with pytest.raises(NotFound, match="omega/3 is no version"):
        cut(selector, TARGET, VersionRef("omega", 3))


def test_a_stored_competition_names_its_contestants(selector: Selector, database: Database) -> None:
    """It has no contest, and reads back as it was cut."""
    made = cut(selector, *EVERYBODY)
    with database.write() as tx:
        stored = candidate_sets.store(
            tx, made, per_ranking=3, criteria_id="x", now=0, note="", key=None, taxonomy=streams.TAXONOMY
        )
        found = candidate_sets.candidates(tx, stored.id, 0, 1000, streams.TAXONOMY)
    assert (stored.order.contestants, stored.contests) == (EVERYBODY, [])
    assert [item.candidate for item in found] == made.candidates
