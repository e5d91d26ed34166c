"""Wraps the trained networks into the served form and puts them into `model_repository/`, in place of what is there.

python -m madseg.simulation.ship --from build/models --to model_repository
"""

import argparse
import shutil
from datetime import UTC, datetime
from pathlib import Path

from madseg.predictor.add import add_model
from madseg.predictor.card import load_card
from madseg.predictor.repository import ModelRepository
from madseg.simulation.stream import wild_scene
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.world import SIZE

PROBES = 8
"""Images of the stream that the served form is checked on."""


def ship(source: Path, root: Path, now: datetime) -> None:
    """Adds every network of `source`, each an .onnx file with its card beside it, to a new repository at `root`.

    Raises:
        InvalidModel: a served form doesn't agree with its network; the others before it are there.
    """
    for folder in root.glob("*/model.yaml"):
        shutil.rmtree(folder.parent)
    probes = [wild_scene(0, index).image for index in range(PROBES)]
    for file in sorted(source.glob("*.onnx")):
        card = load_card(file.with_suffix(".yaml"), file.stem)
        added = add_model(file, card, ModelRepository(root), TAXONOMY, (SIZE, SIZE), now, probes)
        print(f"{added.name}/{added.version}: {added.report.agreement:.2%} of the labels agree on the worst image")


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(description="Wraps the trained networks into the model repository.")
    options.add_argument("--from", dest="source", type=Path, required=True, help="folder of .onnx and .yaml files")
    options.add_argument("--to", type=Path, required=True, help="the model repository")
    given = options.parse_args()
    ship(given.source, given.to, datetime.now(UTC))


if __name__ == "__main__":
    main()
