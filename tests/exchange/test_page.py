"""docs/exchange.md says what the code does, and its examples run."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from madseg.core.label_map import from_dense
from madseg.core.taxonomy import VOC
from madseg.exchange import FORMATS, Gaps, NamedMask, Overlaps, Unknown
from madseg.exchange.limits import (
    FREE_BYTES,
    MAX_ANNOTATIONS,
    MAX_ARCHIVE_BYTES,
    MAX_ARCHIVE_ENTRIES,
    MAX_LINE_BYTES,
    MAX_LISTED,
    MAX_PIXELS,
    MAX_RATIO,
)
from tests.cli.terminal import Terminal
from tests.exchange.building import write

PAGE = (Path(__file__).parents[2] / "docs" / "exchange.md").read_text()
CATS = NamedMask("photo", from_dense(np.array([[0, 8, 8]], np.uint8)))


def test_the_conversions_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line of the first example, with masks in the places that it names."""
    monkeypatch.chdir(tmp_path)
    write("npy", Path("annotations"), [CATS], VOC)
    write("cvat-xml", Path("annotations.xml"), [CATS], VOC)
    write("coco", Path("instances.json"), [CATS], VOC)
    text = Path("instances.json").read_text()
    Path("instances.json").write_text(text.replace('"cat"', '"Katze"'))
    lines = [line for line in PAGE.splitlines() if line.startswith("madseg labels convert")]
    for line in lines:
        answer = Terminal()(*shlex.split(line)[1:])
        assert (answer.code, answer.out) == (0, "Masks: 1 written; 0 refused."), (line, answer)
    assert len(lines) == 4


def test_the_table_has_every_format() -> None:
    """In the order of the registry."""
    assert list(FORMATS) == re.findall(r"^\| `([a-z][a-z-]*)` \|", PAGE, re.MULTILINE)


def test_every_choice_and_limit_stands_there() -> None:
    """With its number."""
    for word in (*Overlaps, *Gaps, *Unknown):
        assert f"`{word}`" in PAGE
    assert (MAX_PIXELS, MAX_ARCHIVE_ENTRIES, MAX_RATIO) == (100_000_000, 1_000_000, 200)
    assert (MAX_LISTED, MAX_ANNOTATIONS, MAX_LINE_BYTES >> 20) == (1_000_000, 10_000_000, 64)
    assert (MAX_ARCHIVE_BYTES >> 30, FREE_BYTES >> 20) == (64, 1)
    limits = (
        "100 million pixels,a million images,10 million annotations,64 MiB,a million entries,64 GiB,1 MiB,200 times"
    )
    for limit in limits.split(","):
        assert limit in PAGE
