"""The pages say what the code says."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from madseg.cli import app
from madseg.finetune.__main__ import Config as FineTune
from madseg.gateway.__main__ import Config as Gateway
from madseg.labelling.__main__ import Config as Labelling
from madseg.predictor.__main__ import Config as Predictor
from madseg.predictor.models import Config as Models
from madseg.process import Observing
from madseg.rounds.__main__ import Config as Rounds
from madseg.selector.__main__ import Config as Selector
from madseg.settings import reference
from madseg.up import Config as Up

ROOT = Path(__file__).parent.parent


def test_the_manual_lists_every_setting_with_its_default() -> None:
    """Variable, default and sentence of each setting stand in the table of docs/operations.md, and no others."""
    page = (ROOT / "docs" / "operations.md").read_text()
    rows = {row[0]: row[1:] for row in re.findall(r"^\| `(MADSEG_\w+)` \| (\S*) \| ([^|]+) \|", page, re.MULTILINE)}
    expected = {
        variable: (f"`{default}`" if default else "", doc)
        for variable, default, doc in reference(
            Up, Observing, Gateway, Models, Predictor, Selector, Labelling, FineTune, Rounds
        )
    }
    found = {name: (default, doc.strip()) for name, (default, doc) in rows.items() if name in expected}
    assert expected == found


def test_the_manual_has_every_event_that_is_logged() -> None:
    """With its level, in the table of docs/operations.md, and no others."""
    page = (ROOT / "docs" / "operations.md").read_text()
    table = page.partition("\n## Logs\n")[2].partition("\n## ")[0]
    found = set()
    for events, levels in re.findall(r"^\| (`[^|]+) \| ([a-z, ]+) \|", table, re.MULTILINE):
        names, each = re.findall(r"`([^`]+)`", events), levels.split(", ")
        found |= set(zip(names, each * len(names) if len(each) == 1 else each, strict=True))
    assert found == {event for file in sorted((ROOT / "services").rglob("*.py")) for event in _logged(file)}


def _logged(file: Path) -> Iterator[tuple[str, str]]:
    """Event and level of each call of a module's log; what is told to nobody but developers isn't among them."""
    text = file.read_text()
    for node in ast.walk(ast.parse(text)) if "structlog.get_logger(" in text else ():
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name("log"), attr=level), args=[event, *_]) if level != "debug":
                assert isinstance(event, ast.Constant)
                assert isinstance(event.value, str), file
                yield event.value, level


def test_the_manual_has_every_command() -> None:
    """In the table of docs/cli.md, once, and no others. Words of a row that have no group are of the first one's."""
    page = (ROOT / "docs" / "cli.md").read_text()
    table = page.partition("\n## Commands\n")[2].partition("\n## ")[0]
    found = []
    for row in re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE):
        first, *others = re.findall(r"`([^`]+)`", row)
        group = first.rpartition(" ")[0]
        found += [first, *(f"{group} {word}".strip() if " " not in word else word for word in others)]
    assert sorted(found) == sorted(_commands(get_command(app)))


def _commands(command: Any, before: str = "") -> Iterator[str]:
    """The words of every command."""
    for name, each in command.commands.items():
        words = f"{before} {name}".strip()
        if hasattr(each, "commands"):
            yield from _commands(each, words)
        else:
            yield words


def test_the_readme_names_files_that_exist() -> None:
    """Every relative link of the pages leads somewhere."""
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


def test_contributors_find_every_target() -> None:
    """Of the Makefile, in the table of CONTRIBUTING.md."""
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)) - {"help"}
    rows = re.findall(r"^\| (`[^|]+) \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert targets == {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)}


def test_the_readme_gives_the_two_commands() -> None:
    """`make demo` and `make test` stand on its first screen, and no figure is left open."""
    text = (ROOT / "README.md").read_text()
    first = text[:2600]
    assert "make demo" in first
    assert "make test" in first
    assert "{{" not in text
