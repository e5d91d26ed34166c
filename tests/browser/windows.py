"""Windows of the browser: what they complain of, and what axe-core finds in them."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, ConsoleMessage, Page

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).with_name("axe.min.js").read_text(encoding="utf-8")

_VIOLATIONS = """
    document.addEventListener("securitypolicyviolation", (event) =>
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


@dataclass
class Complaints:
    """Errors on the console, uncaught ones, and violations of the policy, but those that a test expects."""

    heard: list[str] = field(default_factory=list)
    expected: str = ""
    """A regular expression of what is no reason to complain."""

    def hear(self, text: str) -> None:
        """Notes it, unless it is expected."""
        if not (self.expected and re.search(self.expected, text)):
            self.heard.append(text)

    def console(self, message: ConsoleMessage) -> None:
        """Notes errors and warnings."""
        if message.type in {"error", "warning"}:
            self.hear(f"{message.text} ({message.location['url']})")


@contextmanager
def opened(
    browser: Browser, complaints: Complaints, width: int, height: int, scheme: Literal["light", "dark"]
) -> Iterator[Page]:
    """A fresh window with a storage of its own."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce", timezone_id="UTC"
    )
    context.add_init_script(_VIOLATIONS)
    page = context.new_page()
    page.set_default_timeout(10000)
    page.on("console", complaints.console)
    page.on("pageerror", lambda error: complaints.hear(str(error)))
    yield page
    context.close()


def until(page: Page, holds: Callable[[], bool], seconds: float = 12.0) -> None:
    """Waits until something holds, and asserts that it does."""
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        page.wait_for_timeout(20)
    assert holds()


def accessible(page: Page, *rules: str) -> None:
    """Asserts that axe-core finds nothing to mend, by all its rules or by some."""
    page.evaluate(AXE)
    only = {"runOnly": {"type": "rule", "values": rules}} if rules else {}
    found = page.evaluate("(options) => axe.run(document, options).then((result) => result.violations)", only)
    places = [
        f"{item['id']}: {node['html'][:160]} {node['failureSummary'][:200]}" for item in found for node in item["nodes"]
    ]
    assert not places, "\n".join(places)


def fits(page: Page) -> None:
    """Asserts that nothing is wider than the window, once what is drawn anew for another width has been."""
    until(page, lambda: bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth")))


def focused(page: Page) -> str:
    """What has the focus: its label, or its text."""
    return str(
        page.evaluate("(document.activeElement.getAttribute('aria-label') || document.activeElement.innerText).trim()")
    )
