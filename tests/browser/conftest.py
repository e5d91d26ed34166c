"""One browser for all tests of the pages, and windows that complain of whatever goes wrong in them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.stage import Stage
from tests.browser.windows import CHROMIUM, Complaints, opened

Scheme = Literal["light", "dark"]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a head."""
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed: apt-get install --no-install-recommends chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="package")
def running() -> Iterator[Stage]:
    """The server of the pages, for all tests."""
    with Stage() as stage:
        yield stage


@pytest.fixture
def stage(running: Stage) -> Stage:
    """The server of the pages, as it is at the beginning."""
    running.reset()
    return running


@pytest.fixture
def window(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens windows: `window(width=1440, scheme="light")`; afterwards none may have complained."""
    complaints = Complaints()
    with ExitStack() as stack:

        def make(width: int = 1440, scheme: Scheme = "light", height: int = 900, *, expected: str = "") -> Page:
            complaints.expected = expected or complaints.expected
            return stack.enter_context(opened(browser, complaints, width, height, scheme))

        yield make
    assert complaints.heard == []


expect.set_options(timeout=30_000)
