"""The life of a task with two people, over gRPC."""

import pytest
from sqlalchemy import insert

from madseg.client import Forbidden, InvalidArgument, NotFound, NotReady, Stale
from madseg.client.values.common import Box, Size
from madseg.client.values.masks import (
    ExportedMask,
    FindingState,
    FindingType,
    MaskPurpose,
    MaskTaskState,
    Point,
    ReviewDecision,
)
from madseg.labelling.masking.tables import MESSAGES
from tests.labelling.masking.studio import Studio, mask


def test_the_whole_life_of_a_task(studio: Studio) -> None:
    """Made, taken, drawn, checked, mended, accepted, exported; every revision stays."""
    ann, ben, otto = studio.person("ann"), studio.person("ben"), studio.otto
    assert otto.create_mask_tasks(double_share=0).created == 5
    task = ann.take_mask_task()
    assert task is not None
    assert (task.state, task.annotator, task.purpose) == (MaskTaskState.DRAWING, "ann", MaskPurpose.COUNTEREXAMPLE)
    assert (task.size, task.crop, str(task.target)) == (Size(16, 20), Box(2, 0, 16, 16), "ours/1")
    again = ann.take_mask_task()
    assert again is not None
    assert again.id == task.id
    assert ann.save_mask(task.id, mask(1), 0, drawing_ms=1500) == 1
    assert ann.save_mask(task.id, mask(2), 1, drawing_ms=500) == 2
    assert ann.save_mask(task.id, mask(2), 2) == 2
    assert ann.submit_mask(task.id, 2).state is MaskTaskState.SUBMITTED
    assert ann.submit_mask(task.id, 2).state is MaskTaskState.SUBMITTED
    assert ann.take_review() is None
    review = ben.take_review()
    assert review is not None
    assert (review.id, review.state, review.reviewer) == (task.id, MaskTaskState.IN_REVIEW, "ben")
    first = ben.add_finding(task.id, 2, (19, 15), FindingType.MISSING)
    second = ben.add_finding(task.id, 2, Point(3, 4), "other", "what is <this>?")
    assert (first.number, second.number, second.place) == (1, 2, Point(3, 4))
    with pytest.raises(NotReady, match="findings 1, 2 aren't accepted"):
        ben.decide_review(task.id, 2, ReviewDecision.ACCEPT)
    assert ben.decide_review(task.id, 2, ReviewDecision.SEND_BACK).state is MaskTaskState.DRAWING
    ben.post_message(task.id, "nearly")
    mine = ann.take_mask_task()
    assert mine is not None
    assert (mine.id, mine.annotator) == (task.id, "ann")
    assert ann.update_finding(task.id, 1, FindingState.RESOLVED).state is FindingState.RESOLVED
    ann.post_message(task.id, "a kerb")
    assert ann.save_mask(task.id, mask(3), 2, drawing_ms=1000) == 3
    ann.submit_mask(task.id, 3)
    assert ben.take_review() is not None
    with pytest.raises(Stale, match="the last revision is 3, not 2"):
        ben.decide_review(task.id, 2, ReviewDecision.ACCEPT)
    ben.update_finding(task.id, 1, FindingState.OPEN)
    ben.update_finding(task.id, 1, FindingState.ACCEPTED)
    ben.update_finding(task.id, 2, FindingState.ACCEPTED)
    done = ben.decide_review(task.id, 3, "accept")
    assert (done.state, done.accepted_revision, done.seconds_drawing) == (MaskTaskState.ACCEPTED, 3, 3.0)
    assert ben.decide_review(task.id, 3, "accept").state is MaskTaskState.ACCEPTED
    assert [item.state for item in done.findings] == [FindingState.ACCEPTED] * 2
    assert [(item.author, item.text) for item in done.messages] == [("ben", "nearly"), ("ann", "a kerb")]
    assert [otto.mask_revision(task.id, number).label_map for number in (1, 2, 3, 0)] == [*map(mask, (1, 2, 3, 3))]
    assert list(otto.export_masks()) == [
        ExportedMask(task.image_id, MaskPurpose.COUNTEREXAMPLE, mask(3), "ann", "ben", 3)
    ]


def test_steps_out_of_turn_are_refused(studio: Studio) -> None:
    """Nothing is saved on what is handed in, and nothing handed in that isn't the last."""
    ann, ben = studio.person("ann"), studio.person("ben")
    studio.otto.create_mask_tasks(double_share=0)
    task = ann.take_mask_task()
    assert task is not None
    with pytest.raises(NotReady, match="no revision yet"):
        ann.submit_mask(task.id, 0)
    ann.save_mask(task.id, mask(1), 0)
    ann.save_mask(task.id, mask(2), 1)
    with pytest.raises(Stale, match="last revision is 2, not 1"):
        ann.submit_mask(task.id, 1)
    for early in (
        lambda: ben.take_review(task.id),
        lambda: ben.add_finding(task.id, 1, (0, 0), "missing"),
        lambda: ben.decide_review(task.id, 2, "accept"),
    ):
        with pytest.raises(NotReady):
            early()
    ann.submit_mask(task.id, 2)
    with pytest.raises(NotReady, match="takes no further drawing"):
        ann.save_mask(task.id, mask(3), 2)
    with pytest.raises(NotReady, match="can't be given back"):
        ann.return_mask_task(task.id)
    with pytest.raises(NotReady, match="isn't to be drawn now"):
        ann.take_mask_task(task.id)
    with pytest.raises(NotReady, match="take the review first"):
        ben.update_finding(task.id, 1, "accepted")
    ben.take_review(task.id)
    with pytest.raises(NotFound, match="no finding 1"):
        ben.update_finding(task.id, 1, "accepted")
    ben.add_finding(task.id, 1, (0, 0), "extra")
    with pytest.raises(NotReady, match="resolved while it is drawn"):
        ann.update_finding(task.id, 1, "resolved")
    with pytest.raises(Forbidden, match="only the annotator"):
        ben.update_finding(task.id, 1, "resolved")
    ben.update_finding(task.id, 1, "accepted")
    with pytest.raises(NotReady, match="finding 1 is accepted: it can't become open"):
        ben.update_finding(task.id, 1, "open")
    with pytest.raises(NotReady, match="is reviewed by ben"):
        studio.person("cat").take_review(task.id)
    with pytest.raises(Forbidden, match="is reviewed by ben"):
        studio.person("cat").decide_review(task.id, 2, "accept")
    ben.decide_review(task.id, 2, "accept")
    with pytest.raises(NotReady, match="takes no further drawing"):
        ann.save_mask(task.id, mask(3), 2)


