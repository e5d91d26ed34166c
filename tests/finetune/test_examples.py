"""Examples of a run, and what of them is learned in which order."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from madseg.core.errors import InvalidInput
from madseg.core.label_map import encode, from_dense
from madseg.finetune.examples import Part, check_sets, read_examples
from madseg.finetune.feeding import Feeding, augmented
from madseg.finetune.recipe import MODERN, PAPER2021
from tests.finetune.small import GRID, scene

TABLE = np.array([0, 1, 2], np.uint8)


def test_examples_come_back_as_they_were_written(folder: Path) -> None:
    """Paths, sets, pixels."""
    found = read_examples(folder)
    assert Counter(item.part for item in found) == {
        Part.S: 6, Part.S0: 6, Part.SELECT: 4, Part.REPORT: 4, Part.TEST: 4,
    }  # fmt: skip
    picture, truth = scene(0, (1, 2))
    assert (found[0].pixels(GRID) == picture).all()
    assert (found[0].label_map(GRID, 3).dense() == truth).all()


def test_a_line_that_says_something_else_is_named(folder: Path) -> None:
    """By its number."""
    with (folder / "examples.jsonl").open("a") as file:
        file.write('{"image_id": "x", "set": "t1", "picture": "a", "mask": "b"}\n')
    with pytest.raises(InvalidInput, match="line 25 of the examples"):
        read_examples(folder)


def test_files_that_do_not_fit_are_named(folder: Path) -> None:
    """Another size, a label that isn't, bytes that are none."""
    first = read_examples(folder)[0]
    Image.new("RGB", (5, 4)).save(first.picture)
    with pytest.raises(InvalidInput, match=rf"picture of image {first.image_id} is 4 x 5, not 16 x 24"):
        first.pixels(GRID)
    first.picture.write_bytes(b"no picture")
    with pytest.raises(InvalidInput, match="can't be read"):
        first.pixels(GRID)
    first.mask.write_bytes(encode(from_dense(np.zeros((4, 5), np.uint8))))
    with pytest.raises(InvalidInput, match=rf"mask of image {first.image_id} is 4 x 5"):
        first.label_map(GRID, 3)
    first.mask.write_bytes(encode(from_dense(np.full(GRID, 7, np.uint8))))
    with pytest.raises(InvalidInput, match="has the label 7 of 3 classes"):
        first.label_map(GRID, 3)
    first.mask.write_bytes(b"")
    with pytest.raises(InvalidInput, match="can't be read"):
        first.label_map(GRID, 3)


@pytest.mark.parametrize("part", [Part.SELECT, Part.REPORT, Part.TEST, Part.RANDOM])
def test_what_is_learned_can_not_be_measured_on(folder: Path, part: Part) -> None:
    """The same image in S and in a set of figures."""
    found = read_examples(folder)
    check_sets(found)
    with pytest.raises(InvalidInput, match=f"is in {part.value} and are learned from|are in {part.value} and"):
        check_sets([*found, replace(found[0], part=part)])


def test_sets_that_a_run_needs(folder: Path) -> None:
    """S, and both parts of T0, which share nothing."""
    found = read_examples(folder)
    for part, sentence in ((Part.S, "S is empty"), (Part.SELECT, "t0-select is empty"), (Part.REPORT, "t0-report is")):
        with pytest.raises(InvalidInput, match=sentence):
            check_sets([item for item in found if item.part is not part])
    shared = next(item for item in found if item.part is Part.SELECT)
    with pytest.raises(InvalidInput, match="in both parts of T0"):
        check_sets([*found, replace(shared, part=Part.REPORT)])


def test_an_epoch_of_the_paper_has_every_example_once(folder: Path) -> None:
    """In an order that the seed gives, the same each time."""
    feeding = Feeding(read_examples(folder), PAPER2021, GRID, 3, TABLE)
    one, again, other = (list(feeding.epoch(seed)) for seed in ((1, 0), (1, 0), (1, 1)))
    assert (len(one), len(feeding)) == (6, 6)
    assert sum(int(batch.known.sum()) for batch in one) == 6
    assert all((a.pictures == b.pictures).all() for a, b in zip(one, again, strict=True))
    assert any((a.pictures != b.pictures).any() for a, b in zip(one, other, strict=True))


def test_a_picture_that_went_is_told_by_the_batch_it_is_in(folder: Path) -> None:
    """Though a thread of its own reads it; what was read before is kept."""
    examples = read_examples(folder)
    kept, lost = (Feeding(examples, PAPER2021, GRID, 3, TABLE) for _ in range(2))
    before = [batch.pictures.numpy().copy() for batch in kept.epoch((1,))]
    for item in examples:
        item.picture.unlink()
    assert all((batch.pictures.numpy() == seen).all() for batch, seen in zip(kept.epoch((1,)), before, strict=True))
    with pytest.raises(InvalidInput, match=r"the picture of image .* can't be read"):
        list(lost.epoch((1,)))


def test_counterexamples_come_as_often_as_they_should(folder: Path) -> None:
    """Four in five pictures, though S and S0 are as large."""
    recipe = replace(MODERN, counterexample_share=0.8, class_balance=0.0, batch=4)
    feeding = Feeding(read_examples(folder), recipe, GRID, 3, TABLE)
    known = [flag for epoch in range(40) for batch in feeding.epoch((epoch,)) for flag in batch.known.tolist()]
    assert np.mean(known) == pytest.approx(0.2, abs=0.05)


def test_rare_classes_come_more_often(folder: Path) -> None:
    """Blue is in half of the examples, the rest is in all of them."""
    recipe = replace(MODERN, counterexample_share=0.0, class_balance=2.0)
    feeding = Feeding(read_examples(folder), recipe, GRID, 3, TABLE)
    blue = [(batch.labels == 2).any().item() for epoch in range(40) for batch in feeding.epoch((epoch,))]
    assert np.mean(blue) > 0.9


def test_classes_that_the_network_has_not_are_void_to_it(folder: Path) -> None:
    """And its own order counts."""
    feeding = Feeding(read_examples(folder), PAPER2021, GRID, 3, np.array([1, 0], np.uint8))
    labels = {int(label) for batch in feeding.epoch((0,)) for label in batch.labels.unique()}
    assert labels == {0, 1, 255}
    dark = next(feeding.epoch((0,)))
    assert (dark.labels[dark.pictures.amax(3) < 60] == 1).all()


def test_picture_and_labels_are_turned_together() -> None:
    """What was red is red, wherever it went."""
    recipe = replace(MODERN, colour=0.0, scale=0.6)
    random = np.random.default_rng(1)
    picture, truth = scene(4, (1, 2))
    for _ in range(20):
        seen, labels = augmented(picture, truth, recipe, random)
        assert (seen.shape, labels.shape) == ((*GRID, 3), GRID)
        assert ((seen[..., 0] > 150) == (labels == 1)).all()
        assert ((seen[..., 2] > 150) == (labels == 2)).all()


def test_recolouring_leaves_labels_alone() -> None:
    """And stays within bytes."""
    picture, truth = scene(4, (1, 2))
    seen, labels = augmented(
        picture, truth, replace(MODERN, colour=0.9, scale=1.0, flip=False), np.random.default_rng(2)
    )
    assert (labels == truth).all()
    assert seen.dtype == np.uint8
    assert (seen != picture).any()
