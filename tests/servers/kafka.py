"""A real Kafka: one broker per session, or the one that MADSEG_TEST_KAFKA names as `host:port`."""

import atexit
import os
import shutil
import tempfile
import time
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from deploy.local.kafka import Kafka
from deploy.local.server import Lacking
from madseg.adapters.streams.kafka_client import connected, kafka
from madseg.adapters.streams.kafka_url import parse

OPTIONS = "session_seconds=3"
"""Members that vanish are missed soon, as tests wait for that."""


def url(options: str = OPTIONS) -> str:
    """The session's stream."""
    address = os.environ.get("MADSEG_TEST_KAFKA") or _running().address
    return f"kafka://{address}?{options}"


def started() -> Kafka:
    """A broker of the caller's own, to be killed at will; gone at the end of the session.

    Skips the test where this machine can't run it.
    """
    server = Kafka(Path(tempfile.mkdtemp(prefix="madseg-kafka-")))
    atexit.register(_end, server)
    try:
        server.start()
    except Lacking as lacking:
        pytest.skip(str(lacking))
    return server


def delete_topics(*names: str, server: str = "") -> None:
    """Takes topics away, with what groups have committed of them; returns when they are gone."""
    with closing(admin(server)) as asked:
        asked.delete_topics([name for name in asked.list_topics() if name in names], raise_errors=False)
        deadline = time.monotonic() + 30
        while set(names) & set(asked.list_topics()):
            assert time.monotonic() < deadline, f"topics {names} don't go"
            time.sleep(0.02)


def admin(server: str = "") -> Any:
    """The client's own view of a broker at a URL, by default the session's."""
    return connected(kafka.KafkaAdminClient, **parse(server or url()).connecting())


@cache
def _running() -> Kafka:
    return started()


def _end(server: Kafka) -> None:
    server.kill()
    shutil.rmtree(server.folder, ignore_errors=True)
