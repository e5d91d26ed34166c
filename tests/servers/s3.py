"""A real S3 server: versitygw, started once per session, or the bucket whose URL MADSEG_TEST_S3 gives."""

import atexit
import os
import shutil
import tempfile
import uuid
from functools import cache
from pathlib import Path

import pytest

from deploy.local.s3 import S3
from deploy.local.server import Lacking


def empty_prefix() -> str:
    """The URL of a prefix that nothing is below."""
    given = os.environ.get("MADSEG_TEST_S3") or running().url
    place, question, options = given.partition("?")
    return f"{place.rstrip('/')}/{uuid.uuid4().hex}{question}{options}"


@cache
def running() -> S3:
    """The session's own server; tests that break one start another."""
    server = S3(Path(tempfile.mkdtemp(prefix="madseg-s3-")))
    atexit.register(_end, server)
    started(server)
    return server


def started(server: S3) -> S3:
    """The server, running; skips the test where this machine can't build it."""
    try:
        server.start()
    except Lacking as error:
        pytest.skip(str(error))
    return server


def _end(server: S3) -> None:
    server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)
