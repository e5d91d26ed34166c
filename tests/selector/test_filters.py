"""Queries by time window, source and tag answer as a batch computation over just those images would."""

import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from madseg.core.messages import Defender, ImageFacts
from madseg.core.times import micros
from madseg.ports import Database
from madseg.selector import edits
from madseg.selector.queries import Which
from madseg.selector.walk import ImageFilter
from tests import reference
from tests.selector import streams
from tests.selector.streams import START, TAXONOMY
from tests.selector.test_exactness import Selector, criteria, expected_candidates, expected_rankings, rules

NOON, EVENING = START + timedelta(minutes=300), START + timedelta(minutes=650)

FILTERS: dict[str, tuple[ImageFilter, Callable[[ImageFacts], bool]]] = {
    "since": (ImageFilter(captured_from=micros(NOON)), lambda facts: facts.captured_at >= NOON),
    "until": (ImageFilter(captured_until=micros(NOON)), lambda facts: facts.captured_at < NOON),
    "window": (ImageFilter(micros(NOON), micros(EVENING)), lambda facts: NOON <= facts.captured_at < EVENING),
    "source": (ImageFilter(source="phone"), lambda facts: facts.source == "phone"),
    "tag": (ImageFilter(tags={"weather": "rain"}), lambda facts: facts.tags.get("weather") == "rain"),
    "tags": (
        ImageFilter(tags={"weather": "rain", "site": "gate"}),
        lambda facts: facts.tags == {"weather": "rain", "site": "gate"},
    ),
    "all": (
        ImageFilter(micros(NOON), None, "crawl", {"site": "gate"}),
        lambda facts: facts.captured_at >= NOON and facts.source == "crawl" and facts.tags.get("site") == "gate",
    ),
    "nothing": (ImageFilter(source="nowhere"), lambda _: False),
    "an empty tag": (ImageFilter(tags={"weather": ""}), lambda _: False),
}


@pytest.fixture
def filled(database: Database) -> tuple[Selector, list[reference.Image]]:
    """A selector whose rankings hold few images ready, so that filters soon read past the floor."""
    rng, made = random.Random(6), Selector(database, criteria(), 2, capacity=3)
    made.roles.handle(streams.model_records())
    images = streams.images(61, 120)
    made.feed(streams.records(streams.events(images, rng), 2), rng)
    while made.chores.due:
        made.chores()
    edits.exclude(database, [image.image_id for image in images[:9]], "veto", now=0)
    return made, images


def test_every_filter_gives_the_rankings_and_m_of_just_those_images(
    filled: tuple[Selector, list[reference.Image]],
) -> None:
    """To the bit, in pages too; excluded images stay out."""
    made, images = filled
    by = rules(criteria(), [image.image_id for image in images[:9]])
    for name, (images_filter, takes) in FILTERS.items():
        chosen = [image for image in images if takes(streams.facts(image))]
        assert bool(chosen) == (name not in ("nothing", "an empty tag"))
        wanted = expected_rankings(chosen, by)
        assert wanted == {key: paged(made, key, images_filter) for key in wanted}, name
        found = made.queries.cut(Which(), images_filter, 3, near=True, allow_incomplete=False)
        m = {
            item.image_id: {(at.key.competitor.model, at.key.defender.value, at.key.label) for at in item.placements}
            for item in found.candidates
        }
        assert expected_candidates(chosen, by, 3) == m, name


def paged(made: Selector, key: tuple[str, str, int], images: ImageFilter) -> list[tuple[float, str]]:
    """A ranking, five images a page."""
    which = Which(competitor_model=key[0], defender=Defender(key[1]), class_name=TAXONOMY.names[key[2]])
    rows: list[tuple[float, str]] = []
    after = None
    while True:
        page = made.queries.page(which, images, 5, after, near=False)
        rows += [(place.entry.discrepancy, place.entry.image_id) for place in page.ranked]
        if not page.more:
            return rows
        after = page.ranked[-1].entry.order
