"""S0 and T0 of the generated world: a part of what the shipped target learned, and scenes that no network has seen."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from madseg.finetune.folders import MASKS, PICTURES
from madseg.simulation.world import render

TRAINING_SEED = 1
HELD_OUT_SEED = 2
"""Seeds of `render`, as `madseg.simulation.train` has them: that module needs torch, this one doesn't."""


@dataclass(frozen=True)
class TrainingSets:
    """The folders of S0 and T0, as `madseg finetune start` takes them."""

    s0: Path
    t0: Path


def write_sets(output: Path, s0: int, t0: int) -> TrainingSets:
    """Writes `s0` scenes with their exact masks that the target was trained on, and `t0` of the same domain."""
    sets = TrainingSets((output / "s0").absolute(), (output / "t0").absolute())
    _write(sets.s0, TRAINING_SEED, s0)
    _write(sets.t0, HELD_OUT_SEED, t0)
    return sets


def _write(folder: Path, seed: int, count: int) -> None:
    for name in (PICTURES, MASKS):
        (folder / name).mkdir(parents=True)
    for index in range(count):
        scene = render(seed, index)
        Image.fromarray(scene.image).save(folder / PICTURES / f"{index:04}.png", compress_level=1)
        Image.fromarray(scene.truth).save(folder / MASKS / f"{index:04}.png", compress_level=1)
