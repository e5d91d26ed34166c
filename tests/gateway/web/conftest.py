"""The site, as most tests take it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.web.site import Site
from tests.gateway.web.site import site as started


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Running, with tokens."""
    with started(tmp_path) as found:
        yield found
