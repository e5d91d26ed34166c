"""Draw: from a start to the hand-in, by mouse and by keyboard, with a server that fails and one that is away."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.browser.drawing import Hand, capsule
from tests.browser.stage import Stage
from tests.browser.stage_masks import DRAWN, NEXT
from tests.browser.windows import accessible, fits

Window = Callable[..., Page]
VIEWS = [(390, "dark"), (390, "light"), (900, "light"), (900, "dark"), (1440, "dark"), (1440, "light")]
MASK = f"mask-tasks/{DRAWN}/mask"


def puts(stage: Stage) -> int:
    """Masks sent so far."""
    return sum(path == MASK for _, path, _ in stage.sent)


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_it_fits_and_is_accessible(stage: Stage, window: Window, width: int, scheme: str) -> None:
    """The start picker, the drawing, and each pane beside it."""
    stage.masks.tasks[DRAWN]["findings"] = [_finding("open")]
    page = window(width, scheme)
    page.goto(f"{stage.url}/#/draw")
    expect(page.get_by_role("dialog", name="Begin from")).to_contain_text("segformer/4")
    page.keyboard.press("t")
    expect(page.locator(".save-state")).to_contain_text("Saved")
    for tab in ("Guideline", "Messages", "Findings (1)"):
        page.get_by_text(tab, exact=True).click()
    fits(page)
    accessible(page)


def test_the_dialogs_are_accessible(stage: Stage, window: Window) -> None:
    """The start picker, and what asks for a reason."""
    page = window(390, "dark")
    page.goto(f"{stage.url}/#/draw")
    expect(page.get_by_role("dialog", name="Begin from")).to_contain_text("segformer/4")
    accessible(page)
    page.keyboard.press("t")
    page.get_by_role("button", name="Out of domain…").click()
    accessible(page)


@pytest.mark.parametrize(
    ("key", "version"), [("t", "ours/3"), ("m", "upernet/1"), ("2", "segformer/4"), ("c", "deeplab/1")]
)
def test_one_key_picks_the_start(stage: Stage, window: Window, key: str, version: str) -> None:
    """The target, the majority (on the stage: one of them), a competitor."""
    hand = Hand(window(), stage).begin(key)
    assert stage.masks.start(DRAWN, version) == stage.masks.revisions[DRAWN][-1]
    hand.keys("s")
    expect(hand.page.get_by_role("dialog")).to_contain_text("undo brings it back")
    hand.keys("e")
    expect(hand.page.get_by_role("dialog")).to_have_count(0)
    assert np.array_equal(hand.saved(), stage.masks.empty())
    hand.keys("Control+z")
    hand.saved()
    assert stage.masks.start(DRAWN, version) == stage.masks.revisions[DRAWN][-1]


def test_test_images_start_empty(stage: Stage, window: Window) -> None:
    """Nobody's map may lead the hand."""
    page = window()
    page.goto(f"{stage.url}/#/draw/{NEXT}")
    expect(page.get_by_role("button", name="Hand in")).to_be_enabled()
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Begin from…")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Handed in for review.")).to_be_visible()
    assert np.array_equal(stage.masks.pixels(NEXT), stage.masks.empty())


def test_drawing_by_keyboard_alone(stage: Stage, window: Window) -> None:
    """A cursor, stamps, strokes with space held, a polygon, a class by search, and the hand-in."""
    hand = Hand(window(), stage).begin()
    page, expected = hand.page, stage.masks.empty()
    hand.slide("Brush size", 15)
    page.get_by_role("application").focus()
    hand.keys("ArrowRight", " ")
    words = page.locator("#cursor-words")
    expect(words).to_contain_text("bicycle")
    x, y = _cursor(page)
    expected[capsule(expected.shape, (x, y), (x, y), 15)] = 1
    hand.keys("/")
    page.keyboard.type("plant")
    hand.keys("Enter", "Shift+ArrowUp", "Shift+ArrowUp")
    expect(page.get_by_role("application")).to_be_focused()
    start = _cursor(page)
    page.keyboard.down(" ")
    hand.keys("Shift+ArrowLeft")
    page.keyboard.up(" ")
    end = _cursor(page)
    expected[capsule(expected.shape, start, end, 15)] = 8
    assert np.array_equal(hand.saved(), expected)
    hand.keys("p", "3")
    for way in ("Shift+ArrowDown", "Shift+ArrowRight", "Shift+ArrowUp"):
        hand.keys(" ", way)
    hand.keys("Enter")
    assert 3 in hand.saved()
    hand.keys("Control+Enter")
    expect(page.get_by_text("Handed in for review.")).to_be_visible()
    assert stage.masks.tasks[DRAWN]["state"] == "submitted"
    assert stage.posted(f"mask-tasks/{DRAWN}/submit") == [{"revision": stage.masks.tasks[DRAWN]["revision"]}]


def _cursor(page: Page) -> tuple[int, int]:
    found = re.search(r"Column (\d+), row (\d+)", page.locator("#cursor-words").inner_text())
    assert found
    return int(found[1]), int(found[2])


