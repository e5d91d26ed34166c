"""docs/first-hour.md, followed by somebody who has two networks and a folder of pictures."""

import pytest

from tests.pages.blocks import ROOT, blocks
from tests.pages.desk import Desk
from tests.pages.following import follow

PAGE = "docs/first-hour.md"


@pytest.fixture
def stranger(empty: Desk) -> Desk:
    """Stands in the checkout's place, beside the folder of the page, which isn't there yet; the card is the page's."""
    files = empty.folder.rename(empty.folder.with_name("brought"))
    checkout = empty.folder.with_name("checkout")
    checkout.mkdir()
    (card,) = [block.text for block in blocks(ROOT / PAGE) if block.language == "yaml"]
    (files / "ours.yaml").write_text(card)
    (files / "theirs.yaml").write_text(card.replace("role: target\n", ""))
    empty.where = checkout
    return empty


def test_the_way_from_an_empty_folder_to_the_reasons(stranger: Desk) -> None:
    """Each command of the page, in its order, with its card; a file that is no picture is refused by name."""

    def brings() -> None:
        files = stranger.folder.with_name("brought")
        for path in files.iterdir():
            path.rename(stranger.where / path.name)

    printed = follow(stranger, PAGE, before={"madseg model add": brings})
    assert stranger.where == stranger.folder
    for line in (
        "ours version 1 is in",
        "theirs version 1 is in",
        "24 taken in; 0 refused",
        "bus: ours/1 against theirs/1",
    ):
        assert line in printed, printed
    assert "It is a candidate in" in printed
    assert (stranger.where / "report.html").stat().st_size > 10_000
