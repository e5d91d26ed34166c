"""Sets by entropy and by lot differ from M in their order alone."""

import random
from collections.abc import Mapping

import pytest

from madseg.core.candidates import Order, Strategy
from madseg.core.errors import InvalidInput, NotReady
from madseg.core.label_map import encode, from_dense
from madseg.core.messages import Prediction, PredictionFailure, PredictionsMade
from madseg.ports import Database
from madseg.selector import candidate_sets, edits
from madseg.selector.queries import Cut, Which
from madseg.selector.sampling import lot
from madseg.selector.walk import EVERY_IMAGE, ImageFilter
from tests import reference
from tests.selector import streams
from tests.selector.streams import COMPETITORS, TARGET
from tests.selector.test_exactness import NEAR, Selector, criteria, expected_rankings, rules

BOUNDS = {1: (0.0, 0.3), 2: (0.05, 0.6)}


def entropy(image_id: str) -> float:
    """Of the target's map; many images have the same."""
    return float(int(image_id, 16) % 7) / 8


class World:
    """Images that are in, the target's with their entropies."""

    def __init__(self, database: Database, *, entropies: bool = True) -> None:
        rng = random.Random(3)
        self.images = streams.images(31, 90)
        self.selector = Selector(database, criteria(BOUNDS), 2, capacity=3)
        self.selector.roles.handle(streams.model_records())
        made = [self._event(image, entropies=entropies) for image in self.images]
        self.selector.feed(streams.records(made, 2), rng)
        while self.selector.chores.due:
            self.selector.chores()
        self.gone = [image.image_id for image in self.images[:6]]
        edits.exclude(database, self.gone, "veto", now=0)

    def _event(self, image: reference.Image, *, entropies: bool) -> PredictionsMade:
        outcomes: list[Prediction | PredictionFailure] = []
        for ref in (TARGET, *COMPETITORS):
            if ref.model not in image.maps:
                outcomes.append(PredictionFailure(ref, "no answer"))
                continue
            unsure = entropy(image.image_id) if entropies and ref == TARGET else None
            outcomes.append(Prediction(ref, encode(from_dense(image.maps[ref.model])), unsure))
        return PredictionsMade(streams.facts(image), tuple(outcomes))

    def cut(self, order: Order, images: ImageFilter = EVERY_IMAGE, *, near: bool = True) -> Cut:
        """A set that isn't stored."""
        return self.selector.queries.cut(Which(), images, 25, near=near, allow_incomplete=False, order=order)

    def eligible(self) -> list[reference.Image]:
        """Those that the target has a map of and that may be mined."""
        return [
            image
            for image in self.images
            if not image.random_lane and image.image_id not in self.gone and TARGET.model in image.maps
        ]

    def ungrouped(self, score: Mapping[str, float], size: int, near: int) -> list[str]:
        """By hand: the first of all, near-duplicates left out."""
        hashes = {image.image_id: image.perceptual_hash for image in self.images}
        taken: list[str] = []
        for image_id in sorted(score, key=lambda image_id: (-score[image_id], image_id)):
            if len(taken) < size and not any(_near(hashes[image_id], hashes[other], near) for other in taken):
                taken.append(image_id)
        return taken


def _near(first: int | None, second: int | None, bits: int) -> bool:
    return first is not None and second is not None and (first ^ second).bit_count() <= bits


@pytest.fixture
def world(database: Database) -> World:
    """Everything is in."""
    return World(database)


@pytest.mark.parametrize("near", [True, False])
def test_by_entropy_the_most_unsure_come_first(world: World, near: bool) -> None:
    """Ties by id; excluded images and the random lane stay out, near-duplicates take no place."""
    score = {image.image_id: entropy(image.image_id) for image in world.eligible()}
    found = world.cut(Order(Strategy.ENTROPY, 20), near=near)
    assert [item.image_id for item in found.candidates] == world.ungrouped(score, 20, NEAR if near else -1)
    assert [item.score for item in found.candidates] == [score[item.image_id] for item in found.candidates]
    assert all(item.placements == [] for item in found.candidates)


