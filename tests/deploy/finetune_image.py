"""The image of fine-tuning: built from the Dockerfile as it is, with torch; a network learns in it.

It holds CUDA, gigabytes that are fetched and laid out, so it is built by `make soak` and removed again.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.images import Container, build, need_buildah, run
from tests.finetune.small import make_run

NAME = "localhost/madseg-finetune:test"

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """A container of it."""
    need_buildah()
    try:
        with build(NAME, tmp_path_factory.mktemp("image"), PACKAGES="finetune").started() as found:
            yield found
    finally:
        run("rmi", "--force", NAME, f"{NAME}-packages")


def test_a_network_learns_in_it(container: Container, tmp_path: Path) -> None:
    """By a user without rights, on a root that can't be written: what comes of it is in the run's folder."""
    folder = make_run(tmp_path / "runs" / "one")
    for path in (tmp_path / "runs", *(tmp_path / "runs").rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    words = container.command(
        "python", "-m", "madseg.finetune.run", "/srv/runs/one", environment={}, volumes={tmp_path / "runs": "/srv/runs"}
    )
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads((folder / "result.json").read_text())
    assert found["passed"], found["reasons"]
    assert found["t0_select"]["after"] > found["t0_select"]["before"] + 0.2
    assert (folder / "new.onnx").stat().st_uid == 10001