def test_the_largest_disagreements_come_first(stage: Stage, window: Window) -> None:
    """`n` goes through them, and round again."""
    hand = Hand(window(), stage).begin()
    hand.keys("n")
    places = hand.page.get_by_role("button", name="Next disagreement")
    expect(places).to_contain_text("1 of 3")
    hand.keys("n", "n", "n")
    expect(places).to_contain_text("1 of 3")


def test_what_is_drawn_saves_itself(stage: Stage, window: Window) -> None:
    """A second after the last stroke; strokes until then go together; revisions follow each other."""
    hand = Hand(window(), stage).begin()
    before = puts(stage)
    hand.click(200, 200)
    hand.click(300, 200)
    expect(hand.page.locator(".save-state")).to_contain_text("Not saved yet")
    expect(hand.page.locator(".save-state")).to_contain_text("Saved")
    assert puts(stage) == before + 1
    assert len(stage.masks.revisions[DRAWN]) == 2
    hand.click(400, 200)
    hand.page.evaluate("dispatchEvent(new Event('blur'))")
    expect(hand.page.locator(".save-state")).to_contain_text("revision 3")
    expected = stage.masks.empty()
    for x in (200, 300, 400):
        expected[capsule(expected.shape, (x, 200), (x, 200), 24)] = 1
    assert np.array_equal(stage.masks.pixels(), expected)


def test_what_is_drawn_while_the_server_is_away_is_sent_later(stage: Stage, window: Window) -> None:
    """Kept through a reload, with what was drawn after the first failure."""
    hand = Hand(window(expected="503|ERR_"), stage).begin()
    stage.failing = {"mask-tasks/"}
    hand.click(200, 200)
    hand.keys("Control+s")
    state = hand.page.locator(".save-state")
    expect(state).to_contain_text("Kept here, sent later")
    hand.click(300, 200)
    hand.page.wait_for_timeout(1300)
    stage.failing = {MASK}
    hand.page.reload()
    expect(state).to_contain_text("Kept here, sent later")
    accessible(hand.page)
    stage.failing = set()
    expected = hand.stage.masks.empty()
    for x in (200, 300):
        expected[capsule(expected.shape, (x, 200), (x, 200), 24)] = 1
    assert np.array_equal(hand.saved(), expected)
    assert len(stage.masks.revisions[DRAWN]) == 3


def test_being_offline_keeps_strokes(stage: Stage, window: Window) -> None:
    """The page goes on, and sends once the network is back, of its own accord."""
    hand = Hand(window(expected="ERR_INTERNET_DISCONNECTED"), stage).begin()
    hand.page.context.set_offline(True)
    hand.click(200, 200)
    hand.keys("Control+s")
    expect(hand.page.locator(".save-state")).to_contain_text("Kept here")
    hand.keys("Control+Enter")
    expect(hand.page.get_by_role("alert")).to_contain_text("isn’t saved yet")
    hand.click(260, 200)
    hand.page.context.set_offline(False)
    expect(hand.page.locator(".save-state")).to_contain_text("Saved")
    expected = hand.stage.masks.empty()
    for x in (200, 260):
        expected[capsule(expected.shape, (x, 200), (x, 200), 24)] = 1
    assert np.array_equal(hand.saved(), expected)


@pytest.mark.parametrize("choice", ["mine", "theirs"])
def test_a_mask_saved_elsewhere_is_asked_about(stage: Stage, window: Window, choice: str) -> None:
    """Nothing is overwritten unasked."""
    hand = Hand(window(expected="409"), stage).begin()
    theirs = stage.masks.start(DRAWN, "ours/3")
    stage.masks.save(DRAWN, theirs)
    hand.click(200, 200)
    hand.keys("Control+s")
    expect(hand.page.get_by_role("dialog", name="This mask was saved elsewhere")).to_be_visible()
    accessible(hand.page)
    if choice == "mine":
        hand.page.get_by_role("button", name="Save mine as the newest").click()
        expect(hand.page.locator(".save-state")).to_contain_text("revision 3")
        assert stage.masks.pixels()[200, 200] == 1
    else:
        hand.page.get_by_role("button", name="Go on from theirs").click()
        expect(hand.page.locator(".save-state")).to_contain_text("revision 2")
        assert stage.masks.revisions[DRAWN][-1] == theirs
        hand.click(100, 20)
        assert (hand.saved() != stage.masks.empty()).sum() > 1000


def test_a_save_whose_answer_got_lost_makes_no_second_revision(stage: Stage, window: Window) -> None:
    """It is sent again under its own key."""
    hand = Hand(window(expected="ERR_FAILED"), stage).begin()
    lost: list[APIResponse] = []

    def lose(route: Route) -> None:
        if lost:
            return route.continue_()
        lost.append(route.fetch())
        return route.abort()

    hand.page.route("**/mask?*", lose)
    hand.click(200, 200)
    expect(hand.page.locator(".save-state")).to_contain_text("revision 2")
    assert lost
    assert len(stage.masks.revisions[DRAWN]) == 2


def _finding(state: str) -> dict[str, object]:
    where = {"revision": 1, "place": {"x": 300, "y": 200}}
    return {"number": 1, **where, "type": "boundary", "text": "too <i>wide</i>", "state": state, "author": "vera"}


