"""The package's own table of its files."""

import re
from pathlib import Path

from madseg import core


def test_the_table_names_every_file() -> None:
    """Once, and none that isn't there."""
    rows = [line.split("|")[2] for line in (core.__doc__ or "").splitlines() if line.startswith("|")][2:]
    named = re.findall(r"\w+", re.sub(r"\(.*?\)", "", " ".join(rows)))
    files = [path.stem for path in Path(core.__file__).parent.glob("*.py") if path.stem != "__init__"]
    assert sorted(files) == sorted(named)
