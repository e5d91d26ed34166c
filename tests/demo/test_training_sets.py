"""S0 and T0 of the demo."""

from pathlib import Path

import pytest

from madseg.core.label_map import from_dense
from madseg.core.preprocess import Size
from madseg.demo import training_sets
from madseg.demo.training_sets import write_sets
from madseg.finetune.folders import pairs
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.world import SIZE, render


def test_the_folders_hold_scenes_with_their_exact_masks(tmp_path: Path) -> None:
    """As fine-tuning reads them: every scene once, the mask equal to the truth."""
    sets = write_sets(tmp_path, 3, 2)
    known = [item.mask for item in pairs(str(sets.s0), "s0", Size(SIZE, SIZE), len(TAXONOMY))]
    tested = list(pairs(str(sets.t0), "t0", Size(SIZE, SIZE), len(TAXONOMY)))
    assert [from_dense(render(1, index).truth) for index in range(3)] == known
    assert len(tested) == 2


def test_s0_is_what_the_target_learned_and_t0_is_not() -> None:
    """The seeds are those of the networks' training."""
    train = pytest.importorskip("madseg.simulation.train", reason="pip install '.[finetune]'", exc_type=ImportError)
    assert (train.TRAINING_SEED, train.HELD_OUT_SEED) == (training_sets.TRAINING_SEED, training_sets.HELD_OUT_SEED)
    assert train.COURSES["unet"].first == 0
