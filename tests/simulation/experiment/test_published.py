"""Seeds in short."""

import dataclasses
from pathlib import Path

import pytest

from madseg.core.errors import Conflict
from madseg.simulation.experiment.__main__ import main
from madseg.simulation.experiment.aggregate import gather
from madseg.simulation.experiment.kept import Result
from madseg.simulation.experiment.published import Published, shortened
from madseg.simulation.experiment.report import report
from tests.simulation.experiment.tiny import SEED, TINY, seed_result, tiny_file


def test_it_says_all_that_the_tables_take(results: Result) -> None:
    """Means over the lane are taken once instead of twice, and are the same."""
    others = {n: seed_result(0.1 * n, 0.02 * n, 0.3) for n in range(2)}
    for whole in ({SEED: results}, others):
        short = {seed: shortened(result) for seed, result in whole.items()}
        assert report(gather(short), TINY, "", "") == report(gather(whole), TINY, "", "")


def test_it_is_short(results: Result, tmp_path: Path) -> None:
    """No figure an image, no ids."""
    short = Published(tmp_path, TINY.digest).write(SEED, results)
    text = (tmp_path / f"seed-{SEED:03}.json").read_text()
    assert short["before"]["lane"] == pytest.approx(sum(results["before"]["lane"]) / len(results["before"]["lane"]))
    assert "learned" not in short["arm-mad"]
    assert not [item for item in results["arm-mad"]["learned"] if item in text]
    assert Published(tmp_path, TINY.digest).read(SEED) == short


def test_other_settings_are_refused(tmp_path: Path) -> None:
    """They would be mixed."""
    Published(tmp_path, TINY.digest).write(SEED, {"before": {"lane": [1.0]}})
    with pytest.raises(Conflict, match="take another --results"):
        Published(tmp_path, dataclasses.replace(TINY, oracle=5).digest).read(SEED)


def test_a_seed_that_is_there_in_short_is_not_run(
    results: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Though nothing else of it is."""
    Published(tmp_path / "results", TINY.digest).write(SEED, results)
    arguments = ["--seeds", str(SEED), "--out", str(tmp_path / "out"), "--results", str(tmp_path / "results")]
    assert main([*arguments, "--settings", str(tiny_file(tmp_path))]) == 0
    assert not (tmp_path / "out").exists()
    assert "min  seed" not in capsys.readouterr().out
