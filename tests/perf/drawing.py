"""How long the pages take for what a hand waits for, in Chromium: a stroke, a fill, the next image."""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, expect, sync_playwright

from madseg.core.preprocess import Size
from tests.browser.drawing import Hand
from tests.browser.stage import Stage
from tests.browser.stage_masks import MaskDesk
from tests.browser.windows import CHROMIUM, until
from tests.perf.rows import Row, faster

SIDE = 3464
"""Of a square of 12.0 megapixels, all of which the models see, so that all of it may be filled."""
RUNS = 5
STROKES = 120
"""Steps of the pointer in a run."""
IMAGES = 20

_TAKE = """(name) => {
    const found = performance.getEntriesByName(name).map((entry) => entry.duration);
    performance.clearMeasures(name);
    return found;
}"""
_NAIVE_STROKE = """(side) => {
    const [layer, view] = [new OffscreenCanvas(side, side), new OffscreenCanvas(1000, 800)];
    const [pixels, image] = [new Uint8Array(side * side), new ImageData(side, side)];
    const colours = new Uint32Array(256).fill(0xff00ff00);
    const start = performance.now();
    const target = new Uint32Array(image.data.buffer);
    for (let at = 0; at < pixels.length; at += 1) target[at] = colours[pixels[at]];
    layer.getContext("2d").putImageData(image, 0, 0);
    view.getContext("2d").drawImage(layer, 0, 0, 1000, 800);
    return performance.now() - start;
}"""
_NAIVE_FILL = """(side) => {
    const pixels = new Uint8Array(side * side);
    const start = performance.now();
    const waiting = [0];
    pixels[0] = 1;
    while (waiting.length) {
        const at = waiting.pop();
        const column = at % side;
        for (const next of [column ? at - 1 : -1, column + 1 < side ? at + 1 : -1, at - side, at + side]) {
            if (next < 0 || next >= pixels.length || pixels[next]) continue;
            pixels[next] = 1;
            waiting.push(next);
        }
    }
    return performance.now() - start;
}"""
_NAIVE_NEXT = """async (address) => {
    const start = performance.now();
    const image = new Image();
    image.src = address;
    await image.decode();
    return performance.now() - start;
}"""


def measure() -> list[Row]:
    """stroke_ms_12mp, fill_ms_12mp and next_image_ms."""
    with Stage() as stage, _page() as page:
        stage.masks = MaskDesk(Size(SIDE, SIDE))
        hand = Hand(page, stage).begin()
        return [_strokes(hand), _fills(hand), _next_images(stage, page)]


@contextmanager
def _page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def _strokes(hand: Hand) -> Row:
    ours, naive = [], []
    for run in range(RUNS):
        hand.keys("w" if run % 2 else "+", str(run + 1))
        hand.page.evaluate(_TAKE, "stroke")
        hand.drag(*((900 + 1500 * (step % 13) // 12, 800 + 15 * step) for step in range(STROKES)))
        ours.append(statistics.quantiles(hand.page.evaluate(_TAKE, "stroke"), n=20)[-1])
        naive.append(hand.page.evaluate(_NAIVE_STROKE, SIDE))
    detail = f"95th percentile of {STROKES} steps of a brush of 24 pixels; baseline: the whole mask painted anew"
    return faster("stroke_ms_12mp", "ms", ours, naive, detail)


def _fills(hand: Hand) -> Row:
    ours, naive = [], []
    hand.keys("w", "s")
    expect(hand.page.get_by_role("dialog")).to_be_visible()
    hand.keys("e")
    expect(hand.page.get_by_role("dialog")).to_have_count(0)
    hand.keys("f")
    for run in range(RUNS):
        hand.keys(str(run + 1))
        hand.page.evaluate(_TAKE, "fill")
        hand.click(5, 5)
        ours += hand.page.evaluate(_TAKE, "fill")
        naive.append(hand.page.evaluate(_NAIVE_FILL, SIDE))
    return faster("fill_ms_12mp", "ms", ours, naive, "all of the mask; baseline: pixel by pixel, without painting")


def _next_images(stage: Stage, page: Page) -> Row:
    page.goto(f"{stage.url}/#/score")
    expect(page.get_by_text("What the target sees")).to_be_visible()
    ours, naive = [], []
    for number in range(IMAGES):
        page.wait_for_timeout(250)
        page.keyboard.press("3")
        until(page, lambda: page.evaluate("performance.getEntriesByName('next-image').length > 0"))
        ours.append(page.evaluate(_TAKE, "next-image")[-1])
        naive.append(page.evaluate(_NAIVE_NEXT, f"/v1/images/{number:032x}/picture"))
    detail = "from the key to the next image on the screen; baseline: loading the picture alone"
    return faster("next_image_ms", "ms", ours, naive, detail)
