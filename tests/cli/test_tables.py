"""Every table as people see it, at 80 columns.

The tables are kept in `tables/`; where one changes on purpose, delete its file and run the test twice.
"""

from pathlib import Path

import pytest

from tests.cli.terminal import Terminal
from tests.client.canned import image_id

TABLES = Path(__file__).parent / "tables"

COMMANDS = {
    "contests": ["contests"],
    "rankings": ["rankings"],
    "rankings-of-a-class": ["rankings", "--class", "bus", "--competitor", "theirs", "--top", "3"],
    "rankings-watched": [*"rankings --class bus --competitor theirs --defender target --watch".split()],
    "matrix": ["matrix"],
    "candidates-cut": ["candidates", "cut", "--allow-incomplete", "--note", "for [Tuesday]"],
    "candidates-sets": ["candidates", "sets"],
    "candidates-list": ["candidates", "list"],
    "candidates-show": ["candidates", "show"],
    "diff": ["diff", "ours/1", "ours/2", "--top", "2"],
    "why": ["why", image_id(1)],
    "status": ["status"],
    "reconcile": ["reconcile", "--failed"],
    "forget": ["forget", image_id(1), "--reason", "asked by the owner", "--yes"],
    "model-list": ["model", "list"],
    "model-show": ["model", "show", "ours"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_table_reads_as_it_was_approved(madseg: Terminal, name: str) -> None:
    """Not a character differs, nothing is wider than the terminal, and no colour goes into a pipe."""
    answer = madseg(*COMMANDS[name])
    path = TABLES / f"{name}.txt"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text(answer.out.rstrip("\n") + "\n", encoding="utf-8")
        pytest.fail(f"{path.name} was not there: read what is in it now, and run the test again")
    assert answer.code == 0
    assert answer.out.rstrip("\n") == path.read_text(encoding="utf-8").rstrip("\n")
    assert all(len(line) <= 80 for line in answer.out.splitlines())
    assert "\x1b" not in answer.out
