"""The file of the embedded stream: its tables, its connections, and what its errors mean.

`synchronous = NORMAL` in WAL mode: what is committed outlives the process however it ends.
A power failure may take the last commits, never the file's integrity.
"""

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from madseg.adapters.sqlite_errors import translated
from madseg.adapters.sqlite_wal import use_wal
from madseg.core.errors import Conflict

APPLICATION_ID = 0x4D534547
"""Marks the file as ours, in its header ("MSEG")."""

SCHEMA_VERSION = 1

LOCK_SECONDS = 30.0
"""How long a call waits for another process's write before it is Unavailable."""

# Values come last in a row: whoever reads keys or ages never touches a value's pages.
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE cluster (id TEXT NOT NULL);
CREATE TABLE topics (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    id TEXT NOT NULL,
    partitions INTEGER NOT NULL,
    compacted INTEGER NOT NULL,
    retention_hours INTEGER
);
CREATE TABLE partitions (
    topic INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    next INTEGER NOT NULL,
    tidied INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
) WITHOUT ROWID;
CREATE TABLE records (
    topic INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    timestamp REAL NOT NULL,
    key TEXT NOT NULL,
    headers TEXT NOT NULL,
    value BLOB,
    PRIMARY KEY (topic, partition, offset)
) WITHOUT ROWID;
CREATE TABLE committed (
    "group" TEXT NOT NULL,
    topic INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    next INTEGER NOT NULL,
    PRIMARY KEY ("group", topic, partition)
) WITHOUT ROWID;
CREATE INDEX tombstones ON records (topic, partition, timestamp) WHERE value IS NULL;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""


def connect(file: Path, *, reading: bool = False) -> sqlite3.Connection:
    """A connection that commits each statement unless told otherwise; any one thread at a time may use it."""
    connection = sqlite3.connect(file, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = NORMAL")
    if reading:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA cache_size = -8000")
    else:
        connection.execute("PRAGMA journal_size_limit = 67108864")
    return connection


def prepare(file: Path) -> None:
    """Makes the tables in a new file, and makes sure that one that is there has them.

    Raises:
        Conflict: the file is something else, of another version of madseg, or damaged.
        Unavailable: the disk is full, or the file can't be opened or is locked.
    """
    with guarded(file), closing(connect(file)) as connection:
        if not _version(connection, file):
            connection.execute("PRAGMA page_size = 8192")
            use_wal(connection)
            _make(connection, file)


def _make(connection: sqlite3.Connection, file: Path) -> None:
    try:
        connection.executescript(_SCHEMA)
        connection.execute("INSERT INTO cluster VALUES (?)", (str(uuid.uuid4()),))
        connection.execute("COMMIT")
    except sqlite3.OperationalError:
        # Another process may have made them between our look and our lock.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if not _version(connection, file):
            raise


def _version(connection: sqlite3.Connection, file: Path) -> int:
    """0 for a new file."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application == APPLICATION_ID and version != SCHEMA_VERSION:
        raise Conflict(f"{file} is a stream of format {version}, this madseg reads format {SCHEMA_VERSION}")
    if application != APPLICATION_ID and tables:
        raise Conflict(f"{file} is a database of something else, not a stream: give the stream a file of its own")
    return int(version)


@contextmanager
def guarded(file: Path) -> Iterator[None]:
    """Turns SQLite's errors into the port's."""
    try:
        yield
    except sqlite3.ProgrammingError as error:
        if "closed" not in str(error):
            raise
        raise Conflict(f"the stream in {file} was closed meanwhile") from error
    except sqlite3.Error as error:
        meant = translated(error, file)
        if meant is None:
            raise
        raise meant from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A write transaction: committed at the end, rolled back on an error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # After a full disk SQLite may have rolled back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
