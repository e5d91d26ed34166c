"""The page: complete, self-contained, escaped, and right in a browser."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from madseg.cli.report import page, write_report
from tests.cli.report.samples import sample

VOID = {"meta", "img", "input", "line", "polyline"}


class Outline(HTMLParser):
    """Ids, addresses and alternative texts of a page; whether its tags are balanced."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [found["href"] or ""] if tag == "a" else []
        self.fetched += [value or "" for name, value in attrs if name == "src"]
        if tag == "img":
            self.texts.append(found["alt"] or "")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def outline(text: str) -> Outline:
    """The outline of a page."""
    found = Outline()
    found.feed(text)
    assert found.open == []
    return found


def test_the_page_fetches_nothing() -> None:
    """Pictures are in it, and its policy forbids the rest."""
    text = page(sample())
    assert all(address.startswith("data:image/") for address in outline(text).fetched)
    assert "default-src 'none'" in text
    assert not re.search(r"(src|href)=\"(https?:)?//", text)


def test_every_picture_has_words() -> None:
    """What a map holds, and on how much two maps differ."""
    texts = outline(page(sample())).texts
    assert len(texts) == 4 + 3
    assert "Label map of ours/2: background 50%, bus 50%" in texts
    assert all(texts)


def test_links_lead_somewhere() -> None:
    """Ids are there once; a class without images is no link."""
    found = outline(page(replace(sample(), findings=sample().findings[:1])))
    assert len(found.ids) == len(set(found.ids))
    assert {link.removeprefix("#") for link in found.links} <= set(found.ids)
    assert set(found.links) == {"#class-bus"}


def test_names_from_outside_are_text() -> None:
    """A class called <cat> is no tag."""
    text = page(sample())
    assert "<cat>" not in text
    assert "&lt;cat&gt;" in text
    assert "<title>Where &lt;they&gt; disagree</title>" in text


def test_the_figures_stand_on_the_page() -> None:
    """Summary, places, cost, settings, criteria."""
    text = page(sample())
    for part in ("12,345", "0.812", "No. 12", "one in 300 would", "near-duplicates behind it", "c0ffee", "2x2"):
        assert part in text


def test_parts_without_content_are_left_out() -> None:
    """An empty report is a page all the same."""
    empty = replace(sample(), cells=(), findings=(), costs=(), stages=(), settings=(), criteria_id="", figures=())
    found = outline(page(empty))
    assert "matrix" not in found.ids
    assert "throughput" not in found.ids


def test_the_file_is_written_with_its_folder(tmp_path: Path) -> None:
    """And its size is told."""
    path = tmp_path / "deep" / "report.html"
    assert write_report(path, sample()) == path.stat().st_size


@pytest.mark.parametrize(("width", "scheme"), [(375, "light"), (800, "dark"), (1600, "light")])
def test_the_page_fits_a_browser(tmp_path: Path, width: int, scheme: str) -> None:
    """No error, nothing wider than the window, and the filter leaves what fits it."""
    chromium = Path("/usr/bin/chromium")
    if not chromium.exists():
        pytest.skip("chromium is not installed: apt-get install --no-install-recommends chromium")
    from playwright.sync_api import sync_playwright

    write_report(tmp_path / "report.html", sample())
    errors: list[str] = []
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
        )
        tab.on("console", lambda message: errors.append(message.text))
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto((tmp_path / "report.html").as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        tab.select_option("#by-class", "bus")
        tab.fill("#blend", "40")
        tab.click("#blink")
        assert tab.locator(".card:visible").count() == 1
        assert tab.inner_text("#shown") == "1 image"
        assert tab.locator(".card:visible figcaption").nth(1).inner_text() == "theirs/1"
        browser.close()
    assert errors == []
