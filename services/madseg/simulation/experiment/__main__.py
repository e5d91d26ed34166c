"""`python -m madseg.simulation.experiment --seeds 0-4 --out build/experiment`: runs what isn't there yet of the seeds.

It may be stopped at any moment and goes on where it was. `--results FOLDER` keeps each seed in short; one that is
there isn't run again. `--write FILE` puts what the seeds say into a document.
"""

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from madseg.core.errors import InvalidInput, MadsegError
from madseg.simulation.experiment.aggregate import gather
from madseg.simulation.experiment.published import Published
from madseg.simulation.experiment.report import report, write
from madseg.simulation.experiment.seed import run_seed, steps_of
from madseg.simulation.experiment.settings import FROZEN, read_settings


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    given = _parsed(arguments)
    try:
        settings, seeds = read_settings(given.settings), seeds_of(given.seeds)
        print(f"settings {settings.digest} of {given.settings}", flush=True)
        published = Published(given.results or given.out, settings.digest)
        results = {seed: found for seed in seeds if (found := published.read(seed)) is not None}
        missing = [seed for seed in seeds if seed not in results]
        progress = Progress([(seed, step) for seed in missing for step in steps_of(settings)])
        for seed in missing:
            progress.seed = seed
            folder = given.out / f"seed-{seed:03}"
            results[seed] = published.write(seed, run_seed(seed, settings, folder, given.threads, progress))
        command, date = f"make experiment SEEDS={given.seeds}", f"{datetime.now(UTC):%Y-%m-%d}"
        text = report(gather(results), settings, command, date)
        print(text)
        if given.write:
            write(given.write, given.seeds, text)
    except MadsegError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m madseg.simulation.experiment", description="Compares ways of choosing what to label."
    )
    parser.add_argument("--seeds", default="0-4", help="such as 0-4 or 0,2,7 (default 0-4)")
    parser.add_argument("--out", type=Path, default=Path("build/experiment"), help="folder of all results")
    parser.add_argument("--results", type=Path, help="folder of the seeds that are through, in short (default: --out)")
    parser.add_argument("--settings", type=Path, default=FROZEN, help="another file of settings than the frozen one")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch and of ONNX Runtime (default 2)")
    parser.add_argument("--write", type=Path, help="document to put the figures into")
    return parser.parse_args(arguments)


def seeds_of(text: str) -> list[int]:
    """The seeds that `0-4` or `0,2,7-9` names, in order.

    Raises:
        InvalidInput: it is neither.
    """
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        last = last if dash else first
        if not (first.isdigit() and last.isdigit()) or int(last) < int(first):
            raise InvalidInput(f"seeds must be such as 0-4 or 0,2,7, got {text!r}", field="seeds")
        found += range(int(first), int(last) + 1)
    return found


class Progress:
    """Says which step begins, and how long the rest may take by the mean of the steps done since the start."""

    def __init__(self, steps: list[tuple[int, str]]) -> None:
        self.seed = 0
        self._steps, self._done, self._began = steps, 0, time.monotonic()

    def __call__(self, step: str) -> None:
        spent = time.monotonic() - self._began
        left = len(self._steps) - self._steps.index((self.seed, step))
        eta = f", about {spent / self._done * left / 60:.0f} min left" if self._done else ""
        print(f"{spent / 60:6.1f} min  seed {self.seed}: {step}{eta}", flush=True)
        self._done += 1


if __name__ == "__main__":
    sys.exit(main())
