"""What holds for every page: it fits, it is accessible, it says what is wrong, light and dark, wide and narrow."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage import Stage
from tests.browser.stage_rounds import ROUNDS
from tests.browser.windows import accessible, fits

RANKING = "rankings/target/deeplab%2F1/bus"
ROUND = f"rounds/{ROUNDS[0]}"
PLACES = {
    "overview": "Who is labelling",
    "rankings": "Where to look first",
    RANKING: "No. 12",
    "rounds": "Rounds begin",
    ROUND: "No. 6",
    "score": "What the target sees",
    "raters": "Have masks drawn",
}
"""Addresses, and words that are there once all is loaded."""
FAILS = {
    "overview": "overview",
    "rankings": "matrix",
    RANKING: "ranking",
    "rounds": "rounds",
    ROUND: "rounds",
    "score": "campaigns",
    "raters": "campaigns",
}
"""The part of the API without which a page can't be."""

Window = Callable[..., Page]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("width", [390, 900, 1440])
def test_a_page_fits_and_is_accessible(stage: Stage, window: Window, place: str, width: int) -> None:
    """At three widths, light and dark."""
    page = window(width, "light")
    page.goto(f"{stage.url}/#/{place}")
    expect(page.get_by_text(PLACES[place]).first).to_be_attached()
    expect(page.locator(".skeleton")).to_have_count(0)
    fits(page)
    accessible(page)
    page.emulate_media(color_scheme="dark")
    accessible(page, "color-contrast")


@pytest.mark.parametrize("place", FAILS)
def test_a_page_that_fails_says_so_and_tries_again(stage: Stage, window: Window, place: str) -> None:
    """What is wrong, what to do, and a button that does it; what is live needs none."""
    stage.failing = {FAILS[place]}
    page = window(900, "dark", expected="503")
    page.goto(f"{stage.url}/#/{place}")
    expect(page.get_by_role("alert").first).to_contain_text("couldn’t be loaded")
    expect(page.get_by_role("alert").first).to_contain_text("doesn't answer")
    accessible(page)
    stage.failing = set()
    if place not in ("overview", "rounds", ROUND):
        page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text(PLACES[place]).first).to_be_attached()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("overview", "No images yet"),
        ("rankings", "Nothing is compared yet"),
        ("rankings/target/deeplab%2F1/bird", "No image is in this ranking"),
        ("rounds", "No round yet"),
        ("score", "There is nothing to score now"),
        ("raters", "No campaign yet"),
        ("nowhere", "There is no such page"),
    ],
)
def test_an_empty_page_says_what_to_do(stage: Stage, window: Window, place: str, words: str) -> None:
    """Nothing is there yet."""
    stage.empty = True
    page = window(390, "light", expected="404")
    page.goto(f"{stage.url}/#/{place}")
    expect(page.get_by_text(words).first).to_be_visible()
    fits(page)
    accessible(page)


@pytest.mark.parametrize("place", ["overview", "rounds"])
def test_a_page_that_loads_shows_bars(stage: Stage, window: Window, place: str) -> None:
    """Where content will be."""
    stage.failing = {f"slow:{place}", f"slow:{place}/events"}
    page = window()
    page.goto(f"{stage.url}/#/{place}")
    expect(page.locator(".skeleton").first).to_be_visible()
    accessible(page)


def test_signing_in(stage: Stage, window: Window) -> None:
    """A wrong token is told, the right one leads to the page."""
    stage.signed_in = False
    page = window(390, "light", expected="401")
    page.goto(f"{stage.url}/#/raters")
    page.get_by_label("Token").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nobody has this token")
    accessible(page)
    page.get_by_label("Token").fill("right")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Raters and agreement")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to madseg")).to_be_visible()


def test_without_tokens_one_says_who_one_is(stage: Stage, window: Window) -> None:
    """By the name in the corner."""
    stage.insecure = True
    page = window()
    page.goto(f"{stage.url}/#/overview")
    page.get_by_role("button", name="hopper").click()
    accessible(page)
    page.get_by_label("Name").fill("right")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert stage.posted("session") == [{"token": "right"}]


def test_a_session_that_ends_asks_over_the_page(stage: Stage, window: Window) -> None:
    """What is on the page stays."""
    page = window(expected="401")
    page.goto(f"{stage.url}/#/rankings")
    expect(page.get_by_text("Where to look first")).to_be_visible()
    stage.signed_in = False
    page.get_by_role("link", name="cat").first.click()
    page.get_by_label("Token").fill("right")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("No. 12")).to_be_visible()


def test_colours_can_be_chosen(stage: Stage, window: Window) -> None:
    """As the system says, light, dark; remembered."""
    page = window()
    page.goto(f"{stage.url}/#/overview")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    button = page.get_by_role("button", name="Colours")
    button.click()
    assert page.evaluate(ground) == light
    button.click()
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    expect(button).to_have_attribute("aria-label", "Colours: dark. Change.")
    assert page.evaluate(ground) == dark


def test_pages_by_keyboard(stage: Stage, window: Window) -> None:
    """The table of shortcuts, and a way to every page."""
    page = window()
    page.goto(f"{stage.url}/#/overview")
    expect(page.get_by_role("heading", name="Contests")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Shortcuts")).to_contain_text("these shortcuts")
    accessible(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    for key, title in (
        ("r", "Rankings"),
        ("n", "Rounds"),
        ("s", "How good is the map?"),
        ("a", "Raters and agreement"),
        ("o", "Overview"),
    ):
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        expect(page.locator("#content")).to_be_focused()


def test_the_first_tab_skips_the_navigation(stage: Stage, window: Window) -> None:
    """Straight to the content."""
    page = window()
    page.goto(f"{stage.url}/#/overview")
    expect(page.get_by_role("heading", name="Contests")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


@pytest.mark.parametrize(
    ("roles", "seen"),
    [
        (("rater",), ["Overview", "Rounds", "Score"]),
        (("annotator",), ["Overview", "Rankings", "Rounds", "Draw"]),
        (("reviewer", "rater"), ["Overview", "Rankings", "Rounds", "Score", "Review", "Raters"]),
        (("admin",), ["Overview", "Rankings", "Rounds", "Score", "Draw", "Review", "Raters"]),
    ],
)
def test_everybody_sees_their_own_pages(stage: Stage, window: Window, roles: tuple[str, ...], seen: list[str]) -> None:
    """The others say which role they take."""
    stage.roles = roles
    page = window()
    page.goto(f"{stage.url}/#/raters")
    links = page.get_by_role("navigation").get_by_role("link")
    expect(links).to_have_text(seen)
    words = page.get_by_text("takes another role")
    expect(words).to_have_count(0 if "Raters" in seen else 1)


def test_being_offline_is_told(stage: Stage, window: Window) -> None:
    """And so is that it is over."""
    page = window(expected="ERR_INTERNET_DISCONNECTED|503")
    page.goto(f"{stage.url}/#/overview")
    expect(page.get_by_role("heading", name="Contests")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text("Not connected.")).to_be_visible()
    accessible(page)
    page.context.set_offline(False)
    expect(page.get_by_text("Not connected.")).to_have_count(0)
