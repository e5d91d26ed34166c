"""An image is found out of domain by who was to draw it."""

import time
from collections.abc import Callable

import pytest

from madseg.client import InvalidArgument, NotReady, Unavailable
from madseg.client.values.masks import MaskPurpose, MaskTaskState
from tests.labelling.fakes import add_set
from tests.labelling.masking.studio import Studio, add_lane, mask
from tests.labelling.scoring.desk import Desk


def test_the_next_in_line_takes_the_place(studio: Studio) -> None:
    """Its task goes to the same person, the image is vetoed, and the selector is told of both."""
    otto, ann = studio.otto, studio.person("ann")
    otto.create_mask_tasks(annotators=["ann"], double_share=0)
    before = otto.chosen_sets()
    task = ann.take_mask_task()
    assert task is not None
    ann.save_mask(task.id, mask(4), 0)
    sent = ann.send_back_image(task.id, "a drawing, no photograph")
    assert sent.replacement_image_id == before.just_missed[0].image_id
    assert (sent.task.state, sent.task.annotator) == (MaskTaskState.SENT_BACK, "ann")
    assert [(item.author, item.text) for item in sent.task.messages] == [("ann", "a drawing, no photograph")]
    assert ann.send_back_image(task.id, "again") == sent
    after = otto.chosen_sets()
    assert [x.image_id for x in after.counterexamples] == [
        *(x.image_id for x in before.counterexamples if x.image_id != task.image_id),
        sent.replacement_image_id,
    ]
    (made,) = (item for item in otto.mask_tasks() if item.image_id == sent.replacement_image_id)
    assert (made.purpose, made.annotator, made.state) == (MaskPurpose.COUNTEREXAMPLE, "ann", MaskTaskState.WAITING)
    assert (made.target, made.campaign_id) == (task.target, task.campaign_id)
    assert otto.create_mask_tasks(double_share=0).created == 0
    assert otto.mask_revision(task.id).label_map == mask(4)
    (veto,) = otto.vetoes()
    assert (veto.image_id, veto.rater, veto.text) == (task.image_id, "ann", "a drawing, no photograph")
    until(lambda: studio.around.excluded_for("veto") == {task.image_id})
    until(lambda: studio.around.excluded_for("training") == {x.image_id for x in after.counterexamples})
    with pytest.raises(NotReady, match="sent back"):
        ann.save_mask(task.id, mask(4), 1)


def test_every_mask_of_the_image_goes_with_it(studio: Studio) -> None:
    """Also one that was accepted; it isn't exported any more, and its revisions stay."""
    otto, ann, ben = studio.otto, studio.person("ann"), studio.person("ben")
    otto.create_mask_tasks(double_share=1)
    first = studio.accepted(ann, studio.person("cat"))
    assert [item.image_id for item in otto.export_masks()] == [first.image_id]
    (second,) = (x for x in otto.mask_tasks(purpose="second_opinion") if x.image_id == first.image_id)
    ben.take_mask_task(second.id)
    sent = ben.send_back_image(second.id, "blank")
    assert sent.replacement_image_id
    assert {x.state for x in otto.mask_tasks() if x.image_id == first.image_id} == {MaskTaskState.SENT_BACK}
    assert list(otto.export_masks()) == []
    assert otto.mask_revision(first.id, 1).author == "ann"
    (made,) = (x for x in otto.mask_tasks() if x.image_id == sent.replacement_image_id)
    assert made.annotator == "ann"


def test_t_and_the_random_lane_only_shrink(studio: Studio) -> None:
    """Nobody takes the place, but the veto counts."""
    otto, ann = studio.otto, studio.person("ann")
    otto.create_mask_tasks(double_share=0)
    otto.add_mask_tasks([add_lane(studio.around, 100)], "random_lane")
    for purpose in ("test", "random_lane"):
        task = ann.take_mask_task(next(iter(otto.mask_tasks(purpose=purpose))).id)
        assert task is not None
        assert ann.send_back_image(task.id, "noise").replacement_image_id == ""
        until(lambda image=task.image_id: image in studio.around.excluded_for("veto"))  # type: ignore[misc]
    assert len(otto.chosen_sets().test) == 1
    assert len(otto.chosen_sets().counterexamples) == 3


