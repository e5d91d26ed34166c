"""One content constraint is in force for all selectors of a database."""

import random
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from sqlalchemy import Connection, event

from madseg.core.errors import Conflict, Unavailable
from madseg.core.messages import Role, RoleChanged, VersionPublished, VersionRef
from madseg.ports import Database, Tables
from madseg.selector import edits
from madseg.selector.constrain import apply_constraint
from madseg.selector.layout import load_layout
from tests import reference
from tests.selector import streams
from tests.selector.test_exactness import Selector, criteria, expected_candidates, expected_rankings, rules

CAPACITY = 4
OLD, NEW = criteria({1: (0.0, 0.05)}), criteria({1: (0.3, 1.0)})


@pytest.fixture
def images() -> list[reference.Image]:
    """What is in."""
    return streams.images(3, 60)


@pytest.fixture
def before(database: Database, images: list[reference.Image]) -> Selector:
    """A selector that runs with the old constraint; everything is in."""
    rng, made = random.Random(1), Selector(database, OLD, 2)
    made.roles.handle(streams.model_records())
    made.feed(streams.records(streams.events(images, rng), 2), rng)
    made.finish_chores()
    return made


def test_who_has_another_constraint_ranks_and_cuts_no_more(before: Selector, images: list[reference.Image]) -> None:
    """Its sets would bear the id of one constraint, and be chosen by another."""
    assert before.candidates(3) == expected_candidates(images, rules(OLD), 3)
    after = Selector(before.database, NEW, 2)
    with pytest.raises(Conflict, match="MADSEG_CONSTRAINT"):
        before.candidates(3)
    with pytest.raises(Conflict, match="MADSEG_CONSTRAINT"):
        before.rankings()
    with pytest.raises(Conflict, match="MADSEG_CONSTRAINT"):
        before.absorb.handle(streams.records(streams.events(streams.images(4, 9), random.Random(4)), 1, [1000]))
    assert after.candidates(3) == expected_candidates(images, rules(NEW), 3)


def test_who_has_another_constraint_opens_no_contest(before: Selector) -> None:
    """Whoever reads first that a model joins: its rankings keep to the bounds that are in force."""
    after = Selector(before.database, NEW, 2)
    published = VersionPublished(
        VersionRef("omega", 1), streams.TAXONOMY.names, streams.TAXONOMY.id, streams.GRID, False, b""
    )
    joins = streams.announced(published, RoleChanged("omega", Role.COMPETITOR, (1,)), first=8)
    with pytest.raises(Conflict, match="MADSEG_CONSTRAINT"):
        before.roles.handle(joins)
    after.roles.handle(joins)
    with before.database.snapshot() as tx:
        rankings = load_layout(tx, NEW).rankings().values()
    assert {(item.low, item.high) for item in rankings if item.key.label == 1} == {(0.3, 1.0)}
    assert {item.key.competitor.model for item in rankings} == {"beta", "gamma", "delta", "omega"}


def test_the_one_who_is_started_again_says_what_holds(before: Selector, images: list[reference.Image]) -> None:
    """With the same constraint as before, all answer again."""
    Selector(before.database, NEW, 2)
    again = Selector(before.database, OLD, 2)
    for selector in (before, again):
        assert selector.rankings() == expected_rankings(images, rules(OLD))


class Killed(BaseException):
    """The process ended here."""


class Writing(Database):
    """Notes what is read of the pairs, a list a transaction; the process may end at the beginning of one."""

    def __init__(self, inner: Database, writes: int = 1000) -> None:
        self._inner, self._writes = inner, writes
        self.read: list[list[str]] = []

    @contextmanager
    def write(self, *, beside: bool = False) -> Iterator[Connection]:
        if len(self.read) == self._writes:
            raise Killed
        with self._inner.write(beside=beside) as tx:
            event.listen(tx, "before_cursor_execute", self._note)
            self.read.append([])
            yield tx

    def _note(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "FROM selector_pairs" in statement:
            self.read[-1].append(statement)

    def snapshot(self) -> AbstractContextManager[Connection]:
        return self._inner.snapshot()

    def prepare(self, tables: Tables, *, upgrade: bool = False) -> None:
        self._inner.prepare(tables, upgrade=upgrade)

    def close(self) -> None:
        self._inner.close()


def test_a_contest_is_made_again_in_one_transaction_that_reads_its_pairs_once(before: Selector) -> None:
    """However many rankings it has; the last one finds that all is done."""
    database = Writing(before.database)
    assert apply_constraint(database, NEW, CAPACITY) == 6
    assert [len(statements) for statements in database.read] == [1, 1, 1, 0]
    assert not any("ORDER BY" in statement for statements in database.read for statement in statements)
    assert apply_constraint(database, NEW, CAPACITY) == 0


@pytest.mark.parametrize("done", [1, 2, 3])
def test_a_start_that_was_cut_off_is_gone_on_with(before: Selector, images: list[reference.Image], done: int) -> None:
    """What is made stays made. Meanwhile nobody ranks, not even who has the constraint that held before."""
    with pytest.raises(Killed):
        apply_constraint(Writing(before.database, done), NEW, CAPACITY)
    with pytest.raises(Unavailable, match="being made again"):
        before.rankings()
    assert apply_constraint(before.database, NEW, CAPACITY) == 6 - 2 * done
    after = Selector(before.database, NEW, 2)
    assert after.rankings() == expected_rankings(images, rules(NEW))
    assert after.candidates(3) == expected_candidates(images, rules(NEW), 3)


def test_one_who_was_refused_ranks_again_when_all_is_as_before(before: Selector, images: list[reference.Image]) -> None:
    """And not while some rankings keep to the bounds of a start that was given up."""
    with pytest.raises(Killed):
        apply_constraint(Writing(before.database, 2), NEW, CAPACITY)
    with pytest.raises(Killed):
        apply_constraint(Writing(before.database, 1), OLD, CAPACITY)
    with pytest.raises(Unavailable):
        before.rankings()
    apply_constraint(before.database, OLD, CAPACITY)
    assert before.rankings() == expected_rankings(images, rules(OLD))


def test_excluded_images_do_not_count_as_leaders(before: Selector, images: list[reference.Image]) -> None:
    """They become leaders beside as many others as a ranking holds, so that they may be restored."""
    vetoed = sorted(expected_candidates(images, rules(NEW), 3))
    edits.exclude(before.database, vetoed, "veto", now=0)
    after = Selector(before.database, NEW, 2)
    with before.database.snapshot() as tx:
        counts = [ranking.leaders for ranking in load_layout(tx, NEW).rankings().values() if ranking.floor]
    assert counts
    assert all(CAPACITY <= count <= 2 * CAPACITY for count in counts)
    assert after.rankings() == expected_rankings(images, rules(NEW, vetoed))
    edits.restore(before.database, vetoed, "veto")
    assert after.rankings() == expected_rankings(images, rules(NEW))
