"""The steps that fine-tuning makes in a second, against a bare torch loop with the same network and batch."""

import hashlib
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from PIL import Image

from madseg.core.label_map import encode, from_dense
from madseg.core.preprocess import CANONICAL
from madseg.core.taxonomy import VOC, VOID, Taxonomy
from madseg.finetune.examples import Example, Part
from madseg.finetune.graph import trainable
from madseg.finetune.network import Network
from madseg.finetune.recipe import Recipe, recipe
from madseg.finetune.train import Step, train
from madseg.predictor.card import load_card
from madseg.predictor.source import load_source
from madseg.predictor.wrap import wrap
from madseg.simulation.taxonomy import TAXONOMY
from tests.perf.maps import CARDS, Dense, generated, photographs, real_folder
from tests.perf.rows import Row, seconds, share

NETWORK = "deeplabv3_mnv2_257"
"""The real network that learns, where it is at hand; else a shipped one."""

STEPS = 5
"""Of an epoch."""
TURNS = 9
"""Epochs of each, after one of ours that warms up."""


def measure(folder: Path) -> Row:
    """finetune_vs_bare_torch: an epoch with pictures from files, and as many steps over tensors in memory, in turn.

    Both take the paper's recipe: cross-entropy off void, stochastic gradient descent, batches of 2.
    """
    served, taxonomy, pairs, what = _material()
    how = recipe("paper2021", {"learning_rates": [1e-5], "epochs": TURNS + 1})
    examples = _examples(folder / "finetune", pairs)
    source = trainable(served, taxonomy.names)
    turns = _Turns(_Bare(Network(source), pairs, how))
    train(Network(source), examples, how, len(taxonomy.names), 0, folder / "checkpoint", turns)
    detail = f"{what}, batches of {how.batch}, {torch.get_num_threads()} threads; the bare loop's pictures are tensors"
    return share("finetune_vs_bare_torch", "steps a second", turns.ours, turns.bare, detail)


class _Turns:
    """Takes what training reports; between two of its epochs the bare loop has its turn. Steps a second of each."""

    def __init__(self, bare: "_Bare") -> None:
        self._bare, self._began = bare, 0.0
        self.ours: list[float] = []
        self.bare: list[float] = []

    def __call__(self, step: Step) -> None:
        if step.selected is None and step.step == STEPS and step.epoch > 1:
            self.ours.append(STEPS / (time.perf_counter() - self._began))
        if step.selected is not None:
            took = seconds(self._bare.epoch)
            if step.epoch > 1:
                self.bare.append(STEPS / took)
            self._began = time.perf_counter()


class _Bare:
    """The loop as a script would have it, with all pictures as tensors."""

    def __init__(self, network: Network, pairs: list[tuple[Dense, Dense]], how: Recipe) -> None:
        self._network = network
        self._pictures = torch.from_numpy(np.stack([picture for picture, _ in pairs])).split(how.batch)
        truths = np.stack([truth for _, truth in pairs]).astype(np.int64)
        self._labels = torch.from_numpy(truths).split(how.batch)
        rate = how.learning_rates[0]
        self._optimiser = torch.optim.SGD(network.learned(), rate, how.momentum, weight_decay=how.weight_decay)

    def epoch(self) -> None:
        """As many steps as an epoch of ours has."""
        for seen, truth in zip(self._pictures, self._labels, strict=True):
            self._optimiser.zero_grad(set_to_none=True)
            loss = torch.nn.functional.cross_entropy(self._network(seen), truth, ignore_index=VOID)
            loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
            self._optimiser.step()


def _material() -> tuple[onnx.ModelProto, Taxonomy, list[tuple[Dense, Dense]], str]:
    """A served network, its taxonomy, pictures with masks on its grid, and what that is in words."""
    real, number = real_folder(), 2 * STEPS  # the paper's batches are pairs
    if real is None:
        from madseg.simulation.stream import wild_scene

        scenes = [wild_scene(5, index) for index in range(number)]
        served = onnx.load("model_repository/unet/1/model.onnx")
        pairs = [(scene.image, scene.truth) for scene in scenes]
        return served, TAXONOMY, pairs, "a shipped network on generated images"
    card, source = load_card(CARDS / f"{NETWORK}.yaml"), load_source(real / "models" / f"{NETWORK}.onnx")
    served = wrap(source.model, card, VOC, (CANONICAL.height, CANONICAL.width))
    pairs = [(picture, generated(index, 0)) for index, picture in enumerate(photographs(real, number))]
    return served, VOC, pairs, f"{NETWORK} on photographs"


def _examples(folder: Path, pairs: list[tuple[Dense, Dense]]) -> list[Example]:
    """Files of a run: all are learned from, and one is measured on."""
    folder.mkdir()
    found = []
    for picture, truth in pairs:
        name = hashlib.sha256(picture.tobytes()).hexdigest()[:32]
        paths = folder / f"{name}.png", folder / f"{name}.map"
        Image.fromarray(picture).save(paths[0], compress_level=1)
        paths[1].write_bytes(encode(from_dense(truth)))
        found.append(Example(name, Part.S, *paths))
    first = found[0]
    return [*found, Example(first.image_id, Part.SELECT, first.picture, first.mask)]
