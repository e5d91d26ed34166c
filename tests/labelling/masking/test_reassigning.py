"""Tasks and reviews of somebody who doesn't come back."""

import pytest

from madseg.client import Forbidden, NotReady
from madseg.client.values.masks import FindingState, MaskTaskState, Point, ReviewDecision
from tests.labelling.masking.studio import Studio, mask


def test_somebody_else_draws_on(studio: Studio) -> None:
    """With what was drawn; whoever had it can't save any more."""
    otto, ann, ben = studio.otto, studio.person("ann"), studio.person("ben")
    otto.create_mask_tasks(double_share=0)
    task = ann.take_mask_task()
    assert task is not None
    ann.save_mask(task.id, mask(), 0)
    given = otto.reassign_mask_task(task.id, "ben")
    assert (given.state, given.annotator, given.revision) == (MaskTaskState.WAITING, "ben", 1)
    with pytest.raises(Forbidden):
        ann.save_mask(task.id, mask(2), 1)
    taken = ben.take_mask_task()
    assert taken is not None
    assert taken.id == task.id
    assert otto.reassign_mask_task(task.id).annotator == ""
    assert [item.annotator for item in otto.mask_tasks()] == [""] * 5


def test_somebody_else_reviews(studio: Studio) -> None:
    """It is offered to them first, and the findings stay; the reviewer before can't decide any more."""
    otto, ann, ben, cat = studio.otto, *map(studio.person, ("ann", "ben", "cat"))
    otto.create_mask_tasks(double_share=0)
    drawn = studio.drawn(ann)
    ben.take_review(drawn.id)
    ben.add_finding(drawn.id, 1, Point(3, 3), "boundary", "frayed")
    given = otto.reassign_mask_task(drawn.id, "cat")
    assert (given.state, given.reviewer, len(given.findings)) == (MaskTaskState.SUBMITTED, "cat", 1)
    with pytest.raises(NotReady, match="take the review first"):
        ben.decide_review(drawn.id, 1, ReviewDecision.ACCEPT)
    taken = cat.take_review()
    assert taken is not None
    assert taken.id == drawn.id
    cat.update_finding(drawn.id, 1, FindingState.ACCEPTED)
    accepted = cat.decide_review(drawn.id, 1, ReviewDecision.ACCEPT)
    with pytest.raises(NotReady, match="nobody has it any more"):
        otto.reassign_mask_task(accepted.id, "ben")


def test_a_reviewer_gives_back_a_review_of_their_own(studio: Studio) -> None:
    """And hands on nothing of others."""
    otto, ann, ben, cat = studio.otto, *map(studio.person, ("ann", "ben", "cat"))
    otto.create_mask_tasks(double_share=0)
    drawn = studio.drawn(ann)
    ben.take_review(drawn.id)
    for client, name in ((cat, ""), (cat, "cat"), (ben, "cat")):
        with pytest.raises(Forbidden, match="of their own alone"):
            client.reassign_mask_task(drawn.id, name)
    assert ben.reassign_mask_task(drawn.id).state is MaskTaskState.SUBMITTED
    found = cat.take_review(drawn.id)
    assert found is not None
    assert found.reviewer == "cat"


def test_nobody_draws_a_pair_or_checks_their_own(studio: Studio) -> None:
    """Whoever hands it on."""
    otto, ann = studio.otto, studio.person("ann")
    otto.create_mask_tasks(double_share=1)
    drawn = studio.drawn(ann)
    with pytest.raises(Forbidden, match="drew this mask"):
        otto.reassign_mask_task(drawn.id, "ann")
    second = next(x for x in otto.mask_tasks(purpose="second_opinion") if x.image_id == drawn.image_id)
    with pytest.raises(Forbidden, match="two people are to draw it"):
        otto.reassign_mask_task(second.id, "ann")
    assert otto.reassign_mask_task(second.id, "ben").annotator == "ben"
