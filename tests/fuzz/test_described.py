"""What the gateway's description of its HTTP API says is what it does: Schemathesis asks by it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.running import Up

SOAK = bool(os.environ.get("MADSEG_SOAK"))
EXAMPLES = 1_000 if SOAK else 50
"""Of each operation, in each phase."""

PHASES = "coverage,fuzzing,stateful" if SOAK else "coverage,fuzzing"

SEED = "1"

SETTINGS = """
# Pictures can't be described: most of what is one by the description is refused as none that can be read.
[[operations]]
include-name = "POST /v1/images"
checks.positive_data_acceptance.expected-statuses = ["2xx", 413, 415, 422]
# A form holds words alone: `false` in it is as good a name as any.
checks.negative_data_rejection.expected-statuses = ["2xx", "4xx"]
"""


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_description_holds(up: Up, tmp_path: Path) -> None:
    """Requests that it allows and that it doesn't, alone and one upon the other, are answered as it says."""
    http = json.loads(up.endpoints.read_text())["http"]
    token = (up.state / "operator.token").read_text().strip()
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    words = [
        f"{http}/openapi.json",
        "--header",
        f"Authorization: Bearer {token}",
        "--checks",
        "all",
        "--phases",
        PHASES,
    ]
    words += ["--max-examples", str(EXAMPLES), "--seed", SEED, "--no-color", "--generation-database", "none"]
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", *words], cwd=tmp_path, capture_output=True, text=True
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in up.log.read_text()
    assert up.terminate() == 0
