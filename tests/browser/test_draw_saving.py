"""Draw: a save that hangs keeps nothing back, and what isn't saved isn't given away."""

from collections.abc import Callable

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser.drawing import Hand, Pixels, capsule
from tests.browser.stage import Stage
from tests.browser.stage_masks import DRAWN
from tests.browser.windows import until

Window = Callable[..., Page]
MASK = f"mask-tasks/{DRAWN}/mask"
SOONER = "AbortSignal.timeout = ((real) => (ms) => real(ms / 20))(AbortSignal.timeout.bind(AbortSignal))"
"""The browser's deadlines come twenty times sooner."""


def dots(stage: Stage, *columns: int) -> Pixels:
    """Clicks in the row 200 of an empty mask."""
    expected = stage.masks.empty()
    for x in columns:
        expected[capsule(expected.shape, (x, 200), (x, 200), 24)] = 1
    return expected


def hanging(stage: Stage, hand: Hand) -> None:
    """A save is under way that is never answered."""
    before = sum(path == MASK for _, path, _ in stage.sent)
    stage.failing = {f"slow:{MASK}"}
    hand.click(200, 200)
    hand.keys("Control+s")
    until(hand.page, lambda: sum(path == MASK for _, path, _ in stage.sent) > before)


def test_what_is_drawn_while_a_save_hangs_outlives_the_page(stage: Stage, window: Window) -> None:
    """It is kept beside the save, the newest of it."""
    hand = Hand(window(expected="ERR_"), stage).begin()
    hanging(stage, hand)
    for x in (300, 400):
        hand.click(x, 200)
        hand.page.wait_for_timeout(1300)
    hand.page.reload()
    expect(hand.page.locator(".save-state")).to_contain_text("Saving")
    stage.failing = set()
    until(hand.page, lambda: np.array_equal(dots(stage, 200, 300, 400), stage.masks.pixels()))
    expect(hand.page.locator(".save-state")).to_contain_text("Saved")


def test_a_save_that_hangs_is_given_up_and_sent_again(stage: Stage, window: Window) -> None:
    """Under the same key; what was drawn meanwhile follows it."""
    page = window(expected="ERR_|TimeoutError")
    page.add_init_script(SOONER)
    hand = Hand(page, stage).begin()
    hanging(stage, hand)
    hand.click(300, 200)
    expect(page.locator(".save-state")).to_contain_text("Kept here, sent later")
    stage.failing = set()
    assert np.array_equal(dots(stage, 200, 300), hand.saved())
    assert len(stage.masks.revisions[DRAWN]) == 3


def test_a_mask_that_is_not_saved_is_not_given_back(stage: Stage, window: Window) -> None:
    """Whoever drew on would lack the last strokes."""
    hand = Hand(window(expected="503"), stage).begin()
    stage.failing = {MASK}
    hand.click(200, 200)
    hand.page.get_by_role("button", name="Give back").click()
    expect(hand.page.get_by_role("alert")).to_contain_text("give it back once madseg is in reach again")
    assert stage.posted(f"mask-tasks/{DRAWN}/return") == []
    stage.failing = set()
    hand.saved()
    hand.page.get_by_role("button", name="Give back").click()
    expect(hand.page.get_by_text("Given back.")).to_be_visible()
    assert stage.posted(f"mask-tasks/{DRAWN}/return") == [{}]
    assert np.array_equal(dots(stage, 200), stage.masks.pixels())
