"""The embedded database: SQLAlchemy Core on one SQLite file in WAL mode, many readers beside one writer.

`synchronous = NORMAL`: what is committed outlives the process however it ends.
A power failure may take the last commits, never the file's integrity.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from madseg.adapters.databases.migrations import behind, migrate
from madseg.adapters.databases.turns import Turns
from madseg.adapters.sqlite_errors import translated
from madseg.adapters.sqlite_wal import use_wal
from madseg.core.errors import Conflict, Unavailable
from madseg.ports import Database, Tables

LOCK_SECONDS = 30.0
"""How long a transaction waits for another one's writes before it is Unavailable."""

READERS = 8
"""Connections kept for snapshots; more are opened when needed and closed afterwards."""

MOST_READERS = 64

WRITER_CACHE_KIB = 64_000
READER_CACHE_KIB = 16_000


class SqliteDatabase(Database):
    """One writing connection, for which threads queue, and a pool of reading ones."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._closed = False
        self._turns = Turns()
        self._writer = _engine(file, "BEGIN IMMEDIATE", writing=True, size=1, most=1)
        self._readers = _engine(file, "BEGIN", writing=False, size=READERS, most=MOST_READERS)
        with self.write():
            pass  # a file that can't be used is refused now, not at the first write

    def prepare(self, tables: Tables, *, upgrade: bool = False) -> None:  # noqa: ARG002 (it is always right here)
        with self.snapshot() as connection:
            if not behind(connection, tables):
                return
        with self.write() as connection:
            if behind(connection, tables):  # nobody did it while this waited
                migrate(connection, tables)

    @contextmanager
    def write(self, *, beside: bool = False) -> Iterator[Connection]:  # noqa: ARG002 (one at a time)
        with ExitStack() as turn:
            try:
                turn.enter_context(self._turns.take(LOCK_SECONDS))
            except TimeoutError as error:
                raise Unavailable(f"{self._file}: {error}, another transaction is too long") from error
            yield turn.enter_context(self._transaction(self._writer))

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        with self._transaction(self._readers) as connection:
            # BEGIN alone fixes nothing: the state seen is that of the first read.
            connection.exec_driver_sql("SELECT 1 FROM sqlite_schema LIMIT 1").all()
            yield connection

    def close(self) -> None:
        self._closed = True
        self._readers.dispose()
        self._writer.dispose()

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        if self._closed:
            raise Conflict(f"the database {self._file} is closed")
        try:
            with engine.begin() as connection:
                yield connection
        except PoolTimeoutError as error:
            raise Unavailable(
                f"{self._file}: no connection became free in {LOCK_SECONDS:.0f} s, another transaction is too long"
            ) from error
        except DBAPIError as error:
            meant = translated(error.orig, self._file) if isinstance(error.orig, sqlite3.Error) else None
            if meant is None:
                raise
            raise meant from error


def _engine(file: Path, begin: str, *, writing: bool, size: int, most: int) -> Engine:
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(file)),
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=most - size,
        pool_timeout=LOCK_SECONDS,
        connect_args={"timeout": LOCK_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        # Python's sqlite3 would begin transactions by itself, late and never IMMEDIATE.
        connection.isolation_level = None
        if writing:
            use_wal(connection)
        for pragma in _pragmas(writing):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _pragmas(writing: bool) -> list[str]:
    if writing:
        # A checkpoint waits for the disk: one per 32 MiB of changes instead of per 4.
        own = ["journal_size_limit = 67108864", "wal_autocheckpoint = 8192", f"cache_size = -{WRITER_CACHE_KIB}"]
    else:
        own = [f"cache_size = -{READER_CACHE_KIB}", "query_only = ON"]
    return ["synchronous = NORMAL", "foreign_keys = ON", "mmap_size = 0", *own]
