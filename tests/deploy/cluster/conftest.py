"""The cluster of `make cluster`, which runs already, for whichever file of proofs."""

from collections.abc import Iterator

import pytest

from madseg.client import Client
from tests.deploy.cluster.running import Running


@pytest.fixture(scope="module")
def running() -> Running:
    """The cluster, with everything on it ready."""
    found = Running()
    found.wait_ready()
    return found


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[Client]:
    """By way of the Services."""
    with running.client() as found:
        yield found
