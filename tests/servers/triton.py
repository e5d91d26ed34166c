"""A real Triton on the CPU, started once per session, or given by two variables.

MADSEG_TEST_TRITON is `host:port` of a Triton under explicit control, MADSEG_TEST_TRITON_REPOSITORY the folder that it
serves, which the tests write into.
"""

import atexit
import os
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from deploy.local.server import Lacking
from deploy.local.triton import Triton


@dataclass(frozen=True)
class Shared:
    """The session's server: tests put models of their own into its `repository` and load them."""

    url: str
    repository: Path


@cache
def shared() -> Shared:
    """The server that all tests share; those that break one start another."""
    given = os.environ.get("MADSEG_TEST_TRITON")
    if given:
        return Shared(f"triton://{given}", Path(os.environ["MADSEG_TEST_TRITON_REPOSITORY"]))
    repository = Path(tempfile.mkdtemp(prefix="madseg-triton-models-"))
    atexit.register(shutil.rmtree, repository, ignore_errors=True)
    return Shared(started(repository).url, repository)


def started(repository: Path) -> Triton:
    """A running server of the caller's own, gone at the end of the session; skips where the machine lacks something."""
    server = Triton(Path(tempfile.mkdtemp(prefix="madseg-triton-")), repository)
    try:
        server.start()
    except Lacking as error:
        pytest.skip(str(error))
    atexit.register(_end, server)
    return server


def _end(server: Triton) -> None:
    server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)
