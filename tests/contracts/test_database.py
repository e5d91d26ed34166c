"""What every database keeps to."""

import threading

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, func, insert, inspect, select, update

from madseg.core.errors import Conflict
from madseg.ports import Database

META = MetaData()
ROWS = Table("rows", META, Column("id", Integer, primary_key=True), Column("text", String, nullable=False))
OFFSETS = Table("offsets", META, Column("partition", Integer, primary_key=True), Column("next", Integer))


def count(connection: Connection) -> int:
    """Rows that the connection sees."""
    return connection.execute(select(func.count()).select_from(ROWS)).scalar_one()


def add(connection: Connection, *texts: str) -> None:
    """Inserts one row each."""
    connection.execute(insert(ROWS), [{"text": text} for text in texts])


@pytest.fixture
def tables(database: Database) -> Database:
    """The database with two empty tables."""
    with database.write() as connection:
        META.create_all(connection)
    return database


def test_a_write_is_there_afterwards(tables: Database) -> None:
    """For snapshots and for later writes."""
    with tables.write() as connection:
        add(connection, "a", "b")
    with tables.snapshot() as snapshot:
        assert list(snapshot.execute(select(ROWS.c.text).order_by(ROWS.c.id)).scalars()) == ["a", "b"]
    with tables.write() as connection:
        assert count(connection) == 2


def test_an_error_rolls_everything_back(tables: Database) -> None:
    """And comes out as it is."""

    def fail() -> None:
        with tables.write() as connection:
            add(connection, "a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with tables.snapshot() as snapshot:
        assert count(snapshot) == 0


def test_tables_made_in_a_failed_transaction_are_gone(tables: Database) -> None:
    """Definitions are part of the transaction."""
    other = MetaData()
    Table("another", other, Column("id", Integer, primary_key=True))

    def fail() -> None:
        with tables.write() as connection:
            other.create_all(connection)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with tables.write() as connection:
        assert not inspect(connection).has_table("another")


def test_a_snapshot_does_not_see_later_writes(tables: Database) -> None:
    """Not even where its first statement comes after them."""
    with tables.snapshot() as early, tables.snapshot() as read:
        assert count(read) == 0
        with tables.write() as connection:
            add(connection, "a")
        assert count(read) == 0
        assert count(early) == 0
        with tables.snapshot() as late:
            assert count(late) == 1


def test_a_snapshot_refuses_writes(tables: Database) -> None:
    """Nothing of it stays, and the connection is good for the next one."""
    with pytest.raises(Conflict, match="write"), tables.snapshot() as snapshot:
        add(snapshot, "a")
    with tables.snapshot() as snapshot:
        assert count(snapshot) == 0


def test_readers_go_on_beside_a_write(tables: Database) -> None:
    """A long transaction blocks nobody who reads."""
    with tables.write() as connection:
        add(connection, "a")
        with tables.snapshot() as snapshot:
            assert count(snapshot) == 0
    with tables.snapshot() as snapshot:
        assert count(snapshot) == 1


def test_many_snapshots_at_once(tables: Database) -> None:
    """More than the pool keeps."""
    together = threading.Barrier(24)
    seen: list[int] = []

    def read() -> None:
        with tables.snapshot() as snapshot:
            together.wait(20)
            seen.append(count(snapshot))

    threads = [threading.Thread(target=read) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [0] * 24


def test_writes_from_many_threads_wait_for_each_other(tables: Database) -> None:
    """What a transaction read is still so when it writes."""
    with tables.write() as connection:
        connection.execute(insert(OFFSETS), [{"partition": 0, "next": 0}])

    def grow() -> None:
        for _ in range(20):
            with tables.write() as connection:
                there = connection.execute(select(OFFSETS.c.next)).scalar_one()
                connection.execute(update(OFFSETS).values(next=there + 1))

    threads = [threading.Thread(target=grow) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tables.snapshot() as snapshot:
        assert snapshot.execute(select(OFFSETS.c.next)).scalar_one() == 160


def test_what_a_write_alone_has_read_stays_so(tables: Database) -> None:
    """Beside others nothing stands still; alone everything does."""

    def add_rows() -> None:
        for _ in range(40):
            with tables.write(beside=True) as connection:
                add(connection, "a")

    threads = [threading.Thread(target=add_rows) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        with tables.write() as connection:
            first = count(connection)
            assert [count(connection) for _ in range(10)] == [first] * 10
    for thread in threads:
        thread.join()
    with tables.snapshot() as snapshot:
        assert count(snapshot) == 160


def test_compare_and_set_tells_the_one_who_came_too_late(tables: Database) -> None:
    """The fence of whoever keeps offsets with their effect."""
    with tables.write() as connection:
        connection.execute(insert(OFFSETS), [{"partition": 0, "next": 10}])
    move = update(OFFSETS).where(OFFSETS.c.partition == 0, OFFSETS.c.next == 10).values(next=20)
    with tables.write() as connection:
        assert connection.execute(move).rowcount == 1
    with tables.write() as connection:
        assert connection.execute(move).rowcount == 0


def test_a_closed_database_refuses(tables: Database) -> None:
    """Closing twice is fine."""
    tables.close()
    tables.close()
    with pytest.raises(Conflict, match="closed"), tables.write():
        pass
    with pytest.raises(Conflict, match="closed"), tables.snapshot():
        pass
