"""What a cut leaves behind."""

from itertools import count

import pytest

from madseg.core.candidates import BY_DISCREPANCY, Order, Strategy
from madseg.ports import Database
from madseg.selector import candidate_sets
from madseg.selector.candidate_sets import CandidateSet
from madseg.selector.cut import Cutting, cut
from madseg.selector.queries import Queries, Which
from madseg.selector.walk import EVERY_IMAGE
from tests.selector import streams
from tests.selector.test_exactness import Selector, criteria

ANYHOW = Cutting(EVERY_IMAGE, per_ranking=3, near=True, allow_incomplete=True)


@pytest.fixture
def queries(database: Database) -> Queries:
    """A selector that knows its contests, and no image."""
    selector = Selector(database, criteria(), 1)
    selector.roles.handle(streams.model_records())
    return selector.queries


def test_a_key_cuts_once(database: Database, queries: Queries) -> None:
    """Asked again, it answers with the set that it cut, whatever is asked for."""
    clock = count(7).__next__

    def made(key: str | None, how: Cutting = ANYHOW) -> CandidateSet:
        return cut(database, queries, Which(), how, BY_DISCREPANCY, note="", key=key, clock=clock)

    first = made("monday")
    assert first == made("monday", Cutting(EVERY_IMAGE, 4, near=False, allow_incomplete=True))
    others = [made(None), made(None), made("tuesday")]
    with database.snapshot() as tx:
        assert [first, *others] == candidate_sets.sets(tx)[::-1]
    assert [item.cut_at for item in (first, *others)] == [7, 8, 9, 10]


def test_a_set_says_how_it_was_cut(database: Database, queries: Queries) -> None:
    """By lot nothing is taken of each ranking."""
    for order, per_ranking in ((BY_DISCREPANCY, 3), (Order(Strategy.RANDOM, 5), 0)):
        made = cut(database, queries, Which(), ANYHOW, order, note="Monday's", key=None, clock=lambda: 7)
        assert (per_ranking, order.strategy) == (made.per_ranking, made.order.strategy)
        assert ("Monday's", queries.criteria.id) == (made.note, made.criteria_id)
