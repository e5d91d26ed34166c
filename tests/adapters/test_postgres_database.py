"""Tests of the real database: turns between processes, bounds, and what its errors come out as."""

import threading
from collections.abc import Callable, Iterator
from functools import partial

import psycopg
import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import IntegrityError

from madseg.adapters.databases import open_database
from madseg.adapters.databases.postgres import PostgresDatabase
from madseg.core.errors import Conflict, InvalidInput, MadsegError, Unavailable
from madseg.selector.bulk import insert_rows
from tests.adapters.rows import META, ROWS, add, made, numbers
from tests.pipeline.running import until
from tests.servers import postgres


@pytest.fixture
def database(postgres_url: str) -> Iterator[PostgresDatabase]:
    """One with the table `rows`, opened for a service."""
    with made(postgres_url) as opened:
        yield opened


def run(*acts: Callable[[], None]) -> list[threading.Thread]:
    """Starts a thread each."""
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    return threads


def test_writes_beside_each_other_run_at_once(database: PostgresDatabase) -> None:
    """Each is in its block while the others are."""
    together = threading.Barrier(3)

    def write(number: int) -> None:
        with database.write(beside=True) as connection:
            together.wait(20)
            add(connection, number)

    for thread in run(*(partial(write, number) for number in range(3))):
        thread.join()
    assert numbers(database) == [0, 1, 2]


def test_turns_are_taken_in_the_order_of_asking(database: PostgresDatabase, postgres_url: str) -> None:
    """A write that wants the tables alone isn't overtaken for ever by those that don't."""
    other = PostgresDatabase(postgres_url, "selector", "madseg")  # as another process has it
    order: list[str] = []

    def alone() -> None:
        with other.write():
            order.append("alone")

    def beside() -> None:
        with database.write(beside=True):
            order.append("beside")

    with database.write(beside=True):
        threads = run(alone)
        until(lambda: postgres.waiting(postgres_url) == 1)
        threads += run(beside)
        until(lambda: postgres.waiting(postgres_url) == 2)
        assert order == []
    for thread in threads:
        thread.join()
    assert order == ["alone", "beside"]
    other.close()


def test_services_and_projects_do_not_wait_for_each_other(database: PostgresDatabase, postgres_url: str) -> None:
    """Nor do projects see each other's tables."""
    gateway = open_database(postgres_url, "gateway", "madseg")
    second = open_database(postgres_url, "selector", 'the "other" one')
    with psycopg.connect(postgres_url) as connection:
        connection.execute('CREATE SCHEMA "the ""other"" one"')
    with database.write() as here, gateway.write(), second.write() as there:
        META.create_all(there)
        add(here, 1)
        add(there, 2)
    with second.snapshot() as snapshot:
        assert list(snapshot.execute(select(ROWS.c.id)).scalars()) == [2]
    assert numbers(database) == [1]
    gateway.close()
    second.close()


def test_what_takes_too_long_is_bounded(database: PostgresDatabase) -> None:
    """In each kind of transaction; a hanging one is thrown out before those that wait for it give up."""
    names = ("lock_timeout", "idle_in_transaction_session_timeout", "statement_timeout")

    def limits(connection: Connection) -> list[str]:
        return [connection.execute(text(f"SHOW {name}")).scalar_one() for name in names]

    with database.write() as connection:
        assert limits(connection) == ["30s", "20s", "30min"]
    with database.write(beside=True) as connection:
        assert limits(connection) == ["30s", "20s", "1min"]
    with database.snapshot() as connection:
        assert limits(connection) == ["30s", "20s", "1min"]
    with database.write() as connection:
        assert limits(connection)[-1] == "30min"


