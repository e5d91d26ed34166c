"""A page followed from top to bottom."""

from collections.abc import Callable, Mapping

from tests.pages.blocks import ROOT, SHELL, Block, blocks
from tests.pages.desk import Desk
from tests.pages.elsewhere import elsewhere

Act = Callable[[], object]


def to_type(page: str, heading: str = "") -> list[Block]:
    """The blocks of a page, or below one of its headings, that are typed as they stand."""
    typed = [block for block in blocks(ROOT / page) if block.language in SHELL and elsewhere(block) is None]
    return [block for block in typed if block.heading == (heading or block.heading)]


def follow(
    desk: Desk,
    page: str,
    before: Mapping[str, Act] | None = None,
    meanwhile: Mapping[str, Act] | None = None,
    heading: str = "",
) -> str:
    """Types every block of a page, or below one of its headings; what was printed.

    `before` has what people do in front of a block, and `meanwhile` what happens until a command of it gets Ctrl-C,
    both by words that the block has in it. Each of them has to come up.
    """
    printed, met = "", set[str]()
    for block in to_type(page, heading):
        for words, act in (before or {}).items():
            if words in block.text:
                met.add(words)
                act()
        happening = next((words for words in (meanwhile or {}) if words in block.text), "")
        met.add(happening)
        printed += desk.run(block, (meanwhile or {}).get(happening))
    expected = {*(before or {}), *(meanwhile or {})}
    assert expected <= met, f"{page} has no block with {expected - met}"
    return printed
