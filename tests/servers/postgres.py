"""One PostgreSQL for all tests of a session, and a database of its own for each test that asks for one.

`MADSEG_TEST_POSTGRES` gives a server by URL, whose role may make databases; otherwise one is started.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from deploy.local.postgres import Postgres
from deploy.local.server import Lacking
from tests.servers.proxy import Proxy

SCHEMA = "madseg"
"""What each database has for its tables: the default prefix."""

_numbers = count(1)


def started(*, durable: bool = False) -> Postgres:
    """A server of the caller's own, to be killed and stopped at will; gone at the end of the session.

    Skips the test where PostgreSQL isn't installed.
    """
    folder = Path(tempfile.mkdtemp(prefix="madseg-postgres-"))
    folder.chmod(0o755)  # for the server's account
    server = Postgres(folder, durable=durable)
    atexit.register(_end, server)
    try:
        server.start()
    except Lacking as lacking:
        pytest.skip(str(lacking))
    return server


@contextmanager
def database() -> Iterator[str]:
    """The URL of an empty database with the schema `madseg`, which is dropped at the end of the block."""
    name = f"madseg_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(_server(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), _template()))
    try:
        yield database_url(_server(), name)
    finally:
        _drop(name)


def database_url(server: str, name: str) -> str:
    """A server's URL with another database in it."""
    return urlsplit(server)._replace(path=f"/{name}").geturl()


@contextmanager
def through_proxy(url: str) -> Iterator[tuple[Proxy, str]]:
    """A proxy in front of the server of a URL, and the URL through it."""
    parts = urlsplit(url)
    with Proxy(parts.hostname or "127.0.0.1", parts.port or 5432) as proxy:
        people, _, _ = parts.netloc.rpartition("@")
        yield proxy, parts._replace(netloc=f"{people}@{proxy.address}").geturl()


def waiting(url: str) -> int:
    """How many transactions wait for one another in a database."""
    with psycopg.connect(url) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
        row = connection.execute(query, (connection.info.dbname,)).fetchone()
    assert row is not None
    return int(row[0])


@cache
def _server() -> str:
    return os.environ.get("MADSEG_TEST_POSTGRES") or started().url


@cache
def _template() -> sql.Identifier:
    """A database with nothing but the schema."""
    name = f"madseg_{os.getpid()}_template"
    with psycopg.connect(_server(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    with psycopg.connect(database_url(_server(), name), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
    atexit.register(_drop, name)
    return sql.Identifier(name)


def _drop(name: str) -> None:
    with psycopg.connect(_server(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _end(server: Postgres) -> None:
    server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)
