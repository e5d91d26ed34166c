"""The page Score with its first images, and what the stage has of it."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.stage import Stage
from tests.browser.windows import until

Window = Callable[..., Page]
AHEAD = 3
"""Images that are ready beside the one on show."""
LOADED = r"""performance.getEntriesByType('resource')
  .filter((entry) => /images\/.*(picture|maps)/.test(entry.name)).length"""
"""Pictures and maps that came."""


def judging(stage: Stage, window: Window, *, width: int = 1440, **knobs: Any) -> Page:
    """The page with its first images loaded."""
    page = window(width, **knobs)
    page.goto(f"{stage.url}/#/score")
    expect(page.locator(".viewing:not(.blank)")).to_be_visible()
    until(page, lambda: page.evaluate(LOADED) == 2 * min(1 + AHEAD, stage.to_judge))
    page.wait_for_timeout(200)  # they are decoded and painted
    return page


def grades(stage: Stage) -> list[Any]:
    """What the server has, in order."""
    return [body.get("grade", next(iter(body))) for body in stage.judged.values()]


def settled(page: Page, stage: Stage, count: int) -> None:
    """Waits until the server has that many judgements."""
    until(page, lambda: len(stage.judged) == count)
