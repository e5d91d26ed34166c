"""What is written."""

from pathlib import Path

import pytest

from madseg.core.errors import InvalidInput
from madseg.simulation.experiment.__main__ import main, seeds_of
from madseg.simulation.experiment.aggregate import gather
from madseg.simulation.experiment.kept import Result
from madseg.simulation.experiment.report import marks, report, write
from tests.simulation.experiment.tiny import SEED, TINY, seed_result, tiny_file


def text() -> str:
    """Of three seeds made by hand."""
    found = gather({n: seed_result(0.1 * n, 0.02 * n, 0.3) for n in range(1, 4)})
    return report(found, TINY, "make experiment SEEDS=1-3", "2026-01-02")


def test_it_says_command_date_and_settings() -> None:
    """Whoever reads it can run it again."""
    head = text().partition("###")[0]
    assert "`make experiment SEEDS=1-3`, 2026-01-02" in head
    assert TINY.digest in head


def test_a_lead_is_named_by_its_interval() -> None:
    """Ahead, behind, or a tie."""
    lines = text().splitlines()
    random = next(line for line in lines if line.startswith("| MAD less random"))
    assert "| +0.1600 (-0.0387 to +0.3587), a tie |" in random


def test_words_around_the_figures_stay(tmp_path: Path) -> None:
    """Written twice, it is there once."""
    path = tmp_path / "experiments.md"
    (begin, end), others = marks("0-4"), "\n".join(marks("100-109"))
    path.write_text(f"# Ours\n\n{begin}\nold\n{end}\n\nWhat was tried.\n{others}\n")
    write(path, "0-4", "new")
    write(path, "0-4", "newer")
    assert path.read_text() == f"# Ours\n\n{begin}\n\nnewer\n{end}\n\nWhat was tried.\n{others}\n"


def test_a_document_without_marks_is_left_alone(tmp_path: Path) -> None:
    """The message says what to put in."""
    path = tmp_path / "other.md"
    path.write_text("# Other\n")
    with pytest.raises(InvalidInput, match="seeds 0-4: begin"):
        write(path, "0-4", "new")
    assert path.read_text() == "# Other\n"


def test_the_command_writes_what_a_finished_run_says(
    folder: Path, results: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a seed that is there, without running it again."""
    out, document = tmp_path / "out", tmp_path / "experiments.md"
    out.mkdir()
    (out / f"seed-{SEED:03}").symlink_to(folder)
    arguments = ["--seeds", str(SEED), "--out", str(out), "--settings", str(tiny_file(tmp_path)), "--threads", "1"]
    assert main([*arguments, "--write", str(document)]) == 0
    assert results["lane"]["failures"] >= 0
    assert (out / f"seed-{SEED:03}.json").exists()
    for arm in TINY.arms:
        assert f"\n| {arm} |" in document.read_text()
    assert "Both-roles contest" in capsys.readouterr().out


def test_a_wrong_call_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """In one line."""
    assert main(["--seeds", "4-2"]) == 1
    assert "seeds must be such as 0-4" in capsys.readouterr().err


@pytest.mark.parametrize(("given", "found"), [("0-4", [0, 1, 2, 3, 4]), ("7", [7]), ("0,2,7-8", [0, 2, 7, 8])])
def test_seeds_are_ranges_and_lists(given: str, found: list[int]) -> None:
    """Or both."""
    assert seeds_of(given) == found


@pytest.mark.parametrize("given", ["", "a", "3-", "-3", "1,,2"])
def test_other_seeds_are_refused(given: str) -> None:
    """With the value."""
    with pytest.raises(InvalidInput, match="seeds must be"):
        seeds_of(given)
