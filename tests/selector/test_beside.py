"""Two selectors in each other's way: who waits, and what the second one finds."""

import random
from collections.abc import Callable, Iterator
from itertools import chain

import pytest
from sqlalchemy import select

from madseg.adapters.databases import open_database
from madseg.core.errors import Conflict
from madseg.core.messages import VersionRef
from madseg.ports import Database
from madseg.selector import edits
from madseg.selector.chores import LOOK_SECONDS, Chores
from madseg.selector.history import expire
from madseg.selector.layout import load_layout, version_id
from madseg.selector.offsets import advance, held_offset
from madseg.selector.refill import refill
from madseg.selector.tables import IMAGES, LEADERS, RANKINGS, VERSIONS
from tests.selector import streams
from tests.selector.racing import CAPACITY, Beside, competing, enter, first_ranking, image, ranked
from tests.selector.test_exactness import Selector, criteria, expected_rankings, rules
from tests.selector.working import finish
from tests.servers import postgres


@pytest.fixture
def database_url() -> Iterator[str]:
    """The real server: on the embedded one nobody writes beside others."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def other(database_url: str) -> Iterator[Database]:
    """What another process has open."""
    opened = open_database(database_url, "selector")
    yield opened
    opened.close()


def test_a_floor_does_not_fall_where_two_trim_at_once(database: Database, other: Database, database_url: str) -> None:
    """The second one's entries alone would set a lower floor, in front of which the first one has dropped some."""
    selector = competing(database)
    high, low = {n: n / 100 for n in range(11, 17)}, {n: n / 100 for n in range(1, 7)}

    def trim_low() -> None:
        with other.write(beside=True) as tx:
            enter(tx, low, None).trim(CAPACITY)

    with database.write(beside=True) as tx:
        enter(tx, high, None).trim(CAPACITY)
        second = Beside(database_url, trim_low)
    second.end()
    with database.snapshot() as tx:
        assert first_ranking(tx).floor == (0.14, image(14))
        assert tx.execute(select(LEADERS.c.discrepancy).order_by(LEADERS.c.discrepancy)).scalars().all() == [0.15, 0.16]
    assert ranked(selector) == sorted(chain(low.values(), high.values()), reverse=True)


def test_leaders_of_one_who_knew_a_lower_floor_do_no_harm(database: Database) -> None:
    """Readers leave them out, a refill takes them as what they are."""
    selector = competing(database)
    entries = {n: n / 100 for n in range(11, 17)}
    with database.write(beside=True) as tx:
        enter(tx, entries, None).trim(CAPACITY)
    late = {n: n / 100 for n in (1, 2, 3)}
    with database.write(beside=True) as tx:
        enter(tx, late, None)
    everything = sorted(chain(late.values(), entries.values()), reverse=True)
    assert ranked(selector) == everything
    with database.write() as tx:
        refill(tx, first_ranking(tx), selector.criteria.grid, 5)
        assert first_ranking(tx).floor == (0.11, image(11))
        leaders = tx.execute(select(LEADERS.c.discrepancy).order_by(LEADERS.c.discrepancy)).scalars().all()
        assert leaders == [0.12, 0.13, 0.14, 0.15, 0.16]
    assert ranked(selector) == everything


@pytest.mark.parametrize("what", ["chore", "exclude", "restore", "forget", "expire", "roles", "start"])
def test_what_changes_more_than_rows_of_its_own_waits(
    database: Database, other: Database, database_url: str, what: str
) -> None:
    """For every batch that is under way, in any process."""
    of, name = criteria(), "0" * 32
    selector = competing(other)
    selector.chores.announce()
    acts: dict[str, Callable[[], object]] = {
        "chore": selector.chores,
        "exclude": lambda: edits.exclude(other, [name], "veto", now=0),
        "restore": lambda: edits.restore(other, [name], "veto"),
        "forget": lambda: edits.forget(other, of, name, "asked to", now=0),
        "expire": lambda: expire(other, of, [name], 0, 0),
        "roles": lambda: selector.roles.handle(streams.model_records()),
        "start": lambda: Selector(other, of, 2, CAPACITY),
    }
    with database.write(beside=True):
        second = Beside(database_url, acts[what])
    second.end()


