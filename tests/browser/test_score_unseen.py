"""Scoring: nobody grades what they haven't seen."""

from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from tests.browser.scoring import grades, judging, settled
from tests.browser.stage import Stage
from tests.browser.windows import until

Window = Callable[..., Page]


def held(page: Page, key: str, times: int) -> None:
    """A key that is held for so long that it comes that often."""
    for _ in range(times):
        page.keyboard.down(key)
        page.wait_for_timeout(30)
    page.keyboard.up(key)


def test_a_key_that_is_held_counts_once(stage: Stage, window: Window) -> None:
    """Nobody grades, or takes back, what they haven't seen: not by a key, nor by a button that has the focus."""
    page = judging(stage, window)
    held(page, "3", times=8)
    settled(page, stage, 1)
    page.get_by_role("button", name="5 Excellent").focus()
    held(page, "Enter", times=8)
    settled(page, stage, 2)
    page.keyboard.press("4")
    settled(page, stage, 3)
    held(page, "z", times=8)
    settled(page, stage, 2)
    page.wait_for_timeout(300)
    assert grades(stage) == [3, 5]


def test_what_is_not_seen_is_not_graded(stage: Stage, window: Window) -> None:
    """While it loads it can't be judged; what can't be loaded can be vetoed, or put aside."""
    page = window(expected="404")
    unanswered: list[Route] = []
    page.route("**/picture?*", lambda route: unanswered.append(route))
    page.goto(f"{stage.url}/#/score")
    until(page, lambda: bool(unanswered))
    grade, aside = page.get_by_role("button", name="3 Fair"), page.get_by_role("button", name="Can’t judge")
    expect(grade).to_be_disabled()
    expect(aside).to_be_disabled()
    for key in ("3", "u", "x"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_have_count(0)
    unanswered[0].fulfill(status=404)
    expect(page.get_by_role("alert").filter(has_text="This image couldn’t be loaded")).to_be_visible()
    expect(grade).to_be_disabled()
    page.keyboard.press("3")
    page.keyboard.press("u")
    settled(page, stage, 1)
    assert grades(stage) == ["abstention"]
