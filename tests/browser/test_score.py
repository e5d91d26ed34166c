"""Scoring: every judgement counts once, none is lost, and nobody waits for the next image."""

from collections.abc import Callable

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.browser.scoring import AHEAD, grades, judging, settled
from tests.browser.stage import Stage
from tests.browser.windows import accessible, until

Window = Callable[..., Page]
PRESSED = """async (key) => {
  const canvas = document.querySelector(".viewing-overlay canvas");
  const before = canvas.toDataURL();
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  await new Promise(requestAnimationFrame);
  return canvas.toDataURL() !== before;
}"""
"""Whether the frame after a key shows another image."""


def overlay(page: Page) -> str:
    """What the right canvas shows."""
    return str(page.locator(".viewing-overlay canvas").evaluate("(canvas) => canvas.toDataURL('image/webp', 0.1)"))


def test_judging_by_keyboard(stage: Stage, window: Window) -> None:
    """Grades, can't judge, a veto with a reason, undo of what was sent."""
    page = judging(stage, window)
    for key in ("1", "5", "u"):
        page.keyboard.press(key)
    page.keyboard.press("x")
    dialog = page.get_by_role("dialog")
    accessible(page)
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("Say in words")
    page.keyboard.press("Tab")
    page.keyboard.type("a map of 1 <b>town</b>")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    settled(page, stage, 4)
    assert grades(stage) == [1, 5, "abstention", "veto"]
    assert list(stage.judged.values())[3]["veto"] == {"reason": "other", "text": "a map of 1 <b>town</b>"}
    assert all(0 <= body["looked_ms"] < 60000 for body in stage.judged.values())
    expect(page.get_by_text("4 of 30 judged")).to_be_visible()
    page.keyboard.press("z")
    settled(page, stage, 3)
    expect(page.get_by_text("3 of 30 judged")).to_be_visible()
    page.keyboard.press("2")
    settled(page, stage, 4)
    assert grades(stage) == [1, 5, "abstention", 2]
    until(page, lambda: page.evaluate("!Object.keys(localStorage).some((key) => key.includes('judgement'))"))


def test_judging_with_the_mouse(stage: Stage, window: Window) -> None:
    """The same; after a click the space bar blinks instead of clicking again."""
    page = judging(stage, window, width=900, scheme="dark")
    page.get_by_role("button", name="4 Good").click()
    settled(page, stage, 1)
    shown = overlay(page)
    page.keyboard.press(" ")
    expect(page.get_by_text("Picture (blink)")).to_be_visible()
    assert overlay(page) != shown
    page.locator(".viewing-overlay canvas").click()
    expect(page.get_by_text("What the target sees")).to_be_visible()
    page.get_by_text("Outlines", exact=True).click()
    assert overlay(page) != shown
    page.get_by_role("button", name="Veto").click()
    page.get_by_label("Broken picture").check()
    page.get_by_role("button", name="Veto", exact=True).last.click()
    page.get_by_role("button", name="Can’t judge").click()
    settled(page, stage, 3)
    page.get_by_role("button", name="Undo").click()
    settled(page, stage, 2)
    assert grades(stage) == [4, "veto"]


def test_a_telephone_shows_one_picture(stage: Stage, window: Window) -> None:
    """The overlay, which blinks when touched; all buttons are within reach."""
    page = judging(stage, window, width=390)
    expect(page.locator(".viewing-picture")).to_be_hidden()
    box = page.get_by_role("button", name="Undo").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 900
    page.locator(".viewing-overlay canvas").click()
    expect(page.get_by_text("Picture (blink)")).to_be_visible()


def test_the_next_image_is_there_at_once(stage: Stage, window: Window) -> None:
    """Loaded, decoded and painted before the key: in the next frame, though no picture is answered any more."""
    page = judging(stage, window)
    unanswered: list[Route] = []
    page.route("**/images/**", lambda route: unanswered.append(route))
    assert [page.evaluate(PRESSED, "3") for _ in range(AHEAD)] == [True] * AHEAD
    until(page, lambda: len(unanswered) >= AHEAD)
    settled(page, stage, AHEAD)
    until(page, lambda: page.evaluate("performance.getEntriesByName('next-image').length") == AHEAD)


