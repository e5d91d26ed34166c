"""The canned services, and a terminal of 80 columns in front of them."""

import time
from collections.abc import Iterator

import pytest

from tests.cli.terminal import Terminal
from tests.client.running import Running, running


@pytest.fixture
def services() -> Iterator[Running]:
    """The canned services, running."""
    with running() as found:
        yield found


@pytest.fixture
def madseg(services: Running, utc: None) -> Terminal:
    """Runs commands against the canned services."""
    return Terminal(dict.fromkeys(("MADSEG_INTAKE", "MADSEG_SELECTOR", "MADSEG_MODELS"), services.address))


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is UTC, so that printed moments are the same everywhere."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
