"""Any versions against each other equal the dense batch computation, pair by pair."""

import random
import tracemalloc
from itertools import combinations

import numpy as np
import pytest

from madseg.core.candidates import Order
from madseg.core.errors import NotFound
from madseg.core.messages import Defender, VersionRef
from madseg.ports import Database
from madseg.selector import candidate_sets, edits
from madseg.selector.competing import FIRST_ENTRIES, Compared, competed
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


def drawn(images: int, contestants: int) -> Compared:
    """What may have been compared; many discrepancies are equal."""
    rng = np.random.default_rng(images)
    areas = rng.integers(0, 40, (contestants, images, 4), np.int32)
    areas[rng.random(areas.shape) < 0.5] = 0
    pairs = list(combinations(range(contestants), 2))
    discrepancies = {pair: np.round(rng.random(images), 2) for pair in pairs}
    ids = [f"{number:032x}" for number in range(images)]
    return Compared(ids, [None] * images, discrepancies, areas, dict.fromkeys(pairs, (1, 2, 3)))


@pytest.mark.parametrize("per_ranking", [1, FIRST_ENTRIES, FIRST_ENTRIES + 1, 4 * FIRST_ENTRIES, 3000])
def test_a_ranking_that_is_followed_far_goes_on_in_its_order(per_ranking: int) -> None:
    """However much of it is put in order at once; what is equal goes by id."""
    found, of = drawn(3000, 2), criteria(BOUNDS)
    chosen = competed(found, of, (TARGET, COMPETITORS[0]), per_ranking, near=-1)
    for defender, side in ((Defender.TARGET, 0), (Defender.COMPETITOR, 1)):
        for label in (1, 2, 3):
            low, high = BOUNDS.get(label, (0.0, 1.0))
            discrepancy, shares = found.discrepancies[0, 1], found.areas[side, :, label] / of.grid.pixels
            there = [n for n in range(3000) if shares[n] > 0 and low <= shares[n] <= high and discrepancy[n] > 0]
            there.sort(key=lambda n: (-discrepancy[n], n))
            places = {
                place.rank: item.image_id
                for item in chosen
                for place in item.placements
                if (place.key.defender, place.key.label) == (defender, label)
            }
            assert [found.image_ids[n] for n in there[:per_ranking]] == [places[rank] for rank in sorted(places)]


def test_rankings_hold_no_more_than_what_is_read_next() -> None:
    """Ten contestants have hundreds of them, each over all images."""
    images, contestants = 10_000, tuple(VersionRef(f"net{n}", 1) for n in range(10))
    found = drawn(images, len(contestants))
    tracemalloc.start()
    chosen = competed(found, criteria(), contestants, 2, near=-1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert chosen
    assert peak < 300 * images


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
