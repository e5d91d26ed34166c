"""What each tool does to the mask, pixel by pixel, as it arrives at the server."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from tests.browser.drawing import Hand, capsule, inside
from tests.browser.stage import Stage

Window = Callable[..., Page]
BICYCLE, BIRD, BUS, VOID = 1, 2, 3, 255


@pytest.fixture
def hand(stage: Stage, window: Window) -> Hand:
    """On an empty mask."""
    return Hand(window(), stage).begin()


def in_crop(hand: Hand, shape: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The part of a shape that may be drawn."""
    return np.asarray(shape & (hand.stage.masks.empty() != VOID))


def test_a_brush_leaves_all_pixels_near_its_way(hand: Hand) -> None:
    """The class picked by key, the size by slider; nothing outside the crop."""
    expected = hand.stage.masks.empty()
    hand.keys("2")
    hand.slide("Brush size", 31)
    hand.drag((200, 100), (260, 140), (100, 300))
    for start, end in (((200, 100), (200, 100)), ((200, 100), (260, 140)), ((260, 140), (100, 300))):
        expected[in_crop(hand, capsule(expected.shape, start, end, 31))] = BIRD
    assert np.array_equal(hand.saved(), expected)


@pytest.mark.parametrize("size", [1, 2, 3, 8, 25])
def test_a_stamp_is_a_disc(hand: Hand, size: int) -> None:
    """At any size, as far as the crop goes."""
    expected = hand.stage.masks.empty()
    hand.slide("Brush size", size)
    hand.click(90, 4)
    expected[in_crop(hand, capsule(expected.shape, (90, 4), (90, 4), size))] = BICYCLE
    assert np.array_equal(hand.saved(), expected)


def test_eraser_and_void_brush(hand: Hand) -> None:
    """To background, and to void."""
    expected = hand.stage.masks.empty()
    hand.slide("Brush size", 60)
    hand.click(300, 200)
    hand.slide("Brush size", 20)
    hand.keys("e")
    hand.click(300, 200)
    hand.keys("v")
    hand.drag((270, 200), (330, 240))
    expected[capsule(expected.shape, (300, 200), (300, 200), 60)] = BICYCLE
    expected[capsule(expected.shape, (300, 200), (300, 200), 20)] = 0
    expected[capsule(expected.shape, (270, 200), (330, 240), 20)] = VOID
    assert np.array_equal(hand.saved(), expected)


def test_keys_change_the_size_of_the_brush(hand: Hand) -> None:
    """By about a sixth."""
    hand.keys("]", "]", "[")
    expect(hand.page.get_by_label("Brush size")).to_have_value("27")


def test_a_line_is_straight(hand: Hand) -> None:
    """From where the button goes down to where it goes up, whatever is between."""
    expected = hand.stage.masks.empty()
    hand.slide("Brush size", 5)
    hand.keys("l", "3")
    hand.drag((150, 100), (500, 100), (240, 333))
    expected[capsule(expected.shape, (150, 100), (240, 333), 5)] = BUS
    assert np.array_equal(hand.saved(), expected)


def test_a_polygon_is_filled_with_its_border(hand: Hand) -> None:
    """Clicks set corners, Backspace removes the last, Enter closes; it may cross itself."""
    corners = [(150, 80), (400, 120), (170, 300), (300, 60), (420, 350)]
    hand.keys("p", "3")
    for corner in corners[:4]:
        hand.click(*corner)
    hand.click(500, 400)
    hand.keys("Backspace")
    hand.click(*corners[4])
    hand.keys("Enter")
    expected = hand.stage.masks.empty()
    expected[inside(expected.shape, corners)] = BUS
    assert np.array_equal(hand.saved(), expected)
    hand.click(200, 200)
    hand.click(300, 200)
    hand.keys("Escape", "Enter")
    assert np.array_equal(hand.saved(), expected)


