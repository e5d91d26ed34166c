"""Takes the pictures of the pages: `python -m tests.browser.screenshots --output docs/pictures/pages`."""

import argparse
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.stage import Stage
from tests.browser.stage_rounds import ROUNDS
from tests.browser.windows import CHROMIUM, Complaints, opened, until

QUALITY = 80
"""Of the WebP files."""


_LOADED = "!document.querySelector('.skeleton') && [...document.images].every((image) => image.complete)"


def _nothing(page: Page) -> None:
    """As it is."""


def _closer(page: Page) -> None:
    page.get_by_role("button", name="Look closer at number 3,").click()
    page.get_by_text("Why it is here").wait_for()


def _judged(page: Page) -> None:
    for key in ("3", "2", "4", "1"):
        page.keyboard.press(key)
        page.wait_for_timeout(150)


def _begun(page: Page) -> None:
    page.get_by_text("Begin from", exact=True).wait_for()
    page.keyboard.press("t")


def _opinions(page: Page) -> None:
    page.get_by_role("button", name="Show them").click()


@dataclass(frozen=True)
class Shot:
    """A picture: of which place, how wide, in which colours, and after what."""

    name: str
    place: str
    width: int = 1440
    scheme: Literal["light", "dark"] = "light"
    height: int = 900
    act: Callable[[Page], None] = _nothing


RANKING = "rankings/target/segformer%2F4/bus"
SHOTS = (
    Shot("overview", "overview", height=1300),
    Shot("overview-dark", "overview", 900, "dark"),
    Shot("rankings", "rankings"),
    Shot("ranking", RANKING),
    Shot("ranking-closer-dark", RANKING, scheme="dark", act=_closer),
    Shot("score", "score", act=_judged),
    Shot("score-dark", "score", 900, "dark", act=_judged),
    Shot("score-narrow", "score", 390, height=800, act=_judged),
    Shot("draw", "draw", act=_begun),
    Shot("draw-dark", "draw", 900, "dark", act=_begun),
    Shot("review", "review"),
    Shot("raters", "raters", height=1600, act=_opinions),
    Shot("raters-dark", "raters", 900, "dark"),
    Shot("rounds", "rounds", height=1500),
    Shot("rounds-dark", "rounds", 900, "dark"),
    Shot("round", f"rounds/{ROUNDS[0]}", height=1700),
    Shot("round-narrow", f"rounds/{ROUNDS[0]}", 390, height=900),
)


def main() -> None:
    """All of them, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("docs/pictures/pages"))
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    with Stage() as stage, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for shot in SHOTS:
            if not given.names or shot.name in given.names:
                stage.reset()
                take(browser, stage, shot, given.output / f"{shot.name}.webp")
        browser.close()


def take(browser: Browser, stage: Stage, shot: Shot, path: Path) -> None:
    """One picture, once everything on it is there."""
    complaints = Complaints()
    with opened(browser, complaints, shot.width, shot.height, shot.scheme) as page:
        page.goto(f"{stage.url}/#/{shot.place}")
        page.locator("h1").wait_for()
        page.wait_for_load_state("load")
        page.wait_for_timeout(600)
        shot.act(page)
        page.wait_for_timeout(600)
        until(page, lambda: bool(page.evaluate(_LOADED)), seconds=60)
        page.wait_for_timeout(200)
        with Image.open(io.BytesIO(page.screenshot())) as picture:
            picture.save(path, quality=QUALITY, method=6)
    if complaints.heard:
        raise SystemExit(f"{shot.name}: {complaints.heard}")
    print(f"{path}: {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