def test_a_turn_that_does_not_come_is_unavailable(database: PostgresDatabase, postgres_url: str) -> None:
    """The one who waited may ask again."""

    def wait() -> None:
        with database.write(beside=True) as connection:
            connection.execute(text("SET LOCAL lock_timeout = '20ms'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(1)"))

    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(1)")
        with pytest.raises(Unavailable, match="lock timeout"):
            wait()
    wait()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("SET LOCAL statement_timeout = '20ms'; SELECT pg_sleep(20)", "statement timeout"),
        ("DO $$ BEGIN RAISE disk_full USING MESSAGE = 'no space left'; END $$", "no space left"),
        ("DO $$ BEGIN RAISE serialization_failure; END $$", "serialization_failure"),
        ("DO $$ BEGIN RAISE cannot_connect_now; END $$", "cannot_connect_now"),
        ("DO $$ BEGIN RAISE too_many_connections; END $$", "too_many_connections"),
        ("DO $$ BEGIN RAISE internal_error; END $$", "internal_error"),
        ("SELECT pg_terminate_backend(pg_backend_pid())", "terminating connection"),
    ],
)
def test_what_passes_is_unavailable(database: PostgresDatabase, statement: str, message: str) -> None:
    """Nothing of the transaction stays, and the next one works."""

    def fail() -> None:
        with database.write() as connection:
            add(connection, 1)
            connection.exec_driver_sql(statement)

    with pytest.raises(Unavailable, match=message):
        fail()
    assert numbers(database) == []
    with database.write() as connection:
        add(connection, 2)
    assert numbers(database) == [2]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DO $$ BEGIN RAISE data_corrupted; END $$", "damaged"),
        ("DO $$ BEGIN RAISE insufficient_privilege; END $$", "right to"),
        ("SELECT * FROM nowhere", "madseg migrate"),
    ],
)
def test_what_somebody_has_to_repair_is_a_conflict(database: PostgresDatabase, statement: str, message: str) -> None:
    """The message says what to do."""
    with pytest.raises(Conflict, match=message), database.write() as connection:
        connection.exec_driver_sql(statement)


def test_a_server_that_takes_no_writes_is_unavailable(database: PostgresDatabase, postgres_url: str) -> None:
    """A standby, or one that recovers; reading goes on."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET default_transaction_read_only = on")
    later = PostgresDatabase(postgres_url, "selector", "madseg")
    with pytest.raises(Unavailable, match="standby"), later.write() as writing:
        add(writing, 1)
    assert numbers(later) == []
    later.close()


def test_transactions_in_each_others_way_are_unavailable(database: PostgresDatabase) -> None:
    """One of them; the other goes through."""
    with database.write() as connection:
        add(connection, 1, 2)
    both = threading.Barrier(2)
    failed: list[MadsegError] = []

    def change(first: int, second: int) -> None:
        try:
            with database.write(beside=True) as connection:
                for number in (first, second):
                    connection.execute(ROWS.update().where(ROWS.c.id == number).values(content=bytes([first])))
                    if number == first:
                        both.wait(20)
        except Unavailable as error:
            failed.append(error)

    for thread in run(lambda: change(1, 2), lambda: change(2, 1)):
        thread.join()
    assert len(failed) == 1
    assert "deadlock" in str(failed[0])


def test_a_transaction_that_hangs_is_thrown_out(database: PostgresDatabase, postgres_url: str) -> None:
    """By the server, which gives its turn to the next; it learns of it and may begin anew."""
    other = PostgresDatabase(postgres_url, "selector", "madseg")

    def hang() -> None:
        with database.write() as connection:
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '50ms'"))
            add(connection, 1)
            with other.write() as next_one:
                add(next_one, 2)
            add(connection, 3)

    with pytest.raises(Unavailable):
        hang()
    other.close()
    assert numbers(database) == [2]


def test_broken_rows_come_out_the_same_by_copy(database: PostgresDatabase) -> None:
    """As by INSERT; the connection is good for the next transaction."""
    with pytest.raises(IntegrityError), database.write() as connection:
        insert_rows(connection, ROWS, [(1, b"a"), (1, b"b")])
    with pytest.raises(IntegrityError), database.write() as connection:
        add(connection, 1, 1)
    with database.write() as connection:
        insert_rows(connection, ROWS, [(2, b"\0\xff"), (3, None)])
    with database.snapshot() as snapshot:
        assert snapshot.execute(select(ROWS).order_by(ROWS.c.id)).all() == [(2, b"\0\xff"), (3, None)]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:sesame@127.0.0.1:1/db",
        "postgresql://user:sesame@127.0.0.1:port/db",
        "postgresql://user:sesame@127.0.0.1/db?nonsense=1",
        "postgresql://user:open@sesame@127.0.0.1/db",
        "postgres-typo://user:sesame@127.0.0.1/db",
        "mysql://user:sesame@127.0.0.1/db",
    ],
)
def test_no_message_has_the_password(url: str) -> None:
    """Nor the chain of what caused it."""
    with pytest.raises((InvalidInput, Unavailable)) as raised:
        open_database(url)
    error: BaseException | None = raised.value
    while error is not None:
        assert "sesame" not in str(error)
        assert "sesame" not in repr(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_a_name_that_would_be_cut_off_is_refused() -> None:
    """Two projects would end up in one schema."""
    with pytest.raises(InvalidInput, match="MADSEG_PREFIX"):
        open_database("postgresql://localhost/db", "selector", "x" * 64)
