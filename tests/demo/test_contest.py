"""Old against new where they disagree most."""

import numpy as np
import pytest

from madseg.client import Version
from madseg.core.confusion import confusion, mean_iou
from madseg.core.content import ContentConstraint
from madseg.core.label_map import LabelMap, encode, from_dense
from madseg.demo.contest import Contest, meet
from madseg.demo.versions import Answers
from madseg.demo.world import Known
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.world import SIZE

OLD, NEW = Version("unet", 1), Version("unet", 2)
FREE = ContentConstraint()
CLASS, OTHER = TAXONOMY.ranked[:2]


def scene(label: int, rows: int) -> LabelMap:
    """A thing of one class in the upper rows of an empty picture."""
    pixels = np.zeros((SIZE, SIZE), np.uint8)
    pixels[:rows] = label
    return from_dense(pixels)


def met(
    truths: list[LabelMap], old: list[LabelMap], new: list[LabelMap], hashes: list[int] | None = None, places: int = 5
) -> Contest | None:
    ids = [f"{number:032x}" for number in range(len(truths))]
    marks = hashes or [0xFFFF << 16 * number for number in range(len(truths))]
    known = {name: Known(truth, "night", mark) for name, truth, mark in zip(ids, truths, marks, strict=True)}
    answers = {}
    for version, maps in ((OLD, old), (NEW, new)):
        mious = {
            name: mean_iou(confusion(truth, said, len(TAXONOMY)))
            for name, truth, said in zip(ids, truths, maps, strict=True)
        }
        answers[version] = Answers(dict(zip(ids, map(encode, maps), strict=True)), mious)
    return meet(OLD, NEW, answers, known, FREE, places)


def test_each_class_says_who_is_right() -> None:
    """The new one sees the thing that the old one misses, and is right; where they agree nothing is compared."""
    thing, nothing = scene(CLASS, 40), scene(0, 0)
    found = met([thing, thing], [nothing, thing], [thing, thing])
    assert found is not None
    (side,) = found.sides
    assert (side.name, side.images) == (TAXONOMY.names[CLASS], 1)
    assert (side.new, side.new_right, side.old_right) == (1.0, 1, 0)
    assert found.whole.old == pytest.approx((1 - 40 / SIZE) / 2)
    assert found.change("all").better == 1


def test_both_roles_count() -> None:
    """What only the old one sees is looked at as well, and may be right."""
    first, second = scene(CLASS, 40), scene(OTHER, 60)
    found = met([first, second], [first, scene(0, 0)], [scene(0, 0), second])
    assert found is not None
    assert {side.name: (side.old_right, side.new_right) for side in found.sides} == {
        TAXONOMY.names[CLASS]: (1, 0),
        TAXONOMY.names[OTHER]: (0, 1),
    }
    assert found.whole.images == found.comparison.gain.images == 2


def test_an_image_of_several_rankings_counts_once_in_the_whole() -> None:
    """The two see different classes in it: it is in the ranking of each."""
    found = met([scene(CLASS, 40)], [scene(OTHER, 40)], [scene(CLASS, 40)])
    assert found is not None
    assert [side.images for side in found.sides] == [1, 1]
    assert found.whole.images == 1


def test_near_duplicates_take_one_place() -> None:
    """Two frames of one scene are one disagreement; the place behind them goes to another."""
    thing, nothing = scene(CLASS, 40), scene(0, 0)
    found = met([thing] * 3, [nothing] * 3, [thing] * 3, hashes=[1, 3, 0xFFFFFFFF], places=2)
    assert found is not None
    assert found.whole.images == 2


def test_two_that_agree_on_everything_have_no_contest() -> None:
    """There is nothing to look at."""
    assert met([scene(CLASS, 40)], [scene(CLASS, 30)], [scene(CLASS, 30)]) is None