def test_a_fill_takes_what_hangs_together(hand: Hand) -> None:
    """By sides, within the crop, and the inside of a ring alone."""
    expected = hand.stage.masks.empty()
    hand.slide("Brush size", 3)
    ring = [(200, 100), (300, 120), (260, 260), (200, 100)]
    hand.keys("l")
    for start, end in pairwise(ring):
        hand.drag(start, end)
        expected[capsule(expected.shape, start, end, 3)] = BICYCLE
    hand.keys("f", "3")
    hand.click(250, 150)
    expected[inside(expected.shape, ring[:-1]) & (expected == 0)] = BUS
    assert np.array_equal(hand.saved(), expected)
    hand.keys("2")
    hand.click(100, 400)
    expected[expected == 0] = BIRD
    assert np.array_equal(hand.saved(), expected)


def test_the_void_border_lies_between_classes(hand: Hand) -> None:
    """Five pixels, two on one side and three on the other; a second one changes nothing."""
    expected = hand.stage.masks.empty()
    hand.slide("Brush size", 80)
    hand.click(300, 200)
    hand.keys("2")
    hand.click(360, 200)
    expected[capsule(expected.shape, (300, 200), (300, 200), 80)] = BICYCLE
    expected[capsule(expected.shape, (360, 200), (360, 200), 80)] = BIRD
    hand.keys("t")
    expected[_border(expected)] = VOID
    assert np.array_equal(hand.saved(), expected)
    hand.keys("t")
    assert np.array_equal(hand.saved(), expected)


