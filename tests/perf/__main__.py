"""`make bench`: measures the hot paths against their baselines and writes `build/bench.json`."""

import argparse
import json
import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from madseg.cli.output import remark, show
from madseg.runtime import configure_logging
from tests.perf import (
    confusion,
    drawing,
    finetuning,
    observing,
    predicting,
    replaying,
    rounds,
    scoring,
    selecting,
    servers,
    starting,
    triton,
)
from tests.perf.maps import label_maps
from tests.perf.rows import Row, shown


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
        "finetune_vs_bare_torch": lambda: [finetuning.measure(folder)],
        "replay_vs_live": lambda: [replaying.measure(folder)],
        "ranking_query_p99_ms": lambda: [selecting.measure_queries(images, folder)],
        "figures_us": lambda: [observing.measure()],
        "round_overhead_s": lambda: [rounds.measure(folder)],
        "start_s": lambda: [starting.measure(folder)],
        "scores_per_s": lambda: [scoring.measure(folder)],
        "pages_ms": drawing.measure,
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
    show(*shown(rows), f"Written to {output}")


if __name__ == "__main__":
    main()
