"""What docs/client.md tells other teams to write does what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

from madseg.client import Version
from tests.pipeline.running import Up, until
from tests.pipeline.world import GRID, picture

PAGE = Path(__file__).parents[2] / "docs" / "client.md"


def test_the_code_of_the_page_runs_from_top_to_bottom(up: Up, tmp_path: Path) -> None:
    """In a folder with pictures and a file that is none; the label maps that it brings in are stored."""
    client = up.start()
    put = tmp_path / "work" / "pictures"
    put.mkdir(parents=True)
    for seed in range(12):
        (put / f"{seed:02}.png").write_bytes(picture(seed))
    (put / "readme.txt").write_text("no picture")
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL))
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MADSEG_")}
    done = subprocess.run(
        [sys.executable, "-c", f"GRID = ({GRID.height}, {GRID.width})\n{code}\nclient.close()"],
        cwd=put.parent,
        env={**ours, "MADSEG_STATE": str(up.state)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "readme.txt was refused" in done.stdout
    assert "nothing changed any more" in done.stdout
    imported = Version("ours-next", 1)
    accepted = list(client.images())
    assert len(accepted) == 12
    for image in accepted:
        until(lambda: imported in {item.version for item in client.label_maps(image)})  # noqa: B023
