"""Undo over a whole session: exact whatever was drawn, on pictures that no tile divides, and bounded in memory."""

from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.stage import Stage

Window = Callable[..., Page]

_SESSION = """async (seed) => {
    const { Mask } = await import("/static/draw/mask.js");
    const { History } = await import("/static/draw/history.js");
    const { capsule } = await import("/static/draw/shapes.js");
    const { fill } = await import("/static/draw/fill.js");
    const { border } = await import("/static/draw/border.js");
    const random = (below) => { seed = (seed * 48271) % 2147483647; return seed % below; };
    const [height, width] = [301, 523];
    const mask = new Mask(new Uint8Array(height * width), height, width, {left: 3, top: 5, width: 517, height: 290});
    const history = new History();
    const past = [mask.pixels.slice()];
    const problems = [];
    const same = (pixels, words) => pixels.some((label, at) => label !== mask.pixels[at]) && problems.push(words);
    let undone = 0;
    for (let step = 0; step < 150; step += 1) {
        const what = random(8);
        if (what < 2 && past.length - 1 - undone > 0) {
            history.undo(mask);
            undone += 1;
            same(past[past.length - 1 - undone], `undo at ${step}`);
        } else if (what === 2 && undone > 0) {
            history.redo(mask);
            undone -= 1;
            same(past[past.length - 1 - undone], `redo at ${step}`);
        } else {
            const label = random(5);
            if (what === 3) fill(mask, random(width), random(height), label);
            else if (what === 4) border(mask, 1 + random(6));
            else capsule(random(width), random(height), random(width), random(height), random(40) / 2,
                (y, left, right) => mask.span(y, left, right, label));
            const edit = mask.commit();
            if (edit.size) past.splice(past.length - undone, undone, mask.pixels.slice());
            if (edit.size) undone = 0;
            history.push(edit);
        }
        if (step % 7 === 0) history.tidy();
    }
    return {problems, steps: past.length, bytes: history.bytes};
}"""

_BOUNDED = """async () => {
    const { Mask } = await import("/static/draw/mask.js");
    const { History } = await import("/static/draw/history.js");
    const mask = new Mask(new Uint8Array(1024 * 1024), 1024, 1024, {left: 0, top: 0, width: 1024, height: 1024});
    const history = new History(1000000);
    for (let step = 1; step <= 200; step += 1) {
        for (let y = 0; y < 1024; y += 2) mask.span(y, step, step + 1, step % 250);
        history.push(mask.commit());
        history.tidy();
    }
    const [kept, bytes] = [history.past.length, history.bytes];
    for (let step = 0; step < kept; step += 1) history.undo(mask);
    return {kept, bytes, more: history.undo(mask), last: mask.pixels[200], first: mask.pixels[1]};
}"""

_FILLS = """async (seed) => {
    const { Mask } = await import("/static/draw/mask.js");
    const { fill } = await import("/static/draw/fill.js");
    const random = (below) => { seed = (seed * 48271) % 2147483647; return seed % below; };
    const wrong = [];
    for (let round = 0; round < 60; round += 1) {
        const [height, width] = [1 + random(40), 1 + random(40)];
        const pixels = Uint8Array.from({length: height * width}, () => (random(10) < 6 ? 0 : 1 + random(2)));
        const crop = {left: random(width), top: random(height), width: 1, height: 1};
        crop.width = 1 + random(width - crop.left);
        crop.height = 1 + random(height - crop.top);
        const [x, y] = [crop.left + random(crop.width), crop.top + random(crop.height)];
        const expected = plain(pixels.slice(), width, crop, x, y, 7);
        fill(new Mask(pixels, height, width, crop), x, y, 7);
        if (pixels.some((label, at) => label !== expected[at])) wrong.push(round);
    }
    return wrong;

    function plain(pixels, width, crop, x, y, label) {
        const old = pixels[y * width + x];
        const waiting = [[x, y]];
        while (waiting.length) {
            const [column, row] = waiting.pop();
            const [x, y] = [column - crop.left, row - crop.top];
            const inside = x >= 0 && x < crop.width && y >= 0 && y < crop.height;
            if (!inside || pixels[row * width + column] !== old) continue;
            pixels[row * width + column] = label;
            waiting.push([column + 1, row], [column - 1, row], [column, row + 1], [column, row - 1]);
        }
        return pixels;
    }
}"""


def modules(stage: Stage, window: Window) -> Page:
    """A window that may import the pages' modules."""
    page = window(900)
    page.goto(f"{stage.url}/#/nowhere")
    return page


def test_random_sessions_are_undone_exactly(stage: Stage, window: Window) -> None:
    """Strokes, fills and borders, undone and done again at random, packed at random."""
    page = modules(stage, window)
    for seed in (1, 77, 4711):
        found = page.evaluate(_SESSION, seed)
        assert found["problems"] == []
        assert found["steps"] > 20


def test_the_oldest_edits_are_forgotten_beyond_the_limit(stage: Stage, window: Window) -> None:
    """What is left can still be undone, no more."""
    found = modules(stage, window).evaluate(_BOUNDED)
    assert 1 < found["kept"] < 200
    assert found["bytes"] <= 1_000_000
    assert found["more"] is False
    assert (found["first"], found["last"]) == (1, 0), "the first stroke stays, the last is undone"


def test_fills_equal_a_plain_flood_fill(stage: Stage, window: Window) -> None:
    """On random maps, whatever the size and the crop."""
    assert modules(stage, window).evaluate(_FILLS, 99) == []
