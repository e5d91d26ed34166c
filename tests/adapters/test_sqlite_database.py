"""Tests of the embedded database's file: its settings, and what happens when the machine fails."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, MetaData, Table, func, insert, select
from sqlalchemy.exc import IntegrityError

from madseg.adapters.databases.sqlite import SqliteDatabase
from madseg.core.errors import Conflict, Unavailable
from tests.adapters.conftest import FullDisk

META = MetaData()
MAPS = Table("maps", META, Column("id", Integer, primary_key=True), Column("content", LargeBinary))
NOTES = Table("notes", META, Column("id", Integer, primary_key=True), Column("map", ForeignKey("maps.id")))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    """A database with the two tables."""
    opened = SqliteDatabase(tmp_path / "madseg.db")
    with opened.write() as connection:
        META.create_all(connection)
    yield opened
    opened.close()


def store(database: SqliteDatabase, content: bytes) -> None:
    """One map in a transaction of its own."""
    with database.write() as connection:
        connection.execute(insert(MAPS), {"content": content})


def number_of_maps(database: SqliteDatabase) -> int:
    """As a snapshot sees it."""
    with database.snapshot() as snapshot:
        return snapshot.execute(select(func.count()).select_from(MAPS)).scalar_one()


def test_foreign_keys_are_kept(database: SqliteDatabase) -> None:
    """SQLite doesn't unless told; the caller's own mistakes come out as they are."""
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(NOTES), {"map": 7})


def test_a_full_disk_is_unavailable_and_passes(database: SqliteDatabase, full_disk: FullDisk) -> None:
    """The message names the file; the same call succeeds when there is room again."""
    with full_disk(200_000), pytest.raises(Unavailable, match=r"madseg\.db: (database or disk is full|disk I/O)"):
        store(database, bytes(1_000_000))
    assert number_of_maps(database) == 0
    store(database, bytes(1_000_000))
    assert number_of_maps(database) == 1


def test_a_damaged_file_is_a_conflict(tmp_path: Path) -> None:
    """The message names it."""
    (tmp_path / "madseg.db").write_bytes(b"not a database at all" * 1000)
    with pytest.raises(Conflict, match=r"madseg\.db"):
        SqliteDatabase(tmp_path / "madseg.db")


def test_two_connections_write_in_turn(database: SqliteDatabase, tmp_path: Path) -> None:
    """A write waits for another one's end, in this process or elsewhere."""
    other = SqliteDatabase(tmp_path / "madseg.db")
    started = threading.Event()

    def second() -> None:
        started.set()
        store(other, b"second")

    thread = threading.Thread(target=second)
    with database.write() as connection:
        connection.execute(insert(MAPS), {"content": b"first"})
        thread.start()
        started.wait(10)
    thread.join()
    with database.snapshot() as snapshot:
        assert list(snapshot.execute(select(MAPS.c.content).order_by(MAPS.c.id)).scalars()) == [b"first", b"second"]
    other.close()
