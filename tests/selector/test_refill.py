"""A ranking whose leaders don't suffice gets more of them, and one whose leaders do is left alone."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, event, select

from madseg.core.messages import Defender
from madseg.ports import Database
from madseg.selector import edits
from madseg.selector.layout import load_layout
from madseg.selector.offsets import counter
from madseg.selector.queries import Which
from madseg.selector.refill import refill
from madseg.selector.tables import LEADERS, RANKINGS
from madseg.selector.walk import EVERY_IMAGE
from tests.selector import streams
from tests.selector.test_exactness import Selector, criteria

WHICH = Which(competitor_model="beta", defender=Defender.TARGET, class_name="tree")
CAPACITY = 4


@pytest.fixture
def selector(database: Database) -> Selector:
    """Its rankings hold more than their leaders."""
    rng, made = random.Random(1), Selector(database, criteria(), 1, CAPACITY)
    made.roles.handle(streams.model_records())
    made.feed(streams.records(streams.events(streams.images(3, 90), rng), 1), rng)
    made.finish_chores()
    return made


def kept(selector: Selector) -> list[object]:
    """Floors, leaders, and the number by which others know that either has changed."""
    with selector.database.snapshot() as tx:
        floors = select(RANKINGS.c.id, RANKINGS.c.floor_discrepancy, RANKINGS.c.floor_image).order_by(RANKINGS.c.id)
        leaders = select(LEADERS).order_by(LEADERS.c.ranking_id, LEADERS.c.discrepancy, LEADERS.c.image_id)
        return [tx.execute(floors).all(), tx.execute(leaders).all(), counter(tx, "layout")]


@contextmanager
def passes(tx: Connection) -> Iterator[list[str]]:
    """The statements that read pairs in their order."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "FROM selector_pairs" in statement and "ORDER BY" in statement:
            found.append(statement)

    event.listen(tx, "before_cursor_execute", note)
    yield found
    event.remove(tx, "before_cursor_execute", note)


def test_who_reads_deeper_than_the_leaders_costs_nobody_anything(selector: Selector) -> None:
    """The ranking holds as many as it is to hold: its pairs aren't sorted, and nobody loads the layout anew."""
    before = kept(selector)
    assert len(selector.queries.page(WHICH, EVERY_IMAGE, 25, near=False).ranked) > 2 * CAPACITY
    assert len(selector.chores.thin) == 1
    selector.chores()
    assert (selector.chores.thin, kept(selector)) == (set(), before)
    with selector.database.write() as tx:
        for ranking in load_layout(tx, criteria()).rankings().values():
            with passes(tx) as found:
                refill(tx, ranking, selector.criteria.grid, CAPACITY)
            assert found == []


def test_leaders_that_are_excluded_are_made_up_for(selector: Selector) -> None:
    """Until the ranking holds twice its capacity; then readers read on."""
    for _ in range(4):
        page = selector.queries.page(WHICH, EVERY_IMAGE, CAPACITY, near=False)
        edits.exclude(selector.database, [place.entry.image_id for place in page.ranked], "veto", now=0)
        selector.queries.page(WHICH, EVERY_IMAGE, CAPACITY, near=False)
        selector.finish_chores()
        with selector.database.snapshot() as tx:
            counts = {ranking.leaders for ranking in load_layout(tx, criteria()).rankings().values() if ranking.floor}
        assert max(counts) <= 2 * CAPACITY
    before = kept(selector)
    selector.queries.page(WHICH, EVERY_IMAGE, CAPACITY, near=False)
    selector.finish_chores()
    assert kept(selector) == before
