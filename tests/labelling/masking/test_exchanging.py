"""Masks go out in order, and come in from elsewhere."""

from itertools import pairwise

import pytest

from madseg.client import Forbidden, InvalidArgument, NotFound
from madseg.client.values.masks import DrawnMask, ImportedMask, MaskPurpose, MaskTaskState
from madseg.core.confusion import confusion, mean_iou
from madseg.core.label_map import decode
from madseg.requests import token
from tests.labelling.fakes import image
from tests.labelling.masking.studio import Studio, add_lane, mask


def test_an_export_is_in_order_and_goes_on_where_it_was_cut_off(studio: Studio) -> None:
    """Accepted masks alone, without second opinions unless they are asked for."""
    otto, ann, cat = studio.otto, studio.person("ann"), studio.person("cat")
    otto.create_mask_tasks(double_share=0)
    otto.add_mask_tasks([add_lane(studio.around, 100)], "random_lane")
    otto.create_mask_tasks(double_share=0.2)
    for label in range(1, 7):
        studio.accepted(ann, cat, label)
    studio.accepted(studio.person("ben"), cat, 7)
    whole = list(otto.export_masks())
    assert [item.image_id for item in whole] == sorted(item.image_id for item in whole)
    assert len(whole) == 6
    assert {(item.annotator, item.reviewer, item.revision) for item in whole} == {("ann", "cat", 1)}
    assert sorted(decode(item.label_map).labels[1] for item in whole) == [0] * 6
    for at, item in enumerate(whole):
        assert list(otto.export_masks(after_image_id=item.image_id)) == whole[at + 1 :]
    campaign = otto.campaign().id
    assert list(otto.export_masks(campaign)) == [x for x in whole if x.purpose is not MaskPurpose.RANDOM_LANE]
    assert [x.purpose for x in otto.export_masks(purpose="test")] == [MaskPurpose.TEST] * 2
    (second,) = otto.export_masks(purpose="second_opinion")
    assert (second.annotator, second.label_map) == ("ben", mask(7))
    with pytest.raises(InvalidArgument, match="image id"):
        list(otto.export_masks(after_image_id="../x"))
    with pytest.raises(NotFound, match="no campaign"):
        list(otto.export_masks("f" * 32))


def test_an_export_goes_on_between_the_masks_of_an_image(studio: Studio) -> None:
    """By the token of the last mask that came, whose image may have more; by the image alone those are passed over."""
    otto, ann, cat = studio.otto, studio.person("ann"), studio.person("cat")
    otto.create_mask_tasks(double_share=0)
    images = sorted({item.image_id for item in otto.mask_tasks(purpose="counterexample")})
    otto.add_mask_tasks(images, "contest")
    for label in range(1, 9):
        studio.accepted(ann, cat, label)
    whole = list(otto.export_masks())
    assert len(whole) == 5 + len(images)
    assert [item.image_id for item in whole] == sorted(item.image_id for item in whole)
    for at, item in enumerate(whole):
        assert list(otto.export_masks(resume_token=item.resume_token)) == whole[at + 1 :]
        both = otto.export_masks(after_image_id="f" * 32, resume_token=item.resume_token)
        assert list(both) == whole[at + 1 :]
        last_of_it = max(n for n, other in enumerate(whole) if other.image_id == item.image_id)
        assert list(otto.export_masks(after_image_id=item.image_id)) == whole[last_of_it + 1 :]
    assert any(one.image_id == other.image_id for one, other in pairwise(whole))


def test_a_mask_accepted_before_the_place_of_an_export_is_in_the_next(studio: Studio) -> None:
    """What was accepted before the export began is in it all the same."""
    otto, ann, cat = studio.otto, studio.person("ann"), studio.person("cat")
    otto.create_mask_tasks(double_share=0)
    early, *later = sorted(otto.mask_tasks(), key=lambda item: item.image_id)
    for task in later:
        studio.accepted(ann, cat, 1, ann.take_mask_task(task.id))
    first, *rest = otto.export_masks()
    studio.accepted(ann, cat, 2, ann.take_mask_task(early.id))
    assert list(otto.export_masks(resume_token=first.resume_token)) == rest
    assert [item.image_id for item in otto.export_masks()] == [early.image_id, first.image_id] + [
        item.image_id for item in rest
    ]


@pytest.mark.parametrize(
    "made",
    ["x", token(task=1), token(image="f" * 32), token(image="../x", task=1), token(image="f" * 32, task=1 << 63)],
)
def test_a_token_that_no_export_gave_is_refused(studio: Studio, made: str) -> None:
    """By its field's name."""
    with pytest.raises(InvalidArgument, match="resume_token is not one") as caught:
        list(studio.otto.export_masks(resume_token=made))
    assert caught.value.field == "resume_token"


