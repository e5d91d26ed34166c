"""Review: mask against prediction and picture, findings, revisions and the decision, by mouse and by keyboard."""

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from madseg.core.label_map import decode
from tests.browser.drawing import Hand
from tests.browser.stage import Stage
from tests.browser.stage_masks import REVIEWED
from tests.browser.windows import accessible, fits, until

Window = Callable[..., Page]
VIEWS = [(390, "dark"), (390, "light"), (900, "light"), (900, "dark"), (1440, "dark"), (1440, "light")]
_SHOWN = """(layer) => {
    const canvas = document.querySelector(`canvas.${layer}`);
    if (canvas.style.display === "none") return 0;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((part, at) => at % 4 === 3 && part).length;
}"""


def opened(stage: Stage, page: Page) -> Page:
    """The mask of somebody else, loaded."""
    page.goto(f"{stage.url}/#/review")
    expect(page.get_by_text("Revision 3 of 3 by grace")).to_be_visible()
    return page


def settled(page: Page) -> None:
    """After two frames all is painted."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_it_fits_and_is_accessible(stage: Stage, window: Window, width: int, scheme: str) -> None:
    """At three widths, light and dark; what is said stays text."""
    stage.masks.tasks[REVIEWED]["messages"][0]["text"] = "Is the mirror <b>car</b>?"
    page = opened(stage, window(width, scheme))
    expect(page.get_by_text("Is the mirror <b>car</b>?")).to_be_visible()
    fits(page)
    accessible(page)


def test_a_finding_is_pinned_by_a_click(stage: Stage, window: Window) -> None:
    """With type and words, on the pixel that was clicked; then the mask can't be accepted."""
    page = opened(stage, window())
    hand = Hand(page, stage, REVIEWED)
    hand.click(333, 222)
    dialog = page.get_by_role("dialog", name="What is wrong here?")
    expect(dialog).to_contain_text("Column 333, row 222")
    accessible(page)
    dialog.get_by_label("Type").select_option("other")
    dialog.get_by_role("button", name="Pin").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Say in words")
    dialog.get_by_label("In words").fill("a <b>ghost</b>")
    dialog.get_by_role("button", name="Pin").click()
    expect(page.get_by_role("button", name="Finding 3: Other, open")).to_be_visible()
    expect(page.get_by_text("a <b>ghost</b>")).to_be_visible()
    finding = {"revision": 3, "place": {"x": 333, "y": 222}, "type": "other", "text": "a <b>ghost</b>"}
    assert stage.posted(f"mask-tasks/{REVIEWED}/findings") == [finding]
    expect(page.get_by_role("button", name="Accept", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Let it be: finding 3").click()
    page.get_by_role("button", name="Settle: finding 1").click()
    expect(page.get_by_role("button", name="Accept", exact=True)).to_be_enabled()


def test_reviewing_by_keyboard_alone(stage: Stage, window: Window) -> None:
    """Cursor, pin, findings, revisions, layers, and the decision."""
    page = opened(stage, window())
    page.get_by_role("application").focus()
    for key in ("Shift+ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    dialog = page.get_by_role("dialog", name="What is wrong here?")
    expect(dialog).to_be_visible()
    dialog.get_by_label("In words").focus()
    page.keyboard.type("no bus here")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("application")).to_be_focused()
    assert [body["text"] for body in stage.posted(f"mask-tasks/{REVIEWED}/findings")] == ["no bus here"]
    page.keyboard.press("n")
    expect(page.get_by_role("button", name="Finding 1: Boundary, mended")).to_have_attribute("aria-current", "true")
    page.keyboard.press("[")
    expect(page.get_by_text("Revision 2 of 3")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("b")
    question = page.get_by_role("dialog", name="Send this mask back?")
    expect(question).to_contain_text("grace gets it back with 1 open finding")
    accessible(page)
    page.get_by_role("button", name="Send back").last.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("There is nothing to review now")).to_be_visible()
    assert stage.posted(f"mask-tasks/{REVIEWED}/decision") == [{"revision": 3, "decision": "send_back"}]


def test_a_mask_is_accepted(stage: Stage, window: Window) -> None:
    """The last revision, after the findings are settled."""
    page = opened(stage, window())
    page.get_by_role("button", name="Settle: finding 1").click()
    expect(page.get_by_role("button", name="Finding 1: Boundary, settled")).to_be_visible()
    page.get_by_role("button", name="Accept", exact=True).click()
    page.get_by_role("dialog", name="Accept this mask?").get_by_role("button", name="Accept").click()
    expect(page.get_by_text("There is nothing to review now")).to_be_visible()
    accessible(page)
    assert stage.posted(f"mask-tasks/{REVIEWED}/decision") == [{"revision": 3, "decision": "accept"}]


def test_mask_prediction_and_picture_take_turns(stage: Stage, window: Window) -> None:
    """By switch and by key; the blend goes with them."""
    page = opened(stage, window())
    settled(page)
    mask, prediction = page.locator("canvas.mask"), page.locator("canvas.prediction")
    expect(mask).to_be_visible()
    expect(prediction).to_be_hidden()
    page.keyboard.press("p")
    expect(prediction).to_be_visible()
    expect(mask).to_be_hidden()
    page.get_by_text("Picture", exact=True).click()
    expect(prediction).to_be_hidden()
    page.keyboard.press("q")
    expect(mask).to_be_visible()
    page.get_by_label("Blend of picture and labels").fill("30")
    expect(mask).to_have_css("opacity", "0.3")
    page.keyboard.press("o")
    expect(page.get_by_role("button", name="Outlines")).to_have_attribute("aria-pressed", "true")


def test_what_differs_is_highlighted(stage: Stage, window: Window) -> None:
    """Against the prediction, and against the revision before: as many pixels as differ, at one screen pixel each."""
    page = opened(stage, window(1100, height=700, expected="willReadFrequently"))
    page.evaluate("document.querySelector('.board-frame').style.cssText = 'width: 640px; height: 480px'")
    settled(page)
    assert page.evaluate(_SHOWN, "differs") == 0
    page.get_by_label("Highlight what differs from").select_option("before")
    one, two, three = (stage.masks.revisions[REVIEWED][number] for number in range(3))
    expect(page.locator("canvas.differs")).to_be_visible()
    assert _soon(page, "differs", _differing(two, three))
    page.keyboard.press("[")
    assert _soon(page, "differs", _differing(one, two))
    page.keyboard.press("]")
    page.keyboard.press("h")
    page.keyboard.press("h")
    expect(page.get_by_label("Highlight what differs from")).to_have_value("prediction")
    assert _soon(page, "differs", _differing(stage.masks.start(REVIEWED, "ours/3"), three))


def _differing(one: bytes, other: bytes) -> int:
    first, second = decode(one).dense(), decode(other).dense()
    return int(np.sum((first != second) & (first != 255) & (second != 255)))


def _soon(page: Page, layer: str, count: int) -> bool:
    until(page, lambda: page.evaluate(f"(count) => ({_SHOWN})('{layer}') === count", count))
    return True


def test_nothing_to_review_is_told(stage: Stage, window: Window) -> None:
    """With a button to look again."""
    stage.empty = True
    page = window(390)
    page.goto(f"{stage.url}/#/review")
    expect(page.get_by_text("There is nothing to review now")).to_be_visible()
    fits(page)
    accessible(page)


def test_a_failure_is_told_and_tried_again(stage: Stage, window: Window) -> None:
    """What is wrong, and a button."""
    stage.failing = {"reviews/take"}
    page = window(900, "dark", expected="503")
    page.goto(f"{stage.url}/#/review")
    expect(page.get_by_role("alert")).to_contain_text("couldn’t be loaded")
    accessible(page)
    stage.failing = set()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("drawn by grace")).to_be_visible()
