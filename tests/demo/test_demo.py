"""`madseg demo --rounds 0`: what the README promises of it, on a short stream."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from madseg.demo.running import Running
from madseg.simulation.taxonomy import TAXONOMY


def test_the_demo_streams_ranks_judges_and_reports(tmp_path: Path) -> None:
    """One command: services up, images through four networks, people who score and draw, tables, one HTML file."""
    output = tmp_path / "demo"
    command = [sys.executable, "-m", "madseg", "demo", "--output", str(output), "--images", "80", "--rounds", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert "unet (target), dilated (competitor), overview (competitor), pyramid (competitor)" in done.stderr
    for label in TAXONOMY.ranked:
        assert re.search(rf"^{TAXONOMY.names[label]}\b", done.stdout, re.MULTILINE)
    assert re.search(r"^80 images in \d+ s", done.stdout, re.MULTILINE)
    assert re.search(r"^M holds \d+ images", done.stdout, re.MULTILINE)
    for line in ("M, the candidates", "T, reserved for tests", "S, the counterexamples", "ada", "counterexample"):
        assert re.search(rf"^{line}\s+\d", done.stdout, re.MULTILINE), line
    assert re.search(r"rank them as their true mIoU does to 0\.\d\d", done.stdout)
    assert re.search(
        r"^Adaptive mode would choose the same S with \d+% fewer grades \(\d+% to \d+%", done.stdout, re.MULTILINE
    )
    page = (output / "report.html").read_text()
    assert page.count("data:image/") > 100
    assert not re.search(r"(src|href)=\"(?!data:|#)", page), "the report is one file and asks for nothing"
    assert not (output / "state" / "endpoints.json").exists(), "the services have stopped"
    assert f"Pages: madseg up --state {output / 'state'}" in done.stdout
    with Running(output / "state", {}) as client:  # what it left needs no other settings
        assert client.selector_status().images == 80
        assert client.campaign().note == "demo"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    """Not even the services, which Ctrl-C doesn't reach by itself."""
    output = tmp_path / "demo"
    command = [sys.executable, "-m", "madseg", "demo", "--output", str(output), "--images", "5000", "--rounds", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr is not None
        told = next(line for line in process.stderr if "Streaming" in line or "rror" in line)
        assert "Streaming" in told
        services = int((output / "state" / "lock").read_text())
        process.send_signal(number)
        process.stderr.read()
    assert process.returncode != 0
    with pytest.raises(ProcessLookupError):
        os.kill(services, 0)
    assert not (output / "state" / "endpoints.json").exists()
