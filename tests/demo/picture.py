"""Takes the README's picture of the report: `python -m tests.demo.picture` after `make demo`."""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

REPORT = Path("build/demo/report.html")
PICTURE = Path("docs/pictures/report.webp")
CLASS = "car"


def main() -> None:
    """The first images of one class."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        page = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme="light")
        page.goto(REPORT.absolute().as_uri())
        page.select_option("#by-class", CLASS)
        page.evaluate("document.querySelector('.legend').scrollIntoView()")
        page.wait_for_timeout(300)
        with Image.open(io.BytesIO(page.screenshot())) as shot:
            shot.save(PICTURE, quality=82)
        browser.close()


if __name__ == "__main__":
    main()