def test_imported_masks_wait_for_review(studio: Studio) -> None:
    """Each answers for itself; a refusal ends nothing. Neither who drew it nor who sent it reviews it."""
    otto, ann, ben = studio.otto, studio.person("ann"), studio.person("ben")
    otto.create_mask_tasks(double_share=0)
    tasks = list(otto.mask_tasks())
    ben.take_mask_task(tasks[1].id)
    found = list(
        ann.import_masks(
            [
                DrawnMask(tasks[0].image_id, mask(1), "zoe"),
                DrawnMask("../../etc/passwd", mask(1)),
                DrawnMask(image(999), mask(1)),
                DrawnMask(tasks[1].image_id, mask(1)),
                DrawnMask(tasks[2].image_id, mask(21)),
                DrawnMask(tasks[2].image_id, b"PK\x03\x04"),
                DrawnMask(tasks[2].image_id, mask(2), "a\nb"),
                DrawnMask(tasks[2].image_id, mask(2)),
                DrawnMask(tasks[0].image_id, mask(1), "zoe"),
                DrawnMask(tasks[0].image_id, mask(3), "zoe"),
            ]
        )
    )
    assert [item.revision for item in found] == [1, 0, 0, 0, 0, 0, 0, 1, 1, 2]
    problems = [item.problem for item in found]
    assert found[0] == ImportedMask(tasks[0].image_id, 1, "")
    for at, problem in {
        1: "32 lower-case hexadecimal",
        2: "has no task",
        3: "is drawn by ben",
        4: "labels must be",
        5: "format version",
        6: "name must be",
    }.items():
        assert problem in problems[at]
    first = otto.mask_task(tasks[0].id)
    assert (first.state, first.annotator, first.revision) == (MaskTaskState.SUBMITTED, "zoe", 2)
    assert otto.mask_revision(first.id).author == "zoe"
    assert ann.take_review() is None
    with pytest.raises(Forbidden, match="you drew"):
        studio.person("zoe").take_review(first.id)
    taken = ben.take_review()
    assert taken is not None
    assert taken.id == first.id


def test_a_mask_that_was_imported_twice_adds_nothing(studio: Studio) -> None:
    """An import that was cut off is sent again; what is accepted takes no other mask."""
    otto, ann, cat = studio.otto, studio.person("ann"), studio.person("cat")
    otto.create_mask_tasks(double_share=0)
    task = next(iter(otto.mask_tasks()))
    item = DrawnMask(task.image_id, mask(1))
    assert [x.revision for x in ann.import_masks([item, item])] == [1, 1]
    cat.take_review(task.id)
    assert [x.revision for x in ann.import_masks([item])] == [1]
    assert otto.mask_task(task.id).state is MaskTaskState.IN_REVIEW
    cat.decide_review(task.id, 1, "accept")
    assert [x.revision for x in ann.import_masks([item])] == [1]
    (refused,) = ann.import_masks([DrawnMask(task.image_id, mask(2))])
    assert (refused.revision, "accepted already" in refused.problem) == (0, True)


def test_second_masks_come_in_as_well(studio: Studio) -> None:
    """The second mask of an image is for the second task, if it is somebody else's."""
    otto, ann = studio.otto, studio.person("ann")
    otto.create_mask_tasks(double_share=1)
    task = next(iter(otto.mask_tasks()))
    images = [DrawnMask(task.image_id, mask(1), "zoe"), DrawnMask(task.image_id, mask(2), "yan")]
    assert [item.revision for item in ann.import_masks(images)] == [1, 1]
    (refused,) = ann.import_masks([DrawnMask(task.image_id, mask(3), "xia")])
    assert "is drawn by" in refused.problem
    drawn = {x.annotator: x.purpose for x in otto.mask_tasks() if x.image_id == task.image_id}
    assert drawn == {"zoe": MaskPurpose.COUNTEREXAMPLE, "yan": MaskPurpose.SECOND_OPINION}


def test_the_human_ceiling(studio: Studio) -> None:
    """Mean mIoU of the images of which both masks are accepted."""
    otto, ann, ben, cat = studio.otto, studio.person("ann"), studio.person("ben"), studio.person("cat")
    assert (otto.human_ceiling().images, otto.human_ceiling().mean_iou) == (0, None)
    otto.create_mask_tasks(double_share=1)
    studio.accepted(ann, cat, 1)
    assert otto.human_ceiling().images == 0
    studio.accepted(ann, cat, 2)
    seconds = {item.image_id: item for item in otto.mask_tasks(purpose="second_opinion")}
    firsts = list(otto.mask_tasks(state="accepted"))
    for label, first in zip((1, 3), firsts, strict=True):
        studio.accepted(ben, cat, label, ben.take_mask_task(seconds[first.image_id].id))
    alike = mean_iou(confusion(decode(mask(2)), decode(mask(3)), 21))
    for campaign in ("", otto.campaign().id):
        found = otto.human_ceiling(campaign)
        assert found.images == 2
        assert found.mean_iou == pytest.approx((1 + alike) / 2)
    with pytest.raises(NotFound, match="no campaign"):
        otto.human_ceiling("f" * 32)