def test_who_still_holds_records_finds_them_in(database: Database, other: Database, database_url: str) -> None:
    """It waits for the one who is at them, and has no effect."""
    selector, zombie = competing(database), competing(other)
    images = streams.images(3, 12)
    records = [item for item in streams.records(streams.events(images, random.Random(3)), 2) if item.partition == 0]
    with database.write(beside=True) as tx:
        assert held_offset(tx, streams.TOPIC, 0) == 0
        second = Beside(database_url, lambda: zombie.absorb.handle(records))
        assert advance(tx, streams.TOPIC, 0, len(records))
    second.end()
    with database.snapshot() as tx:
        assert tx.execute(select(IMAGES)).all() == []
        assert not any(found.leaders for found in load_layout(tx, selector.criteria).rankings().values())


def test_a_version_has_one_id_whoever_meets_it_first(database: Database, other: Database, database_url: str) -> None:
    """And nobody waits in a circle where two meet several in different orders."""
    competing(database)
    one, two = VersionRef("one", 1), VersionRef("two", 1)

    def meet(database: Database, refs: list[VersionRef], then: Callable[[], None]) -> list[int]:
        with database.write(beside=True) as tx:
            layout = load_layout(tx, criteria())
            ids = [version_id(tx, layout, ref) for ref in refs[:1]]
            then()
            return ids + [version_id(tx, layout, ref) for ref in refs[1:]]

    found: list[list[int]] = []
    started: list[Beside] = []

    def meet_too() -> None:
        found.append(meet(other, [two, one], lambda: None)[::-1])

    ids = meet(database, [one, two], lambda: started.append(Beside(database_url, meet_too)))
    started[0].end()
    assert found == [ids]
    with database.snapshot() as tx:
        assert len(tx.execute(select(VERSIONS).where(VERSIONS.c.model.in_(["one", "two"]))).all()) == 2


def test_selectors_that_compare_differently_do_not_work_side_by_side(database: Database, other: Database) -> None:
    """The one that was started last is right; the other learns of it before it writes anything."""
    before = competing(database)
    after = competing(other, 0.15)
    images = streams.images(5, 30)
    records = streams.records(streams.events(images, random.Random(5)), 2)
    with pytest.raises(Conflict, match="MADSEG_MIN_CLASS_SHARE"):
        before.absorb.handle(records[:1])
    with pytest.raises(Conflict, match="MADSEG_MIN_CLASS_SHARE"):
        before.roles.handle(streams.model_records())
    after.feed(records, random.Random(5))
    finish(after)
    assert after.rankings() == expected_rankings(images, rules(after.criteria))


def test_what_a_dead_selector_left_is_found_by_another(database: Database, other: Database) -> None:
    """It looks at the tables now and then, with nothing else to do."""
    now = [0.0]
    idle = Chores(other, criteria(), CAPACITY, lambda: now[0])
    dying = Selector(database, criteria(), 2, CAPACITY)
    images = streams.images(7, 40)
    dying.feed(streams.records(streams.events(images, random.Random(7)), 2), random.Random(7))
    for _ in range(3):
        idle()
    assert not idle.due
    dying.roles.handle(streams.model_records())
    idle()
    assert not idle.due
    now[0] += LOOK_SECONDS
    idle()
    assert idle.due
    while idle.due:
        idle()
    assert dying.rankings() == expected_rankings(images, rules(dying.criteria))


def test_a_lowered_floor_is_known_to_all_at_once(database: Database, other: Database) -> None:
    """One who went by the old one would leave entries out."""
    refilling, absorbing = competing(database), competing(other)
    images = streams.images(9, 60)
    records = streams.records(streams.events(images, random.Random(9)), 2)
    absorbing.feed(records[:60], random.Random(9))
    with database.write() as tx:
        for ranking in load_layout(tx, refilling.criteria).rankings().values():
            refill(tx, ranking, refilling.criteria.grid, 6)
        assert tx.execute(select(RANKINGS).where(RANKINGS.c.floor_discrepancy.is_not(None))).all()
    absorbing.feed(records[60:], random.Random(9))
    assert absorbing.rankings() == expected_rankings(images, rules(absorbing.criteria))
