"""One seed as a whole, and a seed that was killed."""

import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from madseg.core.errors import Conflict
from madseg.simulation.experiment.kept import Result
from madseg.simulation.experiment.lab import BEFORE, RIVALS, TRAINED
from madseg.simulation.experiment.makers import make_networks
from madseg.simulation.experiment.pictures import Pictures
from madseg.simulation.experiment.seed import run_seed, steps_of
from madseg.simulation.experiment.settings import LABELLED
from tests.simulation.experiment.tiny import SEED, TINY, tiny_file


def test_every_step_has_its_result(results: Result) -> None:
    """All arms, what they are measured on, and what is asked of them in the end."""
    assert list(results) == steps_of(TINY)


def test_all_arms_have_as_many_candidates_as_mad(results: Result) -> None:
    """Round by round, and learn from as many masks."""
    sizes = [item["candidates"] for item in results["arm-mad"]["rounds"]]
    for arm in LABELLED:
        rounds = results[f"arm-{arm}"]["rounds"]
        assert [item["candidates"] for item in rounds] == sizes
        assert [item["counterexamples"] for item in rounds] == [TINY.counterexamples] * TINY.rounds


def test_what_is_tested_on_is_never_learned(results: Result) -> None:
    """Nor used twice, over all rounds of an arm."""
    for arm in LABELLED:
        done = results[f"arm-{arm}"]
        used = [*done["learned"], *(item for test in done["tests"] for item in test)]
        assert len(set(used)) == len(used)


def test_every_version_is_measured_on_the_same_images(results: Result) -> None:
    """One figure an image of the lane, and a mode's mean for each mode."""
    before = results["before"]
    for arm in TINY.arms:
        for item in results[f"arm-{arm}"]["rounds"]:
            assert len(item["after"]["lane"]) == len(before["lane"]) == results["lane"]["images"]
            assert item["after"]["modes"].keys() == before["modes"].keys()


def test_there_is_one_more_t_than_rounds(results: Result) -> None:
    """A row for each, a column for each version."""
    table = results["tests"]["table"]
    assert [len(row) for row in table] == [TINY.rounds + 1] * (TINY.rounds + 1)


def test_a_seed_that_is_there_is_not_run_again(folder: Path, results: Result) -> None:
    """Nothing is heard of it."""
    heard: list[str] = []
    assert run_seed(SEED, TINY, folder, 1, heard.append) == results
    assert heard == []


@pytest.mark.usefixtures("results")
def test_results_of_other_settings_are_refused(folder: Path) -> None:
    """They would be mixed."""
    with pytest.raises(Conflict, match="other settings"):
        run_seed(SEED, replace(TINY, oracle=5), folder, 1, lambda _step: None)


def test_an_arm_that_was_killed_ends_as_it_would_have(folder: Path, results: Result, tmp_path: Path) -> None:
    """To the byte; it is killed in its second round, and what was there before it stays."""
    cut = tmp_path / f"seed-{SEED:03}"
    shutil.copytree(folder, cut)
    (cut / "arm-mad.json").unlink()
    shutil.rmtree(cut / "models" / "mad")
    for file in (cut / "answers").glob("mad-*"):
        file.unlink()
    command = [sys.executable, "-m", "madseg.simulation.experiment", "--settings", str(tiny_file(tmp_path))]
    command += ["--seeds", str(SEED), "--out", str(tmp_path), "--threads", "1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not (cut / "models" / "mad" / "1" / "model.onnx").exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (cut / "arm-mad.json").exists()
    heard: list[str] = []
    assert run_seed(SEED, TINY, cut, 1, heard.append) == results
    assert heard == ["arm-mad"]
    assert (cut / "arm-mad.json").read_bytes() == (folder / "arm-mad.json").read_bytes()


def test_the_same_seed_gives_the_same_networks(folder: Path, results: Result, tmp_path: Path) -> None:
    """Made again from nothing: to the byte."""
    pictures = Pictures(SEED, TINY)
    root = make_networks(tmp_path, SEED, pictures.world, TINY)
    assert results["networks"]["report"].keys() == {str(TRAINED), str(BEFORE), *map(str, RIVALS)}
    for version in (TRAINED, *RIVALS):
        file = Path(version.model) / "1" / "model.onnx"
        assert (root / file).read_bytes() == (folder / "models" / file).read_bytes()