def test_what_comes_late_is_no_news(stage: Stage, window: Window) -> None:
    """Images were asked for before a judgement was taken, and are answered after it: the count stays."""
    page = judging(stage, window)
    late: list[tuple[Route, APIResponse]] = []
    page.route("**/take", lambda route: late.append((route, route.fetch())))

    def after(route: Route) -> None:
        until(page, lambda: bool(late))
        route.continue_()

    page.route("**/judgement", after)
    page.keyboard.press("3")
    settled(page, stage, 1)
    expect(page.get_by_text("1 of 30 judged")).to_be_visible()
    until(page, lambda: page.evaluate("!Object.keys(localStorage).some((key) => key.includes('judgement'))"))
    for route, answer in late:
        route.fulfill(response=answer)
    page.wait_for_timeout(300)
    expect(page.get_by_text("1 of 30 judged")).to_be_visible()


def test_nothing_overtakes_an_undo(stage: Stage, window: Window) -> None:
    """A grade that is given while the server takes the last one back is sent after it."""
    page = judging(stage, window)
    page.keyboard.press("1")
    settled(page, stage, 1)
    undoing: list[Route] = []
    page.route("**/undo", lambda route: undoing.append(route))
    page.keyboard.press("z")
    until(page, lambda: bool(undoing))
    page.keyboard.press("4")
    page.wait_for_timeout(300)
    assert grades(stage) == [1]
    undoing[0].continue_()
    until(page, lambda: grades(stage) == [4])
    expect(page.get_by_text("1 of 30 judged")).to_be_visible()


def test_no_rater_sees_what_would_lead_them(stage: Stage, window: Window) -> None:
    """No discrepancy, no lane, no clock, no name of a version."""
    stage.roles = ("rater",)
    page = judging(stage, window)
    page.keyboard.press("3")
    settled(page, stage, 1)
    expect(page.get_by_text("1 of 30 judged")).to_be_visible()
    words = page.locator("body").inner_text().lower()
    assert not [
        word for word in ("discrepancy", "lane", "second", "minute", "time", "ours/3", "lease") if word in words
    ]


def test_judgements_are_kept_while_offline(stage: Stage, window: Window) -> None:
    """They outlive the page, and are sent in order once there is a connection."""
    page = judging(stage, window, expected="ERR_INTERNET_DISCONNECTED|ERR_FAILED")
    page.context.set_offline(True)
    for key in ("1", "2", "3"):
        page.keyboard.press(key)
    expect(page.get_by_text("3 judgements kept here")).to_be_visible()
    page.keyboard.press("z")
    expect(page.get_by_text("2 judgements kept here")).to_be_visible()
    accessible(page)
    assert stage.judged == {}
    page.evaluate("window.stop()")
    page.goto("about:blank")
    page.context.set_offline(False)
    page.goto(f"{stage.url}/#/score")
    settled(page, stage, 2)
    assert grades(stage) == [1, 2]
    expect(page.get_by_text("2 of 30 judged")).to_be_visible()


