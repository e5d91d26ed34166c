"""`make bench`: measures the hot paths against their baselines and writes `build/bench.json`."""

import argparse
import json
import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from madseg.cli.output import remark, show, table
from madseg.runtime import configure_logging
from tests.perf import confusion, predicting, replaying, selecting, servers, starting, triton
from tests.perf.maps import label_maps
from tests.perf.rows import Row


def main() -> None:
    """Runs every benchmark, or those whose names begin as asked."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--output", type=Path, default=Path("build/bench.json"))
    options.add_argument("--only", default="", help="what the names of the benchmarks begin with")
    given = options.parse_args()
    output: Path = given.output
    cache = output.parent / "bench" / "maps.npz"
    cache.parent.mkdir(parents=True, exist_ok=True)
    configure_logging(json=False, level=logging.WARNING)
    remark("Preparing the label maps")
    what, images = label_maps(cache)
    folder = Path(tempfile.mkdtemp(dir=cache.parent)).absolute()
    benchmarks: dict[str, Callable[[], list[Row]]] = {
        "confusion": lambda: confusion.measure(images, what),
        "selector_vs_peers": lambda: selecting.measure(images, what, folder),
        "predictor_vs_onnxruntime": lambda: [predicting.measure(folder)],
        "predictor_vs_raw_triton": lambda: [triton.measure_predictor(folder)],
        "labels": lambda: triton.measure_labels(folder),
        "replay_vs_live": lambda: [replaying.measure(folder)],
        "ranking_query_p99_ms": lambda: [selecting.measure_queries(images, folder)],
        "start_s": lambda: [starting.measure(folder)],
        "selector_kafka_postgres_vs_embedded": lambda: servers.measure(images, what, folder),
        "selector_memory_growth": lambda: [selecting.measure_memory(folder, cache.absolute())],
    }
    rows: list[Row] = []
    for name, benchmark in benchmarks.items():
        if name.startswith(given.only):
            remark(f"Measuring {name}")
            rows += benchmark()
    output.write_text(json.dumps([row.document() for row in rows], indent=1) + "\n")
    shutil.rmtree(folder)
    show("", _table(rows), "", *(f"{row.name}, {row.unit}: {row.detail}" for row in rows), "", f"Written to {output}")


def _table(rows: list[Row]) -> object:
    grid = table("name>", "value>", "baseline>", "ratio>", "spread of the ratio>", "runs>")
    for row in rows:
        low, high = row.spread
        values = (f"{row.value:,.2f}", f"{row.baseline:,.2f}", f"{row.ratio:,.2f}")
        grid.add_row(row.name, *values, f"{low:,.2f}..{high:,.2f}", str(row.runs))
    return grid


if __name__ == "__main__":
    main()
