"""One content constraint is in force for all selectors of a database."""

import random

import pytest

from madseg.core.errors import Conflict
from madseg.core.messages import Role, RoleChanged, VersionPublished, VersionRef
from madseg.ports import Database
from madseg.selector.layout import load_layout
from tests import reference
from tests.selector import streams
from tests.selector.test_exactness import Selector, criteria, expected_candidates, expected_rankings, rules

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
