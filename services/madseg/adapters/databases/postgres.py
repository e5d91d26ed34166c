"""PostgreSQL through SQLAlchemy Core and psycopg: the tables of a project in a schema that bears its prefix.

The writes of a service take turns by an advisory lock, which the server frees however the holder ends. Those beside
each other share it. The server hands it out in the order of asking, so that neither kind waits for ever.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from hashlib import sha256

import psycopg
from sqlalchemy import Connection, QueuePool, create_engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from madseg.adapters.databases.migrations import behind, migrate
from madseg.adapters.databases.postgres_errors import translated
from madseg.adapters.databases.postgres_url import parse
from madseg.core.errors import Conflict, InvalidInput, NotReady, Unavailable
from madseg.ports import Database, Tables

LOCK_SECONDS = 30
"""How long a transaction waits for its turn, or a caller for a connection, before it is Unavailable."""

IDLE_SECONDS = 20
"""How long a transaction may do nothing: one that hangs is thrown out before those that wait for it give up."""

SHORT_SECONDS, LONG_SECONDS = 60, 1800
"""How long one statement may take: of a snapshot or a write beside others, and of a write that has the tables alone."""

MIGRATION_LOCK_SECONDS = 5
"""How long a migration waits for readers of a table, while new ones wait for it."""

KEPT, MOST = 8, 32
"""Connections of a process: kept open, and at most."""

LONGEST_NAME = 63
"""Bytes of a PostgreSQL name; what is longer it cuts off without an error."""


class PostgresDatabase(Database):
    """One pool of connections for reading and writing."""

    def __init__(self, url: str, service: str, prefix: str) -> None:
        if not 1 <= len(prefix.encode()) <= LONGEST_NAME:
            raise InvalidInput(f"MADSEG_PREFIX names the schema and must have 1..{LONGEST_NAME} bytes, got {prefix!r}")
        address = parse(url, service)
        self._where, self._parameters, self._schema = f"{address.where} ({prefix})", address.parameters, prefix
        self._turn = _key(prefix, service)
        self._closed = False
        self._engine = create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=KEPT,
            max_overflow=MOST - KEPT,
            pool_timeout=LOCK_SECONDS,
            pool_pre_ping=True,
            use_native_hstore=False,
        )
        with self.snapshot():
            pass  # a server that can't be used is refused now, not at the first write

    def prepare(self, tables: Tables, *, upgrade: bool = False) -> None:
        with self.snapshot() as connection:
            if not behind(connection, tables):
                return
        if not upgrade:
            raise NotReady(
                f"the tables of the {tables.service} in {self._where} aren't of revision {tables.head} yet: run "
                "`madseg migrate`, or set MADSEG_MIGRATE=true to have services do it when they start"
            )
        with self.write() as connection:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{MIGRATION_LOCK_SECONDS}s'")
            self._make_schema(connection)
            if behind(connection, tables):  # nobody did it while this waited
                migrate(connection, tables)

    def write(self, *, beside: bool = False) -> AbstractContextManager[Connection]:
        if beside:
            turn = f"pg_advisory_xact_lock_shared({self._turn}), {_limited(SHORT_SECONDS)}"
        else:
            turn = f"pg_advisory_xact_lock({self._turn})"
        return self._transaction("BEGIN", f"SELECT {turn}", reading=False)

    def snapshot(self) -> AbstractContextManager[Connection]:
        # BEGIN alone fixes nothing: the state seen is that of the first query.
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        return self._transaction(begin, f"SELECT {_limited(SHORT_SECONDS)}", reading=True)

    def close(self) -> None:
        self._closed = True
        self._engine.dispose()

    @contextmanager
    def _transaction(self, *opening: str, reading: bool) -> Iterator[Connection]:
        if self._closed:
            raise Conflict(f"the database {self._where} is closed")
        try:
            with self._engine.begin() as connection:
                for statement in opening:
                    connection.exec_driver_sql(statement)
                yield connection
        except PoolTimeoutError as error:
            raise Unavailable(f"{self._where}: all {MOST} connections of this process are busy") from error
        except (DBAPIError, psycopg.Error) as error:  # the latter from COPY, which SQLAlchemy doesn't know
            cause = error.orig if isinstance(error, DBAPIError) else error
            meant = translated(cause, self._where, reading=reading) if isinstance(cause, psycopg.Error) else None
            if meant is not None:
                raise meant from error
            if isinstance(error, psycopg.IntegrityError):
                raise IntegrityError(None, None, error) from error
            raise

    def _connect(self) -> psycopg.Connection:
        """A connection that begins no transactions by itself."""
        connection = psycopg.connect(**self._parameters, autocommit=True)  # type: ignore[arg-type]
        settings = {
            "search_path": _quoted(self._schema),
            "lock_timeout": f"{LOCK_SECONDS}s",
            "statement_timeout": f"{LONG_SECONDS}s",
            "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
            "jit": "off",  # compiling costs more than these queries
        }
        calls = ", ".join(["set_config(%s, %s, false)"] * len(settings))
        connection.execute(f"SELECT {calls}", [part for setting in settings.items() for part in setting])
        return connection

    def _make_schema(self, connection: Connection) -> None:
        # All services of the project make the same one.
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_key(self._schema)})")
        there = connection.exec_driver_sql("SELECT 1 FROM pg_namespace WHERE nspname = %s", (self._schema,)).first()
        if there is None:  # asked first: making one takes a right that a role needn't have
            connection.exec_driver_sql(f"CREATE SCHEMA {_quoted(self._schema)}")


def _key(*names: str) -> int:
    """The number of an advisory lock: 64 bits, signed."""
    return int.from_bytes(sha256("/".join(("madseg", *names)).encode()).digest()[:8], "big", signed=True)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _limited(seconds: int) -> str:
    """Sets the time that each later statement of the transaction may take."""
    return f"set_config('statement_timeout', '{seconds}s', true)"
