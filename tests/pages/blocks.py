"""The pages taken apart: code blocks with the heading above them, headings as anchors, links."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

SHELL = ("sh", "bash", "console")
"""Languages of blocks that people type."""

_FENCE = re.compile(r"^ *```(\w*) *$")
_HEADING = re.compile(r"^#+ +(.+?) *$")
_LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: `line` is that of its fence, `heading` the text of the heading above it."""

    page: str
    line: int
    heading: str
    language: str
    text: str

    @property
    def place(self) -> str:
        """`page:line`, for messages."""
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """What a shell is given, a command a line: comments gone, continued lines put together."""
        whole = self.text.replace("\\\n", " ")
        lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in whole.splitlines())
        return [line for line in lines if line]


def pages() -> list[Path]:
    """Every page that is written for people, in order of their names; the changes are told in no commands."""
    named = [ROOT / name for name in ("CONTRIBUTING.md", "README.md", "SECURITY.md")]
    return [*named, *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order, without the indent that a list gives them."""
    return list(_blocks(page))


def anchors(page: Path) -> set[str]:
    """What links may name behind `#`: each heading as GitHub writes it."""
    found: dict[str, int] = {}
    for heading in _headings(page):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found[anchor] = found.get(anchor, 0) + 1
    return {name if not at else f"{name}-{at}" for name, times in found.items() for at in range(times)}


def links(page: Path) -> list[str]:
    """Targets of links and pictures outside of code."""
    outside = "\n".join(line for line, inside in _lines(page) if not inside)
    return [first or second for first, second in _LINK.findall(re.sub(r"`[^`\n]*`", "", outside))]


def _blocks(page: Path) -> Iterator[Block]:
    name = str(page.relative_to(ROOT))
    heading, opened, language, inside = "", 0, "", list[str]()
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if fence := _FENCE.match(line):
            if opened:
                yield Block(name, opened, heading, language, textwrap.dedent("\n".join(inside)))
                opened, inside = 0, []
            else:
                opened, language = number, fence[1]
        elif opened:
            inside.append(line)
        elif found := _HEADING.match(line):
            heading = found[1]
    assert not opened, f"{name}:{opened}: a fence that isn't closed"


def _headings(page: Path) -> Iterator[str]:
    for line, inside in _lines(page):
        if not inside and (found := _HEADING.match(line)):
            yield found[1]


def _lines(page: Path) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is code."""
    inside = False
    for line in page.read_text().splitlines():
        fence = _FENCE.match(line) is not None
        yield line, inside or fence
        inside ^= fence
