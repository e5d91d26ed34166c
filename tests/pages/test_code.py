"""The Python on pages that aren't about the client alone: each piece runs."""

import pytest

from tests.pages.blocks import ROOT, Block, blocks
from tests.pages.desk import Desk
from tests.pages.test_commands import PYTHON

_PATHS = 'from pathlib import Path\npaths = sorted(Path("pictures").iterdir())\n'
AROUND = {"README.md": "", "docs/cli.md": _PATHS, "docs/world.md": ""}
"""What a page takes for granted around its piece."""


def pieces() -> list[Block]:
    return [block for page in sorted(PYTHON) for block in blocks(ROOT / page) if block.language == "python"]


@pytest.mark.parametrize("block", pieces(), ids=lambda block: block.place)
def test_the_python_of_a_page_runs(furnished: Desk, block: Block) -> None:
    """In a folder with pictures and running services, with what the page takes for granted."""
    (furnished.where / "piece.py").write_text(AROUND[block.page] + block.text)
    furnished.shell("python -W error piece.py", block.place)
