"""What a page tells people to type is run by a test, or the table says which tests cover it; links lead somewhere."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal
from tests.pages.blocks import ROOT, SHELL, Block, anchors, blocks, links, pages
from tests.pages.elsewhere import ELSEWHERE, elsewhere
from tests.pages.following import to_type

RUN = {
    "docs/api.md": "tests/pages/test_examples.py",
    "docs/concepts.md": "tests/pages/test_concepts.py",
    "docs/first-hour.md": "tests/pages/test_first_hour.py",
    "docs/examples/README.md": "tests/pages/test_examples.py",
    **{f"docs/how-to/{path.name}": "tests/pages/test_how_to.py" for path in (ROOT / "docs" / "how-to").glob("*.md")},
}
"""Pages that a test follows from top to bottom, but for what stands in ELSEWHERE."""

PYTHON = {"README.md", "docs/cli.md", "docs/world.md"}
"""Pages whose Python tests/pages/test_code.py runs."""


def typed() -> list[Block]:
    """Every block of shell or Python."""
    return [block for page in pages() for block in blocks(page) if block.language in (*SHELL, "python")]


def test_every_block_is_run_or_covered() -> None:
    """By the test that follows its page, or by those that the table names."""
    loose = [
        block.place
        for block in typed()
        if block.page not in RUN
        and elsewhere(block) is None
        and (block.language != "python" or block.page not in PYTHON)
    ]
    assert loose == []


def test_the_table_has_nothing_that_is_gone() -> None:
    """Each row is about a block that stands there, and names tests that exist."""
    there = {(block.page, heading) for block in typed() for heading in (block.heading, "*")}
    assert ELSEWHERE.keys() <= there
    for item in ELSEWHERE.values():
        for name in item.tests:
            path, _, function = name.partition("::")
            assert (ROOT / path).exists(), name
            assert not function or f"def {function}(" in (ROOT / path).read_text(), name


def test_the_tests_that_follow_pages_name_them() -> None:
    """A page that nobody opens is not run."""
    for page, test in RUN.items():
        assert not to_type(page) or page.removeprefix("docs/how-to/") in (ROOT / test).read_text(), page


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_anchors_lead_somewhere(page: Path) -> None:
    """Files, headings and pictures."""
    for link in links(page):
        if link.startswith(("http:", "https:", "mailto:")):
            continue
        target, _, anchor = link.partition("#")
        found = (page.parent / target).resolve() if target else page
        assert found.exists(), f"{page.name} links to {link}"
        if anchor and found.suffix == ".md":
            assert anchor in anchors(found), f"{page.name} links to {link}, which has no such heading"


def test_every_page_is_in_the_index() -> None:
    """docs/README.md names each page of the folder once; those of the alerts by their folder."""
    index = ROOT / "docs" / "README.md"
    listed = [(index.parent / link).resolve() for link in links(index) if not link.startswith("http")]
    assert len(listed) == len(set(listed))
    expected = {path for path in pages() if path.parent != ROOT and path != index and path.parent.name != "runbooks"}
    assert {path for path in listed if path.suffix == ".md" and (ROOT / "docs") in path.parents} == expected
    assert (ROOT / "docs" / "runbooks").resolve() in listed


@pytest.mark.parametrize("block", [item for item in typed() if item.language in SHELL], ids=lambda item: item.place)
def test_commands_and_options_exist(block: Block) -> None:
    """Each `madseg` command has help for just these options, each target is in the Makefile, each module is there."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)) | {"kafka", "triton", "s3"}
    for words in calls(block):
        match words:
            case ["madseg", *rest]:
                answer = Terminal()(*rest, "--help")
                assert answer.code == 0, f"{block.place}: {' '.join(words)}: {answer.err}"
            case ["make", *rest]:
                wanted = {word for word in rest if "=" not in word}
                assert wanted <= targets, f"{block.place}: {wanted - targets}"
            case ["python", "-m", module, *_]:
                assert importlib.util.find_spec(module) is not None, f"{block.place}: {module}"


def calls(block: Block) -> Iterator[list[str]]:
    """The words of each program that a block calls, without variables before it and the folder it is in."""
    for command in block.commands:
        opened = re.sub(r"\$\(|\)(?=\s|$)", " ; ", command)
        for piece in re.split(r"\||&&|;|\bdo\b|\bdone\b", opened):
            words = shlex.split(piece.replace("<<END", ""), posix=True)
            while words and re.fullmatch(r"\w+=\S*", words[0]):
                words = words[1:]
            if words:
                yield [words[0].removeprefix(".venv/bin/"), *words[1:]]


def test_calls_are_found_wherever_they_stand() -> None:
    """Behind variables, in substitutions, pipes and loops."""
    loop = "for x in a; do madseg access add $x --role rater; done"
    text = f"A=$(madseg why x | head -n 1)\nB=1 .venv/bin/madseg up   # one\n{loop}"
    found = [words[:2] for words in calls(Block("page", 1, "", "sh", text))]
    assert [words for words in found if words[0] in ("madseg", "head")] == [
        ["madseg", "why"],
        ["head", "-n"],
        ["madseg", "up"],
        ["madseg", "access"],
    ]
