"""A hand that draws: places of the picture as places in the window, and the mask that arrives at the stage."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from tests.browser.stage import Stage
from tests.browser.stage_masks import DRAWN

Pixels = NDArray[np.uint8]


@dataclass
class Hand:
    """On the page Draw, with all of the picture in view."""

    page: Page
    stage: Stage
    task: str = DRAWN

    def begin(self, start: str = "e") -> "Hand":
        """Opens the page and picks a start by its key."""
        self.page.goto(f"{self.stage.url}/#/draw")
        expect(self.page.get_by_role("dialog", name="Begin from")).to_be_visible()
        self.page.keyboard.press(start)
        expect(self.page.get_by_role("dialog")).to_have_count(0)
        expect(self.page.locator(".board")).to_be_focused()
        self.saved()
        return self

    def spot(self, x: float, y: float) -> tuple[float, float]:
        """Where the middle of a pixel is in the window, once the board has followed what changed its size."""
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        box = self.page.locator(".board").bounding_box()
        assert box is not None
        size = self.stage.masks.size
        scale = min(box["width"] / size.width, box["height"] / size.height)
        left = box["x"] + (box["width"] - scale * size.width) / 2
        top = box["y"] + (box["height"] - scale * size.height) / 2
        return left + (x + 0.5) * scale, top + (y + 0.5) * scale

    def click(self, x: int, y: int, button: str = "left") -> None:
        """On a pixel."""
        self.page.mouse.click(*self.spot(x, y), button=button)  # type: ignore[arg-type]

    def drag(self, *way: tuple[int, int]) -> None:
        """From pixel to pixel."""
        self.page.mouse.move(*self.spot(*way[0]))
        self.page.mouse.down()
        for place in way[1:]:
            self.page.mouse.move(*self.spot(*place))
        self.page.mouse.up()

    def keys(self, *keys: str) -> None:
        """One after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def slide(self, label: str, value: int) -> None:
        """Sets a slider."""
        self.page.get_by_label(label, exact=True).fill(str(value))

    def saved(self) -> Pixels:
        """The mask as the stage has it, once all is saved."""
        self.keys("Control+s")
        expect(self.page.locator(".save-state")).to_contain_text("Saved")
        return self.stage.masks.pixels(self.task)


def capsule(shape: tuple[int, int], start: tuple[int, int], end: tuple[int, int], size: float) -> NDArray[np.bool_]:
    """Pixels whose middle is at most half of `size` from the way between two pixels' middles."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    (ax, ay), (bx, by) = start, end
    square = (bx - ax) ** 2 + (by - ay) ** 2
    along = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / square, 0, 1) if square else np.zeros(shape)
    away = np.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay))
    return np.asarray(away <= size / 2 + 1e-9)


def inside(shape: tuple[int, int], corners: list[tuple[int, int]]) -> NDArray[np.bool_]:
    """Pixels in a polygon by the even-odd rule, or on its border."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    found = np.zeros(shape, bool)
    border = np.zeros(shape, bool)
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        border |= capsule(shape, (ax, ay), (bx, by), 1)
        if ay != by:
            crosses = (ay <= y) != (by <= y)
            # A pixel is inside from the crossing on to the next, both included.
            found ^= crosses & (ax + (y - ay) / (by - ay) * (bx - ax) < x)
    return found | border