def test_findings_are_pins_that_the_annotator_mends(stage: Stage, window: Window) -> None:
    """Listed and pinned; a pin leads to its place and says what it is."""
    hand = Hand(window(), stage).begin()
    stage.masks.tasks[DRAWN]["findings"] = [_finding("open")]
    pin = hand.page.get_by_role("button", name="Finding 1: Boundary, open")
    pin.click()
    expect(hand.page.get_by_text("too <i>wide</i>")).to_be_visible()
    hand.page.get_by_role("button", name="Mended: finding 1").click()
    expect(hand.page.get_by_role("button", name="Finding 1: Boundary, mended")).to_be_visible()
    assert stage.posted(f"mask-tasks/{DRAWN}/findings/1") == [{"state": "resolved"}]


def test_annotator_and_reviewer_talk(stage: Stage, window: Window) -> None:
    """What one writes is text and appears with the other."""
    hand = Hand(window(), stage).begin()
    hand.page.get_by_text("Messages").click()
    hand.page.get_by_label("Message", exact=True).fill("Is this <script>alert(1)</script> a bus?")
    hand.page.get_by_role("button", name="Send", exact=True).click()
    expect(hand.page.get_by_text("Is this <script>alert(1)</script> a bus?")).to_have_count(1)
    stage.masks.tasks[DRAWN]["messages"].append({"author": "vera", "at": "2026-05-12T14:40:00+00:00", "text": "No."})
    expect(hand.page.get_by_text("No.", exact=True)).to_be_visible()
    expect(hand.page.get_by_text("Messages (2)")).to_be_visible()


def test_an_image_out_of_domain_is_sent_back_with_a_reason(stage: Stage, window: Window) -> None:
    """Not without one; then the next is drawn."""
    page = Hand(window(), stage).begin().page
    page.get_by_role("button", name="Out of domain…").click()
    page.get_by_role("button", name="Send back").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why")
    page.get_by_label("Reason").fill("a drawing")
    page.get_by_role("button", name="Send back").click()
    expect(page.get_by_text("Sent back:")).to_be_visible()
    assert stage.posted(f"mask-tasks/{DRAWN}/send-back") == [{"reason": "a drawing"}]
    expect(page.get_by_text("test image")).to_be_visible()


def test_the_guideline_follows_the_class(stage: Stage, window: Window) -> None:
    """And the view can be blended, outlined and taken away."""
    hand = Hand(window(), stage).begin("t")
    hand.keys("3")
    expect(hand.page.locator(".guideline")).to_contain_text("Minibuses count as cars")
    layer = hand.page.locator("canvas.mask")
    hand.keys("q")
    expect(layer).to_be_hidden()
    hand.keys("q", ".", "o")
    expect(layer).to_be_visible()
    expect(hand.page.get_by_label("Blend of picture and mask")).to_have_value("70")
    expect(hand.page.get_by_role("button", name="Outlines")).to_have_attribute("aria-pressed", "true")


def test_a_key_that_is_held_counts_once(stage: Stage, window: Window) -> None:
    """Nobody hands in the task that comes next without having looked at it; a size grows for as long as it is held."""
    hand = Hand(window(), stage).begin()
    keyboard = hand.page.keyboard
    for _ in range(3):
        keyboard.down("]")
    keyboard.up("]")
    expect(hand.page.get_by_label("Brush size")).to_have_value("39")
    keyboard.down("Control")
    keyboard.down("Enter")
    expect(hand.page.get_by_text("test image")).to_be_visible()
    expect(hand.page.get_by_role("button", name="Hand in")).to_be_enabled()
    for _ in range(5):
        keyboard.down("Enter")
    hand.page.wait_for_timeout(500)
    assert stage.masks.tasks[DRAWN]["state"] == "submitted"
    assert stage.masks.tasks[NEXT]["state"] == "drawing"


def test_the_keys_are_in_the_table(stage: Stage, window: Window) -> None:
    """All of them, with what they do."""
    page = Hand(window(), stage).begin().page
    page.keyboard.press("?")
    table = page.get_by_role("dialog", name="Shortcuts")
    for words in ("lay the void border", "next place where models disagree", "search a class", "draw at the cursor"):
        expect(table).to_contain_text(words)
    accessible(page)


def test_nothing_to_draw_is_told(stage: Stage, window: Window) -> None:
    """With a button to look again."""
    stage.empty = True
    page = window(390)
    page.goto(f"{stage.url}/#/draw")
    expect(page.get_by_text("There is nothing to draw now")).to_be_visible()
    accessible(page)
    stage.empty = False
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_role("dialog", name="Begin from")).to_be_visible()


def test_a_failure_is_told_and_tried_again(stage: Stage, window: Window) -> None:
    """What is wrong, and a button."""
    stage.failing = {"mask-tasks/take"}
    page = window(900, "dark", expected="503")
    page.goto(f"{stage.url}/#/draw")
    expect(page.get_by_role("alert")).to_contain_text("couldn’t be loaded")
    accessible(page)
    stage.failing = set()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("dialog", name="Begin from")).to_be_visible()