def test_nobody_reviews_what_they_drew(studio: Studio) -> None:
    """Not even who drew an earlier revision and gave the task back."""
    ann, ben = studio.person("ann"), studio.person("ben")
    studio.otto.create_mask_tasks(double_share=0)
    task = ann.take_mask_task()
    assert task is not None
    ann.save_mask(task.id, mask(1), 0)
    back = ann.return_mask_task(task.id)
    assert (back.state, back.annotator, back.revision) == (MaskTaskState.WAITING, "", 1)
    taken = ben.take_mask_task(task.id)
    assert taken is not None
    assert taken.revision == 1
    studio.drawn(ben, 2, taken)
    for drawer in (ann, ben):
        assert drawer.take_review() is None
        with pytest.raises(Forbidden, match="you drew"):
            drawer.take_review(task.id)
        with pytest.raises(Forbidden, match="you drew"):
            drawer.decide_review(task.id, 2, "accept")
    review = studio.served.client("rita").take_review()
    assert review is not None
    assert review.id == task.id


def test_what_was_given_back_comes_last(studio: Studio) -> None:
    """So that whoever gives a task back gets another one."""
    ann = studio.person("ann")
    studio.otto.create_mask_tasks(double_share=0)
    seen = []
    for _ in range(5):
        task = ann.take_mask_task()
        assert task is not None
        seen.append(task.id)
        ann.return_mask_task(task.id)
    assert len(set(seen)) == 5
    task = ann.take_mask_task()
    assert task is not None
    assert task.id == seen[0]


def test_a_task_takes_a_thousand_messages(studio: Studio) -> None:
    """And no more, but the reason why its image is sent back."""
    ann, ben = studio.person("ann"), studio.person("ben")
    studio.otto.create_mask_tasks(double_share=0)
    task = ann.take_mask_task()
    assert task is not None
    said = {"task_id": task.id, "author": "ann", "said_at": 7, "text": "a kerb"}
    with studio.database.write() as tx:
        tx.execute(insert(MESSAGES), [said] * 999)
    assert ben.post_message(task.id, "the last one").text == "the last one"
    for person in (ann, ben):
        with pytest.raises(InvalidArgument, match=f"at most 1000 messages: mask task {task.id} takes no more"):
            person.post_message(task.id, "one more")
    assert len(studio.otto.mask_task(task.id).messages) == 1000
    sent = ann.send_back_image(task.id, "a drawing, no photograph").task
    assert (len(sent.messages), sent.messages[-1].text) == (1001, "a drawing, no photograph")


def test_a_page_of_tasks_ends_early_where_much_was_said(studio: Studio) -> None:
    """Whoever reads on gets them all; a task with very many words has a page of its own."""
    studio.otto.create_mask_tasks(double_share=0)
    made = list(studio.otto.mask_tasks())
    long = {"author": "ann", "said_at": 7, "text": "\N{PILE OF POO}" * 2000}
    with studio.database.write() as tx:
        for task, messages in ((made[0], 300), (made[1], 300), (made[2], 1000)):
            tx.execute(insert(MESSAGES), [{**long, "task_id": task.id}] * messages)
    sizes, token = [], None
    while token != "":
        page = studio.otto.mask_task_page(page_token=token or "")
        sizes.append(len(page.tasks))
        token = page.next_page_token
    assert sizes == [1, 1, 1, 2]
    assert [item.id for item in studio.otto.mask_tasks()] == [item.id for item in made]


def test_findings_need_a_place_in_the_picture_and_a_type(studio: Studio) -> None:
    """Each is refused with its field."""
    ann, ben = studio.person("ann"), studio.person("ben")
    studio.otto.create_mask_tasks(double_share=0)
    task = studio.drawn(ann)
    ben.take_review(task.id)
    for place in ((20, 0), (0, 16), (2**32 - 1, 0)):
        with pytest.raises(InvalidArgument, match="inside the picture of 16x20") as refused:
            ben.add_finding(task.id, 1, place, "missing")
        assert refused.value.field == "place"
    with pytest.raises(InvalidArgument, match="a column and a row"):
        ben.add_finding(task.id, 1, (-1, 0), "missing")
    with pytest.raises(InvalidArgument, match="needs a text"):
        ben.add_finding(task.id, 1, (0, 0), "other", "  ")
    with pytest.raises(InvalidArgument, match="at most 1000"):
        ben.add_finding(task.id, 1, (0, 0), "other", "a" * 1001)
    with pytest.raises(InvalidArgument, match="type must be one of"):
        ben.add_finding(task.id, 1, (0, 0), "ugly")
    with pytest.raises(NotFound, match="no revision 2"):
        ben.add_finding(task.id, 2, (0, 0), "missing")
    for text in ("", " ", "a" * 2001, "nul\0"):
        with pytest.raises(InvalidArgument):
            ben.post_message(task.id, text)
    assert [*ben.mask_task(task.id).findings, *ben.mask_task(task.id).messages] == []
