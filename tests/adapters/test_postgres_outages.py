"""PostgreSQL away, restarted, killed or full in the middle of what it was asked."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, select

from madseg.adapters.databases.postgres import PostgresDatabase
from madseg.core.errors import Unavailable
from madseg.selector.bulk import insert_rows
from tests.adapters.rows import ROWS, add, made, numbers
from tests.servers import postgres


def test_a_connection_that_breaks_in_the_middle_takes_everything_back(postgres_url: str) -> None:
    """Between statements, in a COPY, at the commit; the next transaction has a new connection."""
    with postgres.through_proxy(postgres_url) as (proxy, far), made(far) as database:

        def between_statements(connection: Connection) -> None:
            proxy.drop()
            add(connection, 1)

        def in_a_copy(connection: Connection) -> None:
            def rows() -> Iterator[tuple[int, bytes]]:
                for number in range(200):
                    if number == 1:
                        proxy.drop()
                    yield number, bytes(100_000)

            insert_rows(connection, ROWS, rows())  # type: ignore[arg-type]

        def at_the_commit(connection: Connection) -> None:
            add(connection, 1)
            proxy.drop()

        for act in (between_statements, in_a_copy, at_the_commit):
            with pytest.raises(Unavailable), database.write() as connection:
                act(connection)
            assert numbers(database) == []


def test_a_server_that_is_away_is_unavailable_until_it_is_back(postgres_url: str) -> None:
    """At the opening, for writes and for snapshots; old connections are replaced without a word."""
    with postgres.through_proxy(postgres_url) as (proxy, far), made(far) as database:
        proxy.refuse()
        for _ in range(2):
            with pytest.raises(Unavailable), database.write():
                pass
            with pytest.raises(Unavailable), database.snapshot():
                pass
        with pytest.raises(Unavailable):
            PostgresDatabase(far, "selector", "madseg")
        proxy.restore()
        with database.write() as connection:
            add(connection, 1)
        proxy.drop()
        assert numbers(database) == [1]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_server_restarted_inside_a_transaction(end: str) -> None:
    """Stopped in order or killed: what wasn't committed is gone, what was is there."""
    server = postgres.started(durable=True)
    make_schema(server.url)
    with made(server.url) as database:

        def restart(writing: Connection) -> None:
            add(writing, 2)
            getattr(server, end)()
            server.start()
            add(writing, 3)

        with database.write() as connection:
            add(connection, 1)
        with pytest.raises(Unavailable), database.write() as connection:
            restart(connection)
        assert numbers(database) == [1]

        def end_it(reading: Connection) -> None:
            getattr(server, end)()
            reading.execute(select(ROWS))

        with pytest.raises(Unavailable), database.snapshot() as snapshot:
            end_it(snapshot)
        server.start()
        assert numbers(database) == [1]
    server.stop()


def test_a_full_disk_is_unavailable_and_passes() -> None:
    """The same write goes through when there is room again."""
    server = postgres.started()
    make_schema(server.url)
    content = os.urandom(2_000_000)
    with small_disk() as disk:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{disk}/space'")
            connection.execute("ALTER ROLE madseg SET default_tablespace = small")
        with made(server.url) as database:
            (disk / "filler").write_bytes(bytes(3_000_000))
            for _ in range(2):
                with pytest.raises(Unavailable, match="could not extend file"), database.write() as writing:
                    insert_rows(writing, ROWS, [(1, content)])
                assert numbers(database) == []
            (disk / "filler").unlink()
            with database.write() as writing:
                insert_rows(writing, ROWS, [(1, content)])
            assert numbers(database) == [1]
        server.stop()


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system of 4 MiB with a folder `space` for the server's account."""
    place = Path("/var/tmp") / f"madseg-disk-{os.getpid()}"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=1777", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:
        place.rmdir()
        pytest.skip("a small disk can't be mounted: run the tests as root")
    try:
        (place / "space").mkdir()
        subprocess.run(["chown", "postgres", place / "space"], check=True)
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
        place.rmdir()


def make_schema(url: str) -> None:
    """Makes the schema of the tables."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE SCHEMA madseg")
