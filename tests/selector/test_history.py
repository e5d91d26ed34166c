"""Images that history has passed are gone exactly, nothing in flight revives them, and a picture may come again."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from madseg.core.errors import InvalidInput
from madseg.core.messages import PredictionsMade
from madseg.core.times import micros
from madseg.ports import Database
from madseg.selector import candidate_sets, edits
from madseg.selector.history import expire
from madseg.selector.queries import Which
from madseg.selector.status import status
from madseg.selector.tables import FAILURES, IMAGES, LEADERS, MAPS, PAIRS
from madseg.selector.walk import EVERY_IMAGE
from tests import reference
from tests.selector import streams
from tests.selector.test_exactness import (
    Selector,
    criteria,
    expected_candidates,
    expected_rankings,
    rules,
)

LATER = micros(streams.START + timedelta(days=1000))


def selector(database: Database) -> Selector:
    """One that knows the models."""
    made = Selector(database, criteria(), 2)
    made.roles.handle(streams.model_records())
    return made


def accepted(image: reference.Image) -> datetime:
    """When it was accepted."""
    moment = streams.facts(image).accepted_at
    assert moment is not None
    return moment


def expired(database: Database, images: Sequence[reference.Image], before: datetime) -> int:
    """What the gateway does: names its old images, a few at a time."""
    old = [image.image_id for image in images if accepted(image) < before]
    parts = [old[start : start + 7] for start in range(0, len(old), 7)]
    return sum(expire(database, criteria(), part, micros(before), LATER) for part in parts)


def check(made: Selector, left: Sequence[reference.Image]) -> None:
    """Rankings, M, counts and rows are those of the images that are left."""
    by = rules(criteria())
    made.finish_chores()
    expected = expected_rankings(left, by)
    assert expected == made.rankings()
    assert expected_candidates(left, by, 3) == made.candidates(3)
    for line in made.queries.summaries(Which()):
        key = (line.key.competitor.model, line.key.defender.value, line.key.label)
        rows = expected[key]
        assert (line.images, line.eligible) == (len(rows), len(rows))
        assert line.mean_discrepancy == pytest.approx(sum(d for d, _ in rows) / len(rows) if rows else 0)
    with made.database.snapshot() as tx:
        assert status(tx, streams.TOPIC).images == len(left)
        numbers = select(IMAGES.c.number)
        for table in (MAPS, FAILURES, PAIRS):
            orphans = select(func.count()).select_from(table).where(table.c.number.not_in(numbers))
            assert tx.execute(orphans).scalar_one() == 0
        strays = select(func.count()).select_from(LEADERS).where(LEADERS.c.image_id.not_in(select(IMAGES.c.image_id)))
        assert tx.execute(strays).scalar_one() == 0


@pytest.mark.parametrize("seed", range(4))
def test_what_is_left_equals_the_reference_whenever_images_expire(database: Database, seed: int) -> None:
    """The horizon moves on in mid-stream; records of expired images go on coming, and change nothing."""
    rng, made = random.Random(seed), selector(database)
    images = streams.images(seed, 80)
    records = streams.records(streams.events(images, rng), 2)
    horizons = sorted(rng.sample(range(1000), 3))
    cuts = [0, *sorted(rng.sample(range(len(records)), 3)), len(records)]
    for start, end, hours in zip(cuts, cuts[1:], [*horizons, horizons[-1]], strict=False):
        made.feed(records[start:end], rng)
        expired(database, images, streams.START + timedelta(hours=hours))
    horizon = streams.START + timedelta(hours=horizons[-1])
    left = [image for image in images if accepted(image) >= horizon]
    assert 0 < len(left) < len(images)
    check(made, left)


def test_the_same_picture_sent_again_is_a_new_image(database: Database) -> None:
    """Accepted after the horizon: it ranks as if it had never been here. Its old records go on being dropped."""
    rng, made = random.Random(1), selector(database)
    images = streams.images(21, 40)
    old = streams.events(images, rng)
    offsets = [0, 0]
    made.feed(streams.records(old, 2, offsets), rng)
    horizon = streams.START + timedelta(hours=1000)
    assert expired(database, images, horizon) == 40
    check(made, [])
    again = images[:15]
    new = [
        PredictionsMade(replace(event.image, accepted_at=horizon), event.outcomes)
        for event in streams.events(again, rng)
    ]
    mixed = old + new
    rng.shuffle(mixed)
    made.feed(streams.records(mixed, 2, offsets), rng)
    check(made, again)
    assert expire(database, criteria(), [image.image_id for image in again], micros(horizon), LATER) == 0
    check(made, again)


def test_what_people_said_stays(database: Database) -> None:
    """A candidate set keeps its rows, and an exclusion holds when the picture comes again."""
    rng, made = random.Random(2), selector(database)
    images = streams.images(31, 40)
    made.feed(streams.records(streams.events(images, rng), 2, offsets := [0, 0]), rng)
    cut = made.queries.cut(Which(), EVERY_IMAGE, 3, near=True, allow_incomplete=False)
    with database.write() as tx:
        stored = candidate_sets.store(
            tx, cut, per_ranking=3, criteria_id="x", now=0, note="", key=None, taxonomy=streams.TAXONOMY
        )
    vetoed = [candidate.image_id for candidate in cut.candidates[:4]]
    edits.exclude(database, vetoed, "veto", now=0)
    horizon = streams.START + timedelta(hours=1000)
    expired(database, images, horizon)
    with database.snapshot() as tx:
        rows = candidate_sets.candidates(tx, stored.id, 0, 1000, streams.TAXONOMY)
    assert [candidate.image_id for candidate in cut.candidates] == [row.candidate.image_id for row in rows]
    again = [
        PredictionsMade(replace(event.image, accepted_at=horizon), event.outcomes)
        for event in streams.events(images, rng)
    ]
    made.feed(streams.records(again, 2, offsets), rng)
    made.finish_chores()
    assert expected_rankings(images, rules(criteria(), vetoed)) == made.rankings()


def test_images_without_a_time_of_acceptance_go_when_they_are_named(database: Database) -> None:
    """They are older than the field, and the gateway knows better; their records in flight can't be told apart."""
    rng, made = random.Random(3), selector(database)
    images = streams.images(41, 20)
    events = [
        PredictionsMade(replace(event.image, accepted_at=None), event.outcomes) for event in streams.events(images, rng)
    ]
    made.feed(streams.records(events, 2), rng)
    assert expire(database, criteria(), [image.image_id for image in images[:8]], 1, LATER) == 8
    check(made, images[8:])


def test_a_horizon_in_the_future_is_refused(database: Database) -> None:
    """It would shut out whatever comes; so are too many images at once, and ids that are none."""
    selector(database)
    for ids, before in ((["0" * 32], 11), (["0" * 32] * 1001, 5), (["zero"], 5)):
        with pytest.raises(InvalidInput):
            expire(database, criteria(), ids, before, now=10)


def test_the_horizon_never_falls(database: Database) -> None:
    """A call that comes late takes nothing back."""
    rng, made = random.Random(4), selector(database)
    images = streams.images(51, 30)
    late, early = streams.START + timedelta(hours=600), streams.START + timedelta(hours=200)
    expired(database, images, late)
    expire(database, criteria(), [], micros(late), LATER)
    expire(database, criteria(), [], micros(early), LATER)
    made.feed(streams.records(streams.events(images, rng), 2), rng)
    check(made, [image for image in images if accepted(image) >= late])
