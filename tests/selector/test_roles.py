"""What the models topic says is learnt once and in order, whoever reads it, and however often."""

import pytest
from sqlalchemy import insert, select

from madseg.core.errors import Poison
from madseg.core.messages import ModelEvent, Role, RoleChanged, VersionPublished, VersionRef
from madseg.ports import Database, Record, TopicIdentity
from madseg.selector.layout import load_layout
from madseg.selector.offsets import follow_identity, next_offset, revision
from madseg.selector.tables import SWEEPS
from tests.selector import streams
from tests.selector.streams import COMPETITORS, TARGET
from tests.selector.test_exactness import Selector, criteria

NEXT, BETA, GAMMA = VersionRef("omega", 1), *COMPETITORS[:2]


def published(ref: VersionRef) -> VersionPublished:
    """That it is there."""
    return VersionPublished(ref, streams.TAXONOMY.names, streams.TAXONOMY.id, streams.GRID, False, b"1")


def plays(ref: VersionRef, role: Role) -> RoleChanged:
    """That it serves, in a role."""
    return RoleChanged(ref.model, role, (ref.version,))


BEFORE: list[ModelEvent] = [
    *map(published, (TARGET, NEXT, BETA)),
    plays(TARGET, Role.TARGET),
    plays(BETA, Role.COMPETITOR),
]
SWAPPED: list[ModelEvent] = [
    plays(TARGET, Role.COMPETITOR),
    plays(NEXT, Role.TARGET),
    published(GAMMA),
    plays(GAMMA, Role.COMPETITOR),
]
TOPIC = streams.announced(*BEFORE, *SWAPPED)


@pytest.fixture
def selector(database: Database) -> Selector:
    """It has read the topic, and takes the new target over the images."""
    made = Selector(database, criteria(), 1)
    made.roles.handle(TOPIC[: len(BEFORE)])
    made.roles.handle(TOPIC[len(BEFORE) :])
    with database.write() as tx:
        number = load_layout(tx, criteria()).version_ids[NEXT]
        tx.execute(insert(SWEEPS).values(version_id=number, partition=0, cursor=77, leased_until=0))
    return made


def known(database: Database) -> tuple[object, ...]:
    """Who competes, and where the new target's sweep stands."""
    with database.snapshot() as tx:
        layout = load_layout(tx, criteria())
        return layout.competition, set(layout.contests), tx.execute(select(SWEEPS.c.cursor)).scalars().all()


def serving(database: Database, role: Role) -> tuple[VersionRef, ...]:
    """The versions that play a role."""
    with database.snapshot() as tx:
        return load_layout(tx, criteria()).competition.serving(role)


def another(database: Database) -> Selector:
    """A selector that is started on the same tables."""
    return Selector(database, criteria(), 1)


def test_a_start_goes_on_where_the_topic_was_left(selector: Selector) -> None:
    """Nothing is read twice, not even in several batches."""
    before, late = known(selector.database), another(selector.database)
    with selector.database.snapshot() as tx:
        assert next_offset(tx, streams.MODELS, 0) == len(TOPIC)
    for record in TOPIC:
        late.roles.handle([record])
        assert before == known(selector.database)


def test_one_who_lags_takes_nothing_back(database: Database) -> None:
    """The target stays the one that another selector has learnt of, and its sweep goes on."""
    late = another(database)
    late.roles.handle(TOPIC[:2])
    another(database).roles.handle(TOPIC)
    before = known(database)
    late.roles.handle(TOPIC[2 : len(BEFORE)])
    assert before == known(database)
    late.roles.handle(TOPIC[len(BEFORE) - 1 :] + streams.announced(RoleChanged("gamma", Role.RETIRED, ()), first=9))
    assert (serving(database, Role.TARGET), serving(database, Role.COMPETITOR)) == ((NEXT,), (TARGET, BETA))


def test_a_batch_that_is_in_by_half_has_its_other_half(database: Database) -> None:
    """Where a batch begins and ends is chance."""
    selector = another(database)
    selector.roles.handle(TOPIC[:6])
    selector.roles.handle(TOPIC[3:])
    assert (serving(database, Role.TARGET), serving(database, Role.COMPETITOR)) == ((NEXT,), (TARGET, BETA, GAMMA))


def test_a_record_that_no_one_can_read_is_passed_once(selector: Selector) -> None:
    """The next start begins behind it."""
    broken = Record(streams.MODELS, 0, len(TOPIC), "k", b"\xff", {})
    with pytest.raises(Poison):
        selector.roles.handle([broken])
    selector.roles.skip(broken)
    selector.roles.skip(TOPIC[0])
    with selector.database.snapshot() as tx:
        assert next_offset(tx, streams.MODELS, 0) == len(TOPIC) + 1


def test_a_topic_made_anew_is_read_from_its_beginning(selector: Selector) -> None:
    """The Models service says everything once more; what watchers go by never falls."""
    with selector.database.write() as tx:
        before = revision(tx)
        follow_identity(tx, streams.MODELS, TopicIdentity("cluster", "anew", 1))
        assert (next_offset(tx, streams.MODELS, 0), revision(tx)) == (0, before)
        follow_identity(tx, streams.MODELS, TopicIdentity("cluster", "anew", 1))
        assert revision(tx) == before
    selector.roles.handle(streams.announced(*BEFORE))
    assert serving(selector.database, Role.TARGET) == (TARGET, NEXT)
    with selector.database.snapshot() as tx:
        assert revision(tx) > before
