"""What a walk past the leaders holds at once."""

import struct
import tracemalloc

from madseg.ports import Database
from madseg.selector.bulk import insert_rows
from madseg.selector.tables import IMAGES, PAIRS
from madseg.selector.walk import EVERY_IMAGE, beyond, walk
from tests.selector.racing import competing, first_ranking

PAIRED, PIXELS = 12_000, 48


def filled(database: Database) -> None:
    """Images that show every class, compared in the first contest, and no leaders: every read goes past the floor."""
    competing(database)
    areas = bytes((4,)) + b"".join(struct.pack("<BI", label, 12) for label in (0, 1, 2, 3) * 2)
    with database.write() as tx:
        contest = first_ranking(tx).contest.id
        facts = (None, "camera", 0, "", False, "", "", None)
        insert_rows(tx, IMAGES, [(n, n.to_bytes(16, "big"), *facts) for n in range(1, PAIRED + 1)])
        insert_rows(tx, PAIRS, [(contest, n, n / PAIRED, areas) for n in range(1, PAIRED + 1)])


def test_a_ranking_that_is_read_alone_keeps_nothing_of_what_it_has_passed(database: Database) -> None:
    """A page may be as deep as the contest; what is held is what one query gives."""
    filled(database)
    with database.snapshot() as tx:
        ranking = first_ranking(tx)
        ranking.floor = (2.0, b"")
        tracemalloc.start()
        read = sum(1 for _ in walk(tx, ranking, PIXELS))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert read == PAIRED
    assert peak < PAIRED * 600


def test_rankings_that_are_read_together_keep_what_is_an_entry_of_one(database: Database) -> None:
    """Of pairs that no bounds admit nothing is kept, however many are passed."""
    filled(database)
    with database.snapshot() as tx:
        rankings = list(first_ranking(tx).contest.all_rankings())
        for ranking in rankings:
            ranking.floor, ranking.low = (2.0, b""), 0.5
        tracemalloc.start()
        further = beyond(tx, rankings, PIXELS, EVERY_IMAGE)
        read = [sum(1 for _ in walk(tx, item, PIXELS, beyond=further)) for item in rankings]
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert set(read) == {0}
    assert peak < PAIRED * 600
