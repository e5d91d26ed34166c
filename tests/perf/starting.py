"""How long `madseg up` takes from the command to answering, against importing what it is made of."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from madseg.project import taxonomy_document
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.world import SIZE
from tests.perf.rows import Row, seconds, share

RUNS = 5
LIBRARIES = "import fastapi, grpc, numba, onnxruntime, sqlalchemy, uvicorn"


def measure(folder: Path) -> Row:
    """start_s: with the shipped networks, ready to serve; the baseline imports the libraries and does nothing."""
    ours, imports = [], []
    for run in range(RUNS + 1):
        started = _start(folder / f"start-{run}")
        imported = seconds(lambda: subprocess.run([sys.executable, "-c", LIBRARIES], check=True))
        if run:  # the first one warms the disk
            ours.append(started)
            imports.append(imported)
    return share("start_s", "s", ours, imports, "four shipped networks; baseline: importing the libraries")


def _start(state: Path) -> float:
    taxonomy = state.with_suffix(".json")
    taxonomy.write_text(json.dumps(taxonomy_document(TAXONOMY)))
    world = {"MADSEG_TAXONOMY": str(taxonomy), "MADSEG_GRID": f"{SIZE}x{SIZE}", "MADSEG_STATE": str(state)}
    names = ("HTTP", "INTAKE", "MODELS", "SELECTOR", "LABELLING", "FINETUNE", "ROUNDS")
    ports = {f"MADSEG_{name}": "127.0.0.1:0" for name in names}
    began = time.perf_counter()
    with (state.with_suffix(".log")).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "madseg.up"],
            env={**os.environ, **ports, **world},
            stdout=log,
            stderr=log,
        )
    while not (state / "endpoints.json").exists():
        assert process.poll() is None, state.with_suffix(".log").read_text()
        time.sleep(0.005)
    took = time.perf_counter() - began
    process.send_signal(signal.SIGTERM)
    process.wait()
    return took