def test_more_images_come_once_there_is_a_connection(stage: Stage, window: Window) -> None:
    """Offline there are as many as were loaded ahead; afterwards it goes on by itself."""
    page = judging(stage, window, expected="ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    for _ in range(4):
        page.keyboard.press("2")
    expect(page.get_by_role("alert").filter(has_text="The next image couldn’t be loaded")).to_contain_text(
        "can’t be reached"
    )
    page.context.set_offline(False)
    expect(page.locator(".viewing:not(.blank)")).to_be_visible()
    settled(page, stage, 4)
    expect(page.get_by_text("4 of 30 judged")).to_be_visible()


def test_a_service_that_is_away_loses_nothing(stage: Stage, window: Window) -> None:
    """What failed is sent again, in order."""
    page = judging(stage, window, expected="503")
    stage.failing = {"assignments"}
    page.keyboard.press("4")
    page.keyboard.press("5")
    expect(page.get_by_text("2 judgements kept here")).to_be_visible()
    stage.failing = set()
    settled(page, stage, 2)
    assert grades(stage) == [4, 5]


def test_judgements_are_sent_from_whatever_page(stage: Stage, window: Window) -> None:
    """Once there is a connection, be it that one looks at something else."""
    page = judging(stage, window, expected="503")
    stage.failing = {"assignments"}
    page.keyboard.press("4")
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Contests")).to_be_visible()
    stage.failing = set()
    settled(page, stage, 1)
    page.reload()
    expect(page.get_by_role("heading", name="Contests")).to_be_visible()
    assert grades(stage) == [4]


def test_nobody_sends_what_another_judged(stage: Stage, window: Window) -> None:
    """Who signs in next sends nothing of it; it waits for its owner."""
    page = judging(stage, window, expected="401|409")
    stage.signed_in = False
    page.keyboard.press("4")
    page.get_by_label("Token").fill("right")
    stage.name = "lovelace"
    page.keyboard.press("Enter")
    expect(page.get_by_text("lovelace")).to_be_visible()
    page.wait_for_timeout(1500)
    assert stage.judged == {}
    stage.name = "hopper"
    page.reload()
    settled(page, stage, 1)
    assert grades(stage) == [4]


def test_a_judgement_that_is_refused_is_told(stage: Stage, window: Window) -> None:
    """With the reason, until it is read; the next ones go on."""
    page = judging(stage, window, expected="409")
    stage.refusing = True
    page.keyboard.press("4")
    expect(page.get_by_role("alert").filter(has_text="1 judgement wasn’t taken")).to_contain_text(
        "needs no further judgement"
    )
    stage.refusing = False
    page.keyboard.press("2")
    settled(page, stage, 1)
    page.get_by_role("button", name="All right").click()
    expect(page.get_by_text("wasn’t taken")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1440])
def test_the_last_image_says_thanks(stage: Stage, window: Window, width: int) -> None:
    """And can be undone."""
    stage.to_judge = 2
    page = judging(stage, window, width=width)
    page.keyboard.press("3")
    page.keyboard.press("3")
    expect(page.get_by_text("That’s all for you now.")).to_be_visible()
    expect(page.get_by_text("You have judged 2 images.")).to_be_visible()
    accessible(page)
    page.keyboard.press("z")
    settled(page, stage, 1)
    expect(page.locator(".viewing:not(.blank)")).to_be_visible()


def test_leaving_gives_the_images_back(stage: Stage, window: Window) -> None:
    """So that nobody waits for them."""
    page = judging(stage, window)
    page.keyboard.press("g")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", name="Contests")).to_be_visible()
    until(page, lambda: len(stage.posted("assignments/return")) == 1)
    (returned,) = stage.posted("assignments/return")
    assert len(returned["assignment_ids"]) == 4


def test_the_shortcuts_of_scoring_are_told(stage: Stage, window: Window) -> None:
    """All of them."""
    page = judging(stage, window)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Shortcuts")
    for words in ("excellent", "veto: out of domain", "can’t judge", "undo", "blink", "outlines or fill"):
        expect(dialog).to_contain_text(words)
    page.keyboard.press("3")
    page.wait_for_timeout(100)
    assert stage.judged == {}


def test_a_first_class_that_is_a_thing_is_shown(stage: Stage, window: Window) -> None:
    """It is in the legend and painted like the others."""
    stage.background = 255
    page = judging(stage, window)
    expect(page.get_by_role("list", name="Classes of the map")).to_contain_text("road")
    changed = """() => {
      const [bare, overlaid] = ["picture", "overlay"].map((name) => {
        const canvas = document.querySelector(`.viewing-${name} canvas`);
        return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      });
      return bare.filter((value, at) => value !== overlaid[at]).length / bare.length;
    }"""
    assert page.evaluate(changed) > 0.5