@pytest.mark.parametrize("purpose", ["counterexample", "test"])
def test_a_contest_finds_an_image_of_s_or_t_out_of_domain(studio: Studio, purpose: str) -> None:
    """Its campaign has the veto and lets it go: the next in line is drawn for S by whoever drew it, and T shrinks."""
    otto, ann, ben = studio.otto, studio.person("ann"), studio.person("ben")
    otto.create_mask_tasks(annotators=["ann"], double_share=0)
    before = otto.chosen_sets()
    image = (before.test if purpose == "test" else before.counterexamples)[0].image_id
    otto.add_mask_tasks([image], "contest")
    (contest,) = otto.mask_tasks(purpose="contest")
    assert ben.take_mask_task(contest.id) is not None
    sent = ben.send_back_image(contest.id, "a drawing")
    after = otto.chosen_sets()
    assert image not in {item.image_id for item in (*after.test, *after.counterexamples)}
    assert [(item.image_id, item.rater) for item in otto.vetoes()] == [(image, "ben")]
    assert {item.state for item in otto.mask_tasks() if item.image_id == image} == {MaskTaskState.SENT_BACK}
    until(lambda: studio.around.excluded_for("veto") == {image})
    until(lambda: image not in studio.around.excluded_for("training"))
    made = [item.annotator for item in otto.mask_tasks() if item.image_id == sent.replacement_image_id]
    assert made == (["ann"] if purpose == "counterexample" else [])
    assert otto.create_mask_tasks(double_share=0).created == 0
    assert ann.mask_task(contest.id).state is MaskTaskState.SENT_BACK


def test_s_shrinks_when_nobody_is_in_line(studio: Studio) -> None:
    """Whoever was in line and is forgotten by the gateway is passed over."""
    otto, ann = studio.otto, studio.person("ann")
    otto.create_mask_tasks(annotators=["ann"], double_share=0)
    line = [item.image_id for item in otto.chosen_sets().just_missed]
    del studio.around.pictures[line[0]]
    task = ann.take_mask_task()
    assert task is not None
    assert ann.send_back_image(task.id, "blank").replacement_image_id == line[1]
    for gone in line[2:]:
        del studio.around.pictures[gone]
    task = ann.take_mask_task()
    assert task is not None
    assert ann.send_back_image(task.id, "blank").replacement_image_id == ""
    sets = otto.chosen_sets()
    assert (len(sets.counterexamples), len(sets.just_missed)) == (2, 0)


def test_what_a_later_campaign_measures_on_takes_no_place_in_s(studio: Studio) -> None:
    """All that were in line are its T: S shrinks, and nobody gets a task for training on one of them."""
    otto, ann = studio.otto, studio.person("ann")
    first = otto.chosen_sets()
    otto.create_mask_tasks(first.campaign_id, annotators=["ann"], double_share=0)
    line = {item.image_id for item in first.just_missed}
    add_set(studio.around, [int(item, 16) for item in sorted(line)], "b" * 32)
    desk = Desk(studio.database, studio.around)
    desk.open(raters=1, counterexamples=1, test_reserved=7, test_reported=7)
    desk.choose(allow_incomplete=True)
    assert {item.image_id for item in desk.chosen().test} == line
    task = ann.take_mask_task()
    assert task is not None
    assert ann.send_back_image(task.id, "blank").replacement_image_id == ""
    assert len(otto.chosen_sets(first.campaign_id).counterexamples) == 2
    assert line.isdisjoint(item.image_id for item in otto.mask_tasks(purpose="counterexample"))


def test_sending_back_needs_a_reason_and_the_gateway(studio: Studio) -> None:
    """Without either nothing changes."""
    otto, ann = studio.otto, studio.person("ann")
    otto.create_mask_tasks(double_share=0)
    task = ann.take_mask_task()
    assert task is not None
    for reason in ("", "  ", "a" * 1001):
        with pytest.raises(InvalidArgument, match="reason"):
            ann.send_back_image(task.id, reason)
    studio.around.away = True
    with pytest.raises(Unavailable):
        ann.send_back_image(task.id, "blank")
    studio.around.away = False
    assert otto.mask_task(task.id).state is MaskTaskState.DRAWING
    assert otto.vetoes() == []


def until(holds: Callable[[], bool]) -> None:
    """Waits until something holds."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