def _border(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels in whose window, from three before to two after, two neighbours are of different classes."""
    found = np.zeros(mask.shape, bool)
    height, width = mask.shape
    pairs = [(y, x, 0, 1) for y, x in _differing(mask[:, :-1], mask[:, 1:])]
    pairs += [(y, x, 1, 0) for y, x in _differing(mask[:-1], mask[1:])]
    for y, x, down, right in pairs:
        found[max(0, y + down - 2) : min(height, y + 4), max(0, x + right - 2) : min(width, x + 4)] = True
    return np.asarray(found & (mask != VOID))


def _differing(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> list[tuple[int, int]]:
    places = np.argwhere((one != other) & (one != VOID) & (other != VOID))
    return [(int(y), int(x)) for y, x in places]


def test_locks_protect_what_is_drawn(hand: Hand) -> None:
    """Not over one class, by button; only within another, by key."""
    expected = hand.stage.masks.empty()
    hand.slide("Brush size", 60)
    hand.click(300, 200)
    expected[capsule(expected.shape, (300, 200), (300, 200), 60)] = BICYCLE
    hand.page.get_by_role("button", name="Don’t draw over bicycle").click()
    hand.keys("2")
    hand.click(330, 200)
    expected[capsule(expected.shape, (330, 200), (330, 200), 60) & (expected == 0)] = BIRD
    assert np.array_equal(hand.saved(), expected)
    hand.page.get_by_role("button", name="Don’t draw over bicycle").click()
    hand.page.mouse.move(*hand.spot(352, 200))
    hand.keys("i", "3")
    expect(hand.page.get_by_label("Draw only within")).to_have_value(str(BIRD))
    hand.drag((300, 200), (400, 210))
    for way in (((300, 200), (300, 200)), ((300, 200), (400, 210))):
        expected[capsule(expected.shape, *way, 60) & (expected == BIRD)] = BUS
    assert np.array_equal(hand.saved(), expected)


def test_a_superpixel_is_one_small_patch(hand: Hand) -> None:
    """Around the pixel that was clicked; what was drawn before stays."""
    hand.keys("k", "3")
    hand.click(300, 100)
    mask = hand.saved()
    area = int((mask == BUS).sum())
    assert mask[100, 300] == BUS
    assert 60 < area < 3000
    before = mask.copy()
    hand.click(420, 320)
    grown = hand.saved()
    assert (grown[before == BUS] == BUS).all()
    assert int((grown == BUS).sum()) > area


def test_undo_and_redo_restore_exactly(hand: Hand) -> None:
    """Every step of a session back, and forth again."""
    states = [hand.saved().copy()]
    for keys, way in (
        (["b"], [(200, 100), (260, 140), (400, 300)]),
        (["f", "2"], [(120, 30)]),
        (["v"], [(100, 100), (500, 400)]),
        (["t"], []),
        (["k", "5"], [(300, 300)]),
    ):
        hand.keys(*keys)
        if way:
            hand.drag(*way)
        states.append(hand.saved().copy())
    assert all(not np.array_equal(one, other) for one, other in pairwise(states))
    for state in reversed(states[:-1]):
        hand.keys("Control+z")
        assert np.array_equal(hand.saved(), state)
    for state in states[1:]:
        hand.keys("Control+Shift+z")
        assert np.array_equal(hand.saved(), state)
    hand.keys("u", "b", "1")
    hand.click(300, 300)
    expect(hand.page.get_by_role("button", name="Redo")).to_be_disabled()


def test_the_view_zooms_and_pans(hand: Hand) -> None:
    """By wheel, keys, middle button and space; nothing is drawn by that, and what is drawn then lies right."""
    page, expected = hand.page, hand.stage.masks.empty()
    x, y = hand.spot(300, 200)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -600)
    page.mouse.down(button="middle")
    page.mouse.move(x + 40, y + 25)
    page.mouse.up(button="middle")
    page.keyboard.down(" ")
    page.mouse.down()
    page.mouse.move(x + 60, y + 25)
    page.mouse.up()
    page.keyboard.up(" ")
    page.wait_for_timeout(100)
    assert np.array_equal(hand.saved(), expected)
    # The pixel that was under the pointer has moved with the picture.
    page.mouse.click(x + 60, y + 25)
    hand.keys("w", "+", "-", "w")
    expected[capsule(expected.shape, (300, 200), (300, 200), 24)] = BICYCLE
    assert np.array_equal(hand.saved(), expected)


def test_two_fingers_zoom_and_take_the_first_ones_stroke_back(hand: Hand) -> None:
    """A stroke that becomes a pinch leaves nothing."""
    x, y = hand.spot(300, 200)
    hand.page.evaluate(
        """([x, y]) => {
            const board = document.querySelector(".board");
            const send = (name, pointerId, dx) => board.dispatchEvent(new PointerEvent(name,
                {pointerId, pointerType: "touch", clientX: x + dx, clientY: y, button: 0, bubbles: true}));
            board.setPointerCapture = () => undefined;
            send("pointerdown", 11, 0); send("pointermove", 11, -20); send("pointerdown", 12, 60);
            send("pointermove", 11, -60); send("pointermove", 12, 120);
            send("pointerup", 11, -60); send("pointerup", 12, 120);
        }""",
        [x, y],
    )
    assert np.array_equal(hand.saved(), hand.stage.masks.empty())


def test_a_pen_draws_by_its_pressure(hand: Hand) -> None:
    """Thinner when it is pressed less, if one wants that; all events between two frames count."""
    hand.page.get_by_label("Pen pressure").check()
    hand.slide("Brush size", 40)
    x, y = hand.spot(300, 200)
    hand.page.evaluate(
        """([x, y]) => {
            const board = document.querySelector(".board");
            board.setPointerCapture = () => undefined;
            const pen = {pointerId: 21, pointerType: "pen", pressure: 0.2};
            const at = {...pen, clientX: x, clientY: y, button: 0, bubbles: true};
            board.dispatchEvent(new PointerEvent("pointerdown", at));
            board.dispatchEvent(new PointerEvent("pointerup", at));
        }""",
        [x, y],
    )
    expected = hand.stage.masks.empty()
    expected[capsule(expected.shape, (300, 200), (300, 200), 40 * (0.25 + 0.75 * 0.2))] = BICYCLE
    assert np.array_equal(hand.saved(), expected)
