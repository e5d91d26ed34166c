"""Scoring: an undo whose answer got lost hides no image, and takes no second judgement back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.scoring import grades, judging, settled
from tests.browser.stage import Stage
from tests.browser.windows import until

Window = Callable[..., Page]
UNKNOWN = "Whether the last judgement was undone isn’t known yet"


def shown(page: Page) -> str:
    """What the left canvas shows."""
    return str(page.locator(".viewing-picture canvas").evaluate("(canvas) => canvas.toDataURL('image/webp', 0.1)"))


def three_judged(stage: Stage, page: Page) -> str:
    """Grades 1 to 3; what the last one was given for."""
    for key in "12":
        page.keyboard.press(key)
    settled(page, stage, 2)
    last = shown(page)
    page.keyboard.press("3")
    settled(page, stage, 3)
    until(page, lambda: page.evaluate("!Object.keys(localStorage).some((key) => key.includes('judgement'))"))
    return last


@pytest.mark.parametrize("status", [0, 502])
def test_an_undo_whose_answer_got_lost_shows_its_image(stage: Stage, window: Window, status: int) -> None:
    """It is found among what this rater is to judge."""
    page = judging(stage, window, expected="ERR_FAILED|502")
    last = three_judged(stage, page)

    def lose(route: Route) -> None:
        route.fetch()
        if status:
            route.fulfill(status=status)
        else:
            route.abort()

    page.route("**/undo", lose)
    page.keyboard.press("z")
    until(page, lambda: shown(page) == last)
    expect(page.get_by_text(UNKNOWN)).to_have_count(0)
    expect(page.get_by_text("2 of 30 judged")).to_be_visible()
    page.keyboard.press("5")
    settled(page, stage, 3)
    assert grades(stage) == [1, 2, 5]


def test_an_undo_that_never_arrived_takes_nothing_back(stage: Stage, window: Window) -> None:
    """And the next one takes back one."""
    page = judging(stage, window, expected="ERR_FAILED")
    last = three_judged(stage, page)
    page.route("**/undo", lambda route: route.abort())
    page.keyboard.press("z")
    expect(page.get_by_text("Nothing was undone: the server didn’t hear of it.")).to_be_visible()
    assert grades(stage) == [1, 2, 3]
    page.unroute("**/undo")
    page.keyboard.press("z")
    until(page, lambda: shown(page) == last)
    assert grades(stage) == [1, 2]


def test_while_it_is_not_known_nothing_more_is_undone(stage: Stage, window: Window) -> None:
    """However often it is asked for; it is found out once the server is in reach."""
    page = judging(stage, window, expected="ERR_FAILED|503")
    last = three_judged(stage, page)
    stage.failing = {"campaigns"}
    page.route("**/undo", lambda route: (stage.judged.popitem(), route.abort()))
    page.keyboard.press("z")
    expect(page.get_by_text(UNKNOWN)).to_be_visible()
    page.keyboard.press("z")
    page.keyboard.press("z")
    page.wait_for_timeout(300)
    assert grades(stage) == [1, 2]
    stage.failing = set()
    page.keyboard.press("z")
    until(page, lambda: shown(page) == last)
    expect(page.get_by_text(UNKNOWN)).to_have_count(0)
    assert grades(stage) == [1, 2]


@pytest.mark.parametrize("status", [0, 503])
def test_a_judgement_that_may_have_arrived_is_undone_on_the_server(stage: Stage, window: Window, status: int) -> None:
    """It was taken and the answer got lost, as while the answers are: nothing of it stays, and none is undone twice."""
    page = judging(stage, window, expected="ERR_FAILED|503")
    for key in "12":
        page.keyboard.press(key)
    settled(page, stage, 2)
    last = shown(page)

    def lose(route: Route) -> None:
        route.fetch()
        if status:
            route.fulfill(status=status)
        else:
            route.abort()

    page.route("**/judgement", lose)
    page.keyboard.press("3")
    settled(page, stage, 3)
    page.wait_for_timeout(300)
    page.keyboard.press("z")
    expect(page.get_by_text("The last judgement may have arrived")).to_be_visible()
    for key in "z4":
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    assert grades(stage) == [1, 2, 3]
    page.unroute("**/judgement")
    until(page, lambda: shown(page) == last)
    assert grades(stage) == [1, 2]
    expect(page.get_by_text("The last judgement may have arrived")).to_have_count(0)
    page.keyboard.press("5")
    settled(page, stage, 3)
    assert grades(stage) == [1, 2, 5]


def test_a_judgement_that_was_not_taken_takes_no_earlier_one_back(stage: Stage, window: Window) -> None:
    """Undo while it is on its way, and it is refused: the one before stays."""
    page = judging(stage, window, expected="409")
    page.keyboard.press("1")
    settled(page, stage, 1)
    stage.refusing = True
    sent: list[Route] = []
    page.route("**/judgement", lambda route: sent.append(route))
    page.keyboard.press("2")
    until(page, lambda: bool(sent))
    page.keyboard.press("z")
    sent[0].continue_()
    expect(page.get_by_text("Nothing was undone: the image needs no further judgement")).to_be_visible()
    assert grades(stage) == [1]
