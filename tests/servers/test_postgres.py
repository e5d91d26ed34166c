"""The server that `make postgres` starts."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.local.postgres import REACHABLE, Postgres
from deploy.local.server import Lacking


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that nobody but its owner may enter."""
    made = Path(tempfile.mkdtemp(prefix="madseg-closed-"))
    before = set(REACHABLE.glob("madseg-postgres-*"))
    yield made / "postgres"
    shutil.rmtree(made)
    for left in set(REACHABLE.glob("madseg-postgres-*")) - before:
        shutil.rmtree(left)


def started(folder: Path) -> Postgres:
    """A server over the folder, running."""
    server = Postgres(folder)
    try:
        server.start()
    except Lacking as lacking:
        pytest.skip(str(lacking))
    return server


def test_it_keeps_its_data_and_its_address(folder: Path) -> None:
    """Over kill -9 and a stop, whoever starts it; while it stands still it doesn't answer."""
    server = started(folder)
    try:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS number")
            children = [row[0] for row in connection.execute("SELECT pid FROM pg_stat_activity")]
        for end in (server.kill, server.stop):
            end()
            assert not server.running
            again = Postgres(folder)
            again.start()
            assert again.url == server.url
            with psycopg.connect(again.url) as connection:
                assert connection.execute("SELECT number FROM kept").fetchall() == [(42,)]
        server.signal(signal.SIGSTOP)
        assert not server.answers()
        server.signal(signal.SIGCONT)
        assert server.answers()
    finally:
        server.stop()
    assert not any(_lives(pid) for pid in children)


def test_only_who_has_the_password_gets_in(folder: Path) -> None:
    """It is made anew for each folder, and nobody but its owner may read it."""
    server = started(folder)
    try:
        secret = folder / "password"
        assert secret.stat().st_mode & 0o077 == 0
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.url.replace(secret.read_text(), "guess"))
    finally:
        server.stop()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "postgres" in Path(f"/proc/{pid}/cmdline").read_text()
