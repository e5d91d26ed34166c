"""The overview: what is running, live."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.stage import Stage

Window = Callable[..., Page]


def test_it_tells_what_is_going_on(stage: Stage, window: Window) -> None:
    """Counts, the part that doesn't answer, contests, sets, campaigns, masks, people."""
    page = window()
    page.goto(f"{stage.url}/#/overview")
    figures = page.locator(".figures > div")
    expect(figures.filter(has_text="images").first).to_contain_text("48,213")
    expect(figures.filter(has_text="records waiting")).to_contain_text("1,204")
    expect(page.get_by_role("listitem").filter(has_text="models")).to_contain_text("no answer from 127.0.0.1:7002")
    expect(page.get_by_role("row").filter(has_text="upernet/1")).to_contain_text("25 min")
    expect(page.get_by_role("progressbar", name="Images finished in first round")).to_have_attribute(
        "aria-valuenow", "790"
    )
    expect(page.get_by_role("img", name="36 accepted")).to_be_visible()
    now = page.get_by_role("listitem").filter(has_text="Round 3")
    expect(now).to_contain_text("Annotators draw the masks; Reviewers check the masks of others")
    expect(page.get_by_role("listitem").filter(has_text="Round 2")).to_contain_text("refused by the gate")
    expect(page.get_by_role("listitem").filter(has_text="linus").filter(has_text="drawing")).to_contain_text("drawing")


def test_it_is_live(stage: Stage, window: Window) -> None:
    """A picture comes in, and the page knows without being asked."""
    page = window()
    page.goto(f"{stage.url}/#/overview")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    stage.images += 1000
    expect(page.locator(".figures").get_by_text("49,213")).to_be_visible()


def test_the_chart_follows_the_pointer_and_the_colours(stage: Stage, window: Window) -> None:
    """The value under the pointer; other colours without an error."""
    page = window()
    page.goto(f"{stage.url}/#/overview")
    chart = page.locator(".chart .u-over")
    expect(page.locator(".chart-value")).to_contain_text("now")
    chart.hover(position={"x": 40, "y": 40})
    expect(page.locator(".chart-value")).to_contain_text("13:3")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 700, "height": 900})
    expect(chart).to_be_visible()
    assert page.locator(".uplot").count() == 1
    assert page.evaluate("document.querySelector('.uplot').clientWidth") < 700
