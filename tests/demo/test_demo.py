"""`madseg demo`: what the README promises of it, on a short stream."""

import re
import subprocess
import sys
from pathlib import Path

from madseg.simulation.taxonomy import TAXONOMY


def test_the_demo_streams_ranks_judges_and_reports(tmp_path: Path) -> None:
    """One command: services up, images through four networks, tables on the terminal, one HTML file."""
    output = tmp_path / "demo"
    command = [sys.executable, "-m", "madseg", "demo", "--output", str(output), "--images", "80"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert "unet (target), dilated (competitor), overview (competitor), pyramid (competitor)" in done.stderr
    for label in TAXONOMY.ranked:
        assert re.search(rf"^{TAXONOMY.names[label]}\b", done.stdout, re.MULTILINE)
    assert re.search(r"^80 images in \d+ s", done.stdout, re.MULTILINE)
    assert re.search(r"^M holds \d+ images", done.stdout, re.MULTILINE)
    page = (output / "report.html").read_text()
    assert page.count("data:image/") > 100
    assert not re.search(r"(src|href)=\"(?!data:|#)", page), "the report is one file and asks for nothing"
    assert not (output / "state" / "endpoints.json").exists(), "the services have stopped"
