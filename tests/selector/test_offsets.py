"""Where the selector stands, as any of its processes tells it."""

import random

import pytest

from madseg.ports import Database
from madseg.selector.offsets import behind, next_offset
from madseg.selector.status import status
from tests.selector import streams
from tests.selector.test_exactness import Selector, criteria


def test_a_record_that_is_put_aside_counts_once(database: Database) -> None:
    """However often it comes again; what was absorbed before it stays in."""
    selector = Selector(database, criteria(), 1)
    records = streams.records(streams.events(streams.images(1, 6), random.Random(1)), 1)
    selector.absorb.handle(records[:3])
    for _ in range(2):
        selector.absorb.skip(records[3])
    selector.absorb.skip(records[0])
    other = Selector(database, criteria(), 1)
    with other.database.snapshot() as tx:
        assert (status(tx, streams.TOPIC).dead_letters, next_offset(tx, streams.TOPIC, 0)) == (1, 4)


@pytest.mark.parametrize(
    ("offsets", "ends", "waiting"),
    [({0: 3, 1: 5}, {0: 10, 1: 5}, 7), ({}, {0: 4, 1: 5}, 9), ({0: 9}, {0: 4}, 0)],
)
def test_what_waits_is_what_lies_between_the_offsets_and_the_ends(
    offsets: dict[int, int], ends: dict[int, int], waiting: int
) -> None:
    """Over all partitions; one that was never begun waits whole."""
    assert behind(offsets, ends) == waiting
