"""Where images would stand, those of the random lane too, as the dense batch computation has it."""

import random
from dataclasses import replace

import pytest

from madseg.core.errors import InvalidInput, NotFound
from madseg.ports import Database
from madseg.selector.queries import Which
from tests import reference
from tests.selector import streams
from tests.selector.streams import COMPETITORS, TARGET
from tests.selector.test_exactness import NEAR, Selector, criteria, rules

BOUNDS = {2: (0.05, 0.6)}
SIDES = ("target", "competitor")


@pytest.fixture
def images() -> list[reference.Image]:
    """With a lane."""
    return streams.images(23, 90)


@pytest.fixture
def selector(database: Database, images: list[reference.Image]) -> Selector:
    """Everything is in; rankings hold few images ready, so that their last places are read past the floor."""
    rng, made = random.Random(8), Selector(database, criteria(BOUNDS), 2, capacity=3)
    made.roles.handle(streams.model_records())
    made.feed(streams.records(streams.events(images, rng), 2), rng)
    while made.chores.due:
        made.chores()
    return made


def collapsed(images: list[reference.Image], by: reference.Rules, key: tuple[str, str, int]) -> list[tuple[float, str]]:
    """A ranking without near-duplicates."""
    hashes = {image.image_id: image.perceptual_hash for image in images}
    kept: list[tuple[float, str]] = []
    for d, image_id in reference.ranking(images, by, "alpha", *key):
        mine = hashes[image_id]
        others = (hashes[other] for _, other in kept)
        if mine is None or not any(o is not None and (mine ^ o).bit_count() <= NEAR for o in others):
            kept.append((d, image_id))
    return kept


@pytest.mark.parametrize("per_ranking", [1, 5, 500])
def test_every_image_has_the_place_it_would_take(
    selector: Selector, images: list[reference.Image], per_ranking: int
) -> None:
    """In how many rankings it would be, and in how many it would be mined."""
    by, ids = rules(criteria(BOUNDS)), [image.image_id for image in images]
    found = selector.queries.places(Which(), [*ids, "e" * 32], per_ranking)
    assert (found.target, found.unknown) == (TARGET, ["e" * 32])
    assert [item.image_id for item in found.places] == ids
    keys = [(ref.model, side, label) for ref in COMPETITORS for side in SIDES for label in by.ranked]
    tops = {key: collapsed(images, by, key)[:per_ranking] for key in keys}
    for image, item in zip(images, found.places, strict=True):
        alone = replace(image, random_lane=False)
        rows = {key: rows[0] for key in keys if (rows := reference.ranking([alone], by, "alpha", *key))}
        seen = {key: d for key, (d, _) in rows.items() if d > 0}
        assert item.rankings == len(seen)
        assert item.top == sum(
            len(tops[key]) < per_ranking or (-d, image.image_id) <= (-tops[key][-1][0], tops[key][-1][1])
            for key, d in seen.items()
        )
        wanted = [
            reference.discrepancy(image.maps["alpha"], image.maps[ref.model], by.classes)
            for ref in COMPETITORS
            if {"alpha", ref.model} <= set(image.maps)
        ]
        assert sorted(item.discrepancies) == sorted(wanted)


def test_what_can_t_be_asked(selector: Selector) -> None:
    """A target without a contest, and what is no image's id."""
    with pytest.raises(NotFound):
        selector.queries.places(Which(target_model="nobody"), ["e" * 32], 5)
    with pytest.raises(InvalidInput):
        selector.queries.places(Which(), ["x"], 5)
