"""The rankings: the matrix, the images behind a cell, and a closer look."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.stage import Stage
from tests.browser.windows import accessible, fits, focused, until

Window = Callable[..., Page]
RANKING = "#/rankings/target/deeplab%2F1/bus"


def painted(page: Page, selector: str) -> bool:
    """Whether a canvas has any colour."""
    script = """(canvas) => canvas.width > 0 && canvas.getContext("2d")
        .getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0)"""
    return bool(page.locator(selector).first.evaluate(script))


def test_the_whole_way_by_keyboard(stage: Stage, window: Window) -> None:
    """From the matrix over a ranking to a closer look, and back."""
    page = window()
    page.goto(f"{stage.url}/#/rankings")
    expect(page.get_by_role("link", name="bicycle, deeplab/1").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    assert focused(page).startswith("bicycle, deeplab/1")
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowLeft", "ArrowRight"):
        page.keyboard.press(key)
    assert focused(page).startswith("bus, segformer/4")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{stage.url}/#/rankings/target/segformer%2F4/bus")
    expect(page.get_by_role("listitem")).to_have_count(12)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert focused(page).startswith("Look closer at number 2")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("No. 2: discrepancy 0.919")
    expect(dialog).to_contain_text("is outside [0.02, 0.9]")
    expect(dialog).to_contain_text("ours/3 sees")
    accessible(page)
    page.keyboard.press("ArrowRight")
    expect(dialog).to_contain_text("No. 3: discrepancy")
    caption = dialog.locator("figcaption").nth(1)
    expect(caption).to_have_text("ours/3")
    page.keyboard.press("b")
    expect(caption).to_have_text("segformer/4")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Where to look first")).to_be_visible()


def test_the_whole_way_with_the_mouse(stage: Stage, window: Window) -> None:
    """The same, and the maps are painted, blended, swapped."""
    page = window(900, "dark")
    page.goto(f"{stage.url}/#/rankings")
    page.get_by_text("Competitor sees").click()
    expect(page.get_by_text("the target may have missed what is")).to_be_visible()
    page.get_by_role("link", name="person, upernet/1").click()
    expect(page).to_have_url(f"{stage.url}/#/rankings/competitor/upernet%2F1/person")
    canvas = ".card canvas"
    expect(page.locator(canvas).first).to_be_visible()
    until(page, lambda: page.evaluate("document.querySelector('.card canvas').width === 513"))
    assert painted(page, canvas)
    assert painted(page, ".card .difference canvas")
    page.get_by_label("Blend of picture and map").fill("25")
    assert page.locator(canvas).first.evaluate("(item) => item.style.opacity") == "0.25"
    page.get_by_role("button", name="Swap the maps").click()
    expect(page.locator(".card figcaption").nth(1)).to_have_text("upernet/1")
    page.get_by_role("button", name="Look closer at number 3").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Next").click()
    expect(dialog).to_contain_text("No. 4: discrepancy")
    dialog.get_by_role("button", name="Close").click()
    page.get_by_label("Class").select_option("cat")
    expect(page).to_have_url(f"{stage.url}/#/rankings/competitor/upernet%2F1/cat")
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".card")).to_have_count(24)
    page.get_by_role("link", name="All rankings").click()
    expect(page.get_by_text("the target may have missed what is")).to_be_visible()


def test_images_stream_in(stage: Stage, window: Window) -> None:
    """A new image takes its place, is announced, and nothing moves while paused."""
    page = window()
    page.goto(f"{stage.url}/{RANKING}")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    expect(page.locator(".card")).to_have_count(12)
    stage.revision = 1
    expect(page.locator(".card.fresh")).to_have_count(1)
    expect(page.get_by_text("1 new image came in")).to_be_attached()
    page.keyboard.press("p")
    expect(page.get_by_text("paused", exact=True)).to_be_visible()
    picture = page.locator(".card").first.locator("img").first  # drawn once its card has been seen
    first = picture.get_attribute("src")
    stage.revision = 5
    page.wait_for_timeout(400)
    assert picture.get_attribute("src") == first


def test_a_source_and_a_time(stage: Stage, window: Window) -> None:
    """Filter the ranking, stay when one goes on to the next, and are easily given up."""
    page = window(390)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{stage.url}/{RANKING}")
    expect(page.locator(".card")).to_have_count(12)
    page.get_by_label("Source").fill("upload")
    page.keyboard.press("Enter")
    expect(page.get_by_text("None of this source and time.")).to_be_visible()
    accessible(page)
    page.get_by_label("Source").fill("camera-7")
    page.get_by_label("Captured from").fill("2026-05-01T08:30")
    page.get_by_label("Captured from").blur()
    expect(page.locator(".card")).to_have_count(12)
    until(page, lambda: any("source=camera-7&since=2026-05-01T08%3A30%3A00.000Z" in url for url in asked))
    fits(page)
    page.get_by_label("Class").select_option("cat")
    expect(page.get_by_label("Source")).to_have_value("camera-7")
    page.get_by_role("button", name="All images").click()
    expect(page.get_by_label("Source")).to_have_value("")
    expect(page.get_by_role("button", name="All images")).to_have_count(0)


def test_a_closer_look_fits_a_telephone(stage: Stage, window: Window) -> None:
    """Nothing sticks out."""
    page = window(390, "dark")
    page.goto(f"{stage.url}/{RANKING}")
    page.get_by_role("button", name="Look closer at number 1,").click()
    expect(page.get_by_role("dialog")).to_contain_text("Why it is here")
    fits(page)
    accessible(page)


def test_a_picture_that_is_away_says_so(stage: Stage, window: Window) -> None:
    """In its place; the rest stays."""
    stage.failing = {"v1/images"}
    page = window(expected="404")
    page.goto(f"{stage.url}/{RANKING}")
    expect(page.get_by_text("The picture couldn’t be loaded.").first).to_be_visible()
    expect(page.locator(".card")).to_have_count(12)
