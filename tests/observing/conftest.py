"""Where this process gives out its figures."""

from collections.abc import Iterator

import pytest

from madseg.observing.exposing import Exposed


@pytest.fixture
def page() -> Iterator[str]:
    """The URL of the figures, for as long as a test runs."""
    part = Exposed("127.0.0.1:0")
    part.start()
    yield part.url
    part.stop()
