"""The Python on pages that aren't about the client alone: each piece runs."""

import pytest

from madseg.security.access import Role
from tests.pages.blocks import ROOT, Block, blocks
from tests.pages.desk import Desk
from tests.pages.test_commands import PYTHON
from tests.pages.test_how_to import chosen, somebody

_PATHS = 'from pathlib import Path\npaths = sorted(Path("pictures").iterdir())\n'
_CLIENT = (
    "from madseg.client import Client\nclient = Client.from_environment()\nimage_ids = list(client.images())[:2]\n"
)

AROUND = {"README.md": "", "docs/cli.md": _PATHS, "docs/labelling.md": _CLIENT, "docs/world.md": ""}
"""What a page takes for granted around its piece."""


def pieces() -> list[Block]:
    return [block for page in sorted(PYTHON) for block in blocks(ROOT / page) if block.language == "python"]


@pytest.mark.parametrize("block", pieces(), ids=lambda block: block.place)
def test_the_python_of_a_page_runs(furnished: Desk, block: Block) -> None:
    """In a folder with pictures and running services, where sets are chosen and people are at hand."""
    if block.page == "docs/labelling.md":
        chosen(furnished)
        for name in ("fay", "gus", "hana"):
            somebody(furnished, name, Role.ANNOTATOR)
    (furnished.where / "piece.py").write_text(AROUND[block.page] + block.text)
    furnished.shell("python -W error piece.py", block.place)