def test_by_lot_the_seed_decides(world: World) -> None:
    """The same seed gives the same set, another one another; each image has the same chance."""
    first, again, other = (world.cut(Order(Strategy.RANDOM, 20, seed=seed)) for seed in (4, 4, 5))
    ids = [[item.image_id for item in found.candidates] for found in (first, again, other)]
    score = {image.image_id: lot(4, image.image_id) for image in world.eligible()}
    assert ids[0] == ids[1] == world.ungrouped(score, 20, NEAR)
    assert ids[0] != ids[2]
    lots = [lot(1, f"{number:032x}") for number in range(2000)]
    assert sum(lots) / len(lots) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("strategy", [Strategy.ENTROPY, Strategy.RANDOM])
def test_grouped_sets_go_through_the_rankings(world: World, strategy: Strategy) -> None:
    """Each image is in the rankings that chose it, within the constraint; its places keep its discrepancies."""
    order = Order(strategy, 15, grouped=True, seed=2 if strategy is Strategy.RANDOM else 0)
    found = world.cut(order)
    by = rules(criteria(BOUNDS), world.gone)
    rankings = {key: {b: a for a, b in rows} for key, rows in expected_rankings(world.images, by).items()}
    assert len(found.candidates) == 15
    for item in found.candidates:
        assert item.placements
        for at in item.placements:
            key = (at.key.competitor.model, at.key.defender.value, at.key.label)
            assert rankings[key][item.image_id] == at.discrepancy
    scores = [item.score for item in found.candidates]
    assert scores == sorted(scores, key=lambda value: -(value or 0))


def test_a_grouped_set_by_discrepancy_would_be_m(world: World) -> None:
    """With as many images as are there, every image of a ranking is in it."""
    found = world.cut(Order(Strategy.RANDOM, 10_000, grouped=True), near=False)
    by = rules(criteria(BOUNDS), world.gone)
    wanted = {image for rows in expected_rankings(world.images, by).values() for _, image in rows}
    assert {item.image_id for item in found.candidates} == wanted


def test_filters_hold(world: World) -> None:
    """By source and tag."""
    found = world.cut(Order(Strategy.RANDOM, 100), ImageFilter(source="phone", tags={"weather": "rain"}))
    facts = {image.image_id: streams.facts(image) for image in world.images}
    assert found.candidates
    for item in found.candidates:
        known = facts[item.image_id]
        assert (known.source, known.tags.get("weather")) == ("phone", "rain")


def test_a_target_without_entropies_is_refused(database: Database) -> None:
    """With what to do instead; by lot it goes."""
    world = World(database, entropies=False)
    with pytest.raises(InvalidInput, match="labels alone"):
        world.cut(Order(Strategy.ENTROPY, 5))
    assert len(world.cut(Order(Strategy.RANDOM, 5)).candidates) == 5


def test_a_stored_set_tells_how_it_was_cut(world: World, database: Database) -> None:
    """Its order, and each image's score."""
    order = Order(Strategy.RANDOM, 7, grouped=True, seed=(1 << 63) - 1)
    cut = world.cut(order)
    with database.write() as tx:
        made = candidate_sets.store(
            tx, cut, per_ranking=0, criteria_id="x", now=0, note="", key=None, taxonomy=streams.TAXONOMY
        )
        found = candidate_sets.candidates(tx, made.id, 0, 100, streams.TAXONOMY)
    assert (made.order, made.size) == (order, 7)
    assert [item.candidate for item in found] == cut.candidates


def test_not_ready(database: Database) -> None:
    """A contest that is still filling is named."""
    made = Selector(database, criteria(), 2)
    made.roles.handle(streams.model_records())
    image = streams.images(1, 1)[0]
    event = PredictionsMade(streams.facts(image), (PredictionFailure(TARGET, "no answer"),))
    made.absorb.handle(streams.records([event], 2)[:1])
    order = Order(Strategy.RANDOM, 5)
    with pytest.raises(NotReady, match="not complete"):
        made.queries.cut(Which(), EVERY_IMAGE, 25, near=True, allow_incomplete=False, order=order)
    assert made.queries.cut(Which(), EVERY_IMAGE, 25, near=True, allow_incomplete=True, order=order).candidates == []
