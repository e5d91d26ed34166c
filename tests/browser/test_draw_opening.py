"""Draw: nothing is drawn on but the mask as it was saved, and where it can't be had there is another try."""

from collections.abc import Callable

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser.drawing import Hand, capsule
from tests.browser.stage import Stage
from tests.browser.stage_masks import DRAWN, NEXT
from tests.browser.windows import accessible

Window = Callable[..., Page]
CLEAR = """(canvas, places) => {
  const { left, top, width } = canvas.getBoundingClientRect();
  const ratio = canvas.width / width;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return places.map(([x, y]) =>
    data[4 * (Math.floor((y - top) * ratio) * canvas.width + Math.floor((x - left) * ratio)) + 3] === 0);
}"""
"""Whether nothing is painted at places of the window; read at once, as Chromium complains of more."""
LAST = f"mask-tasks/{DRAWN}/revisions/0"


def saved_before(stage: Stage) -> bytes:
    """A mask that an earlier visit left."""
    theirs = stage.masks.start(DRAWN, "ours/3")
    stage.masks.save(DRAWN, theirs)
    return theirs


def tried(hand: Hand) -> None:
    """Draws, lays a border and hands in, by mouse and keyboard, and waits until that would have been saved."""
    hand.click(200, 200)
    hand.keys("ArrowRight", " ", "t", "Control+s", "Control+Enter")
    hand.page.wait_for_timeout(1300)


def test_nothing_can_be_drawn_before_the_mask_is_there(stage: Stage, window: Window) -> None:
    """On a mask that comes late a stroke would begin from nothing, and be saved over it."""
    theirs = saved_before(stage)
    stage.failing = {f"slow:{LAST}"}
    page = window(expected="ERR_")
    page.goto(f"{stage.url}/#/draw")
    expect(page.get_by_text("Loading the mask…")).to_be_visible()
    expect(page.get_by_role("button", name="Hand in")).to_be_disabled()
    accessible(page)
    tried(Hand(page, stage))
    assert [theirs] == stage.masks.revisions[DRAWN]
    assert stage.masks.tasks[DRAWN]["state"] == "drawing"


def test_a_mask_that_can_not_be_loaded_is_no_board(stage: Stage, window: Window) -> None:
    """What is wrong, and a button; then it is drawn on."""
    theirs = saved_before(stage)
    stage.failing = {LAST}
    page = window(expected="503")
    page.goto(f"{stage.url}/#/draw")
    expect(page.get_by_role("alert")).to_contain_text("The mask couldn’t be loaded.")
    expect(page.get_by_role("application")).to_have_count(0)
    accessible(page)
    page.keyboard.press("Control+Enter")
    stage.failing = set()
    page.get_by_role("button", name="Try again").click()
    hand = Hand(page, stage)
    expect(page.get_by_role("button", name="Hand in")).to_be_enabled()
    hand.click(200, 200)
    before, after = stage.masks.pixels(), hand.saved()
    assert after[200, 200] == 1
    assert (before == after)[:, 300:].all()
    assert [theirs] == stage.masks.revisions[DRAWN][:-1]


def test_theirs_is_whole_though_a_stroke_was_under_way(stage: Stage, window: Window) -> None:
    """What the stroke had begun on doesn't come back into the mask that replaces it."""
    hand = Hand(window(expected="409"), stage).begin()
    saved_before(stage)
    theirs = stage.masks.pixels()
    hand.click(200, 200)
    hand.page.mouse.move(*hand.spot(300, 200))
    hand.page.mouse.down()
    hand.keys("Control+s")
    hand.page.get_by_role("button", name="Go on from theirs").focus()
    hand.keys("Enter")
    expect(hand.page.locator(".save-state")).to_contain_text("revision 2")
    hand.page.mouse.up()
    assert np.array_equal(theirs, hand.saved())


def test_what_nobody_drew_is_no_road(stage: Stage, window: Window) -> None:
    """Where the first class is a thing, a mask begins void, is erased to void, and lets the picture through."""
    stage.background = 255
    page = window()
    page.goto(f"{stage.url}/#/draw/{NEXT}")
    expect(page.get_by_role("button", name="Hand in")).to_be_enabled()
    hand = Hand(page, stage, NEXT)
    mask = page.locator(".board canvas.mask")
    hand.click(300, 200)
    expected = np.full_like(stage.masks.empty(), 255)
    expected[capsule(expected.shape, (300, 200), (300, 200), 24)] = 0
    assert np.array_equal(expected, hand.saved())
    assert mask.evaluate(CLEAR, [hand.spot(x, 200) for x in (200, 300)]) == [True, False]
    hand.keys("e")
    hand.click(300, 200)
    assert np.array_equal(np.full_like(expected, 255), hand.saved())
