"""The page Rounds on the real services: a round is begun, mines, waits for raters, is reported on, and is cancelled."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from madseg.security.access import Role
from tests.browser.deployment import Deployment
from tests.browser.windows import accessible, fits

pytest.importorskip("onnxruntime", reason="pip install 'madseg[predictor]'")

Window = Callable[..., Page]
SIZES = {
    "Images per ranking": "2",
    "Raters per image": "1",
    "Images of S": "2",
    "Images reserved for T": "2",
    "Images of T reported": "1",
}


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Deployment]:
    """The services, with images compared."""
    with Deployment(tmp_path) as deployment:
        yield deployment


def test_a_round_on_the_pages(real: Deployment, window: Window) -> None:
    """Whoever rates is told so, with the way to where it is done; the rest is the operator's."""
    real.add("opal", Role.OPERATOR)
    real.add("rita", Role.RATER)
    page = real.sign_in(window(), "opal", "rounds")
    expect(page.get_by_text("No round yet")).to_be_visible()
    expect(page.get_by_text("Rounds begin by hand alone.")).to_be_visible()
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="Start a round")
    for label, value in SIZES.items():
        dialog.get_by_label(label, exact=True).fill(value)
    dialog.get_by_label("Folder of T0").fill(str(real.folder / "t0"))
    dialog.get_by_role("button", name="Start it").click()
    expect(page.get_by_role("heading", name="Round 1", level=1)).to_be_visible()
    expect(page.get_by_role("heading", name="Now: score")).to_be_visible(timeout=60_000)
    accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Report to send on").click()
    assert "What was mined" in download.value.path().read_text()
    _rate(real.sign_in(window(390, "dark"), "rita", "rounds"))
    page.get_by_role("button", name="Cancel the round").click()
    page.get_by_role("button", name="Yes, cancel the round").click()
    expect(page.locator(".page-head").get_by_text("cancelled")).to_be_visible(timeout=30_000)
    page.keyboard.press("Escape")
    expect(page.get_by_role("row").filter(has_text="Round 1")).to_contain_text("cancelled")


def _rate(page: Page) -> None:
    """From the round to the images that wait."""
    expect(page.get_by_label("Who has to do what now")).to_contain_text("Raters grade the images of M")
    fits(page)
    expect(page.get_by_role("button", name="Cancel the round")).to_have_count(0)
    page.get_by_label("Who has to do what now").get_by_role("link", name="Score").click()
    expect(page.get_by_text("0 of")).to_be_visible()
