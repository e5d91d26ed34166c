"""A competition is judged on the images that a pair chose and that have a mask, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import select

from madseg.client import MaskPurpose, MaskTaskState, Version
from madseg.core.comparison import compare_paired
from madseg.core.confusion import confusion, mean_iou
from madseg.core.duels import strengths
from madseg.core.label_map import decode, from_dense
from madseg.rounds.competing import competition
from madseg.rounds.standings import SEED
from madseg.rounds.tables import RESULTS
from tests.rounds.desk import Desk
from tests.rounds.fakes import BETTER, CLASSES, name, said, truth

ONE, TWO = Version("small", 1), Version("small", 2)
EVERYBODY = (BETTER, ONE, TWO)
IDS = [name(number) for number in range(1, 9)]


def miou(image_id: str, version: Version) -> float:
    """By hand."""
    return mean_iou(confusion(from_dense(truth(image_id)), decode(said(image_id, version)), CLASSES))


@pytest.fixture
def desk_(led: Desk) -> Desk:
    """Two versions of the target serve."""
    led.around.serving = [1, 2]
    led.around.missing = {1: 0, 2: 0}
    return led


def test_duels_and_ranking_by_hand(desk_: Desk) -> None:
    """Every pair on all images, both figures, who is right, and the Perron vector."""
    set_id = desk_.around.compete(EVERYBODY, IDS)
    desk_.around.all_drawn()
    found = competition(desk_.around, desk_.evaluator, set_id)
    assert (found.candidate_set_id, found.contestants, found.images, found.drawn) == (set_id, EVERYBODY, 8, 8)
    assert [(item.first, item.second) for item in found.duels] == [(BETTER, ONE), (BETTER, TWO), (ONE, TWO)]
    figures = {}
    for item in found.duels:
        one, other = (np.array([miou(image, side) for image in IDS]) for side in (item.first, item.second))
        figures[EVERYBODY.index(item.first), EVERYBODY.index(item.second)] = (one, other)
        by_hand = compare_paired(one, other, SEED)
        assert item.first_figure is not None
        assert item.second_figure is not None
        assert item.gain is not None
        assert item.first_figure.value == pytest.approx(one.mean())
        assert item.second_figure.value == pytest.approx(other.mean())
        assert item.gain.value == pytest.approx(by_hand.gain.value)
        assert item.corrected is not None
        assert item.corrected >= by_hand.p_value
        assert (item.first_right, item.second_right) == (int((one - other > 0.1).sum()), int((other - one > 0.1).sum()))
        red, blue = sorted(item.classes, key=lambda each: -each.images)
        assert [(red.class_name, red.images), (blue.class_name, blue.images)] == [("red", 8), ("blue", 4)]
        even = [image for image in IDS if int(image, 16) % 2 == 0]
        assert blue.first == pytest.approx(np.mean([miou(image, item.first) for image in even]))
    wanted = strengths(figures, 3)
    assert wanted is not None
    order = sorted(zip(EVERYBODY, wanted.tolist(), strict=True), key=lambda pair: -pair[1])
    assert [item.version for item in found.ranking] == [version for version, _ in order]
    assert [item.strength for item in found.ranking] == pytest.approx([value for _, value in order])
    assert len(found.stability) == 8
    assert found.stability[-1] == pytest.approx(1.0)


def test_only_what_is_drawn_counts(desk_: Desk) -> None:
    """Images without a mask are left out, those sent back are counted, and no mask is counted twice."""
    set_id = desk_.around.compete(EVERYBODY, IDS)
    open_ = competition(desk_.around, desk_.evaluator, "")
    assert (open_.drawn, open_.ranking, open_.stability) == (0, (), ())
    assert all(item.first_figure is None and item.images == 8 for item in open_.duels)
    made = desk_.around.made
    for at, item in enumerate(made):
        if item.image_id in IDS[:3]:
            made[at] = replace(item, state=MaskTaskState.ACCEPTED, revision=1, accepted_revision=1)
        elif item.image_id == IDS[3]:
            made[at] = replace(item, state=MaskTaskState.SENT_BACK)
    found = competition(desk_.around, desk_.evaluator, set_id)
    assert (found.drawn, found.vetoed) == (3, 1)
    assert [item.drawn for item in found.duels] == [3, 3, 3]
    desk_.around.calls.clear()
    assert competition(desk_.around, desk_.evaluator, set_id) == found
    assert {"maps", "mask"}.isdisjoint(desk_.around.calls)


@pytest.mark.parametrize("first", [MaskPurpose.CONTEST, MaskPurpose.COUNTEREXAMPLE])
def test_a_mask_that_no_model_had_a_hand_in_is_preferred(desk_: Desk, first: MaskPurpose) -> None:
    """Whichever was made first; where there is none that of a counterexample counts."""
    set_id = desk_.around.compete(EVERYBODY, IDS)
    unbiased = [item for item in desk_.around.made if item.image_id in IDS[1:]]
    others = [replace(item, id=f"other {item.id}", purpose=MaskPurpose.COUNTEREXAMPLE) for item in unbiased]
    alone = [replace(item, purpose=MaskPurpose.COUNTEREXAMPLE) for item in desk_.around.made if item.image_id == IDS[0]]
    both = [*unbiased, *others] if first is MaskPurpose.CONTEST else [*others, *unbiased]
    desk_.around.made = [*alone, *both]
    desk_.around.all_drawn()
    assert competition(desk_.around, desk_.evaluator, set_id).drawn == 8
    with desk_.database.snapshot() as tx:
        masks = set(tx.execute(select(RESULTS.c.mask)).scalars())
    assert masks == {f"{item.id}/1" for item in [*alone, *unbiased]}


def test_an_image_that_is_forgotten_meanwhile_is_no_duel(desk_: Desk) -> None:
    """The others are judged."""
    set_id = desk_.around.compete(EVERYBODY, IDS)
    desk_.around.all_drawn()
    desk_.around.forgotten.add(IDS[0])
    found = competition(desk_.around, desk_.evaluator, set_id)
    assert (found.drawn, [item.drawn for item in found.duels]) == (7, [7, 7, 7])


def test_a_contestant_without_a_map_has_no_figures(desk_: Desk) -> None:
    """The other pairs have theirs; nobody is ranked."""
    set_id = desk_.around.compete((BETTER, ONE, Version("small", 7)), IDS)
    desk_.around.all_drawn()
    found = competition(desk_.around, desk_.evaluator, set_id)
    assert [item.drawn for item in found.duels] == [8, 0, 0]
    assert found.ranking == ()
