"""The pages say what the code says."""

import re
from pathlib import Path

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


def test_the_readme_names_files_that_exist() -> None:
    """Every relative link of the pages leads somewhere."""
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


def test_the_readme_gives_the_two_commands() -> None:
    """`make demo` and `make test` stand on its first screen, and no figure is left open."""
    text = (ROOT / "README.md").read_text()
    first = text[:2600]
    assert "make demo" in first
    assert "make test" in first
    assert "{{" not in text
