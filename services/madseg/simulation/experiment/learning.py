"""Fine-tuning as the product does it, without the service around it: the same files, network, recipe and training."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import onnx
import torch
from PIL import Image

from madseg.core.label_map import LabelMap, encode
from madseg.core.messages import VersionRef
from madseg.files import replace_file
from madseg.finetune.examples import Example, Part
from madseg.finetune.graph import trainable
from madseg.finetune.network import Network
from madseg.finetune.recipe import Recipe
from madseg.finetune.train import Step, train
from madseg.simulation.experiment.kept import write_json
from madseg.simulation.experiment.pictures import Picture
from madseg.simulation.taxonomy import TAXONOMY


class Exercises:
    """Pictures with masks as files, as a run of fine-tuning reads them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, part: Part, pairs: Iterable[tuple[Picture, LabelMap]], by: str = "truth") -> list[Example]:
        """Writes what isn't there yet; `by` keeps masks of one picture by different hands apart."""
        return [self._put(part, picture, mask, by) for picture, mask in pairs]

    def _put(self, part: Part, picture: Picture, mask: LabelMap, by: str) -> Example:
        name = picture.image_id
        example = Example(name, part, self._folder / f"{name}.png", self._folder / f"{name}.{by}.map")
        if not example.mask.exists():
            Image.fromarray(picture.image).save(example.picture, "PNG", compress_level=1)
            replace_file(example.mask, encode(mask))
        return example


def learn(
    root: Path, old: VersionRef, new: VersionRef, examples: list[Example], recipe: Recipe, seed: int
) -> dict[str, Any]:
    """Trains version `new` from `old`, both in the model repository, where it isn't there yet.

    Returns how it was chosen: rate, epoch, average, and the mIoU on T0-select before and after. A run that was killed
    goes on from its last epoch.
    """
    folder = root / new.model / str(new.version)
    if not (folder / "model.onnx").exists():
        folder.mkdir(parents=True, exist_ok=True)
        served = onnx.load(str(root / old.model / str(old.version) / "model.onnx"))
        network = Network(trainable(served, TAXONOMY.names))
        found = train(network, examples, recipe, len(TAXONOMY), seed, folder / "checkpoint.pt", _unheard)
        chosen = {key: value for key, value in vars(found).items() if key != "state"}
        write_json(folder / "chosen.json", chosen)
        network.to(torch.device("cpu"))
        replace_file(folder / "model.onnx", network.written_into(served).SerializeToString())
        (folder / "checkpoint.pt").unlink()
    return dict(json.loads((folder / "chosen.json").read_text()))


def _unheard(_step: Step) -> None:
    """Nobody watches a single run."""
