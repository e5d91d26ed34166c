"""The canned services for the tests of the client."""

from collections.abc import Iterator

import pytest

from tests.client.running import Running, running


@pytest.fixture
def services() -> Iterator[Running]:
    """The canned services, running."""
    with running() as found:
        yield found
