"""Many people at once, and whatever they do in whatever order."""

import random
import threading
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import select

from madseg.client import Forbidden
from madseg.client.values.masks import MaskTaskState
from madseg.core.errors import MadsegError, NotReady
from madseg.labelling.masking import drawing, findings, making, reviews, tasks
from madseg.labelling.masking.tables import EVENTS, FINDINGS, REVISIONS, TASKS
from madseg.ports import Database
from madseg.security.access import Principal, Role
from tests.labelling.fakes import neighbours
from tests.labelling.masking.studio import Studio, closed_campaign, mask

PEOPLE, LATECOMERS = ("ann", "ben", "cat", "dan"), ("eve", "fay", "gil")
HOUR = 3600 * 1_000_000


def test_nobody_gets_what_another_has(studio: Studio) -> None:
    """Sixteen people take a task at the same moment; there are five, and five reviews after that."""
    studio.otto.create_mask_tasks(double_share=0)
    clients = [studio.person(f"p{number}") for number in range(16)]
    taken, reviewed = list[str](), list[str]()

    def draw(number: int) -> None:
        task = clients[number].take_mask_task()
        if task is not None:
            taken.append(studio.drawn(clients[number], 1, task).id)

    def review(number: int) -> None:
        task = clients[number].take_review()
        if task is not None:
            reviewed.append(task.id)
            clients[number].decide_review(task.id, task.revision, "accept")

    for act, found in ((draw, taken), (review, reviewed)):
        threads = [threading.Thread(target=act, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == len(set(found)) == 5
    assert {task.state for task in studio.otto.mask_tasks()} == {MaskTaskState.ACCEPTED}


def test_who_draws_the_second_mask_does_not_see_the_first(studio: Studio) -> None:
    """Until theirs is accepted; who reviews sees what they review."""
    otto, ann, ben, cat = studio.otto, studio.person("ann"), studio.person("ben"), studio.person("cat")
    otto.create_mask_tasks(annotators=["ann"], double_share=0)
    otto.create_mask_tasks(annotators=["ben"], double_share=0.2)
    (second,) = otto.mask_tasks(purpose="second_opinion")
    (first,) = (item for item in otto.mask_tasks() if item.image_id == second.image_id and item.id != second.id)
    studio.drawn(ann, 1, ann.take_mask_task(first.id))
    with pytest.raises(Forbidden, match="once yours is accepted"):
        ben.mask_revision(first.id)
    assert cat.mask_revision(first.id).label_map == otto.mask_revision(first.id).label_map == mask(1)
    studio.accepted(ben, cat, 2, ben.take_mask_task(second.id))
    assert ben.mask_revision(first.id).label_map == mask(1)
    with pytest.raises(Forbidden, match="once yours is accepted"):
        ann.mask_revision(second.id)
    assert ben.take_review(first.id) is not None
    ben.decide_review(first.id, 1, "accept")
    assert ann.mask_revision(second.id).label_map == mask(2)


def test_a_review_that_is_left_lying_is_taken_over(database: Database) -> None:
    """After an hour without a finding; the first reviewer then has nothing to decide."""
    around = neighbours(12)
    closed_campaign(database, around, s=1, t=0)
    making.create(database, around, "", [], 0.0, "otto", 0)
    task = drawing.take(database, "", "ann", 1)
    assert task is not None
    found = task.task.id
    drawing.save(database, found, "ann", 0, mask(1), "", 0, 2)
    drawing.submit(database, found, "ann", 1, 3)
    assert reviews.take(database, "", "ben", 4) is not None
    findings.add(database, found, "ben", 1, 0, 0, "extra", "", HOUR)
    assert reviews.take(database, "", "cat", 2 * HOUR - 1) is None
    with pytest.raises(NotReady, match="is reviewed by ben"):
        reviews.take(database, found, "cat", 2 * HOUR - 1)
    taken = reviews.take(database, "", "cat", 2 * HOUR)
    assert taken is not None
    assert (taken.task.reviewer, len(taken.findings)) == ("cat", 1)
    with pytest.raises(MadsegError, match="reviewed by cat"):
        reviews.decide(database, found, "ben", 1, "send_back", 2 * HOUR + 1)
    reviews.decide(database, found, "cat", 1, "send_back", 2 * HOUR + 2)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_people_do_two_of_them_agree_on_a_mask(database: Database, seed: int) -> None:
    """Four people do things at random, most of them out of turn; then they are done with it in turn, and nothing is
    stuck. What is accepted was drawn by one and checked by another, with no finding left; an image that is drawn twice
    has two drawers; every revision is there."""
    around = neighbours(12)
    closed_campaign(database, around, s=3, t=1)
    making.create(database, around, "", [], 0.5, "otto", 0)
    rng, saved = random.Random(seed), Counter[str]()
    with database.snapshot() as tx:
        ids = [row.id for row in tx.execute(select(TASKS.c.id).order_by(TASKS.c.number))]
    for now in range(1, 500):
        with suppress(MadsegError):
            _step(database, rng, rng.choice(PEOPLE), rng.choice(ids), saved, now)
    while any(_finish(database, who, saved) for who in (*PEOPLE, *LATECOMERS)):
        pass
    with database.snapshot() as tx:
        found = [tasks.from_row(row) for row in tx.execute(select(TASKS))]
        drawn = tx.execute(select(REVISIONS.c.task_id, REVISIONS.c.revision, REVISIONS.c.author)).all()
        open_ones = {row.task_id for row in tx.execute(select(FINDINGS).where(FINDINGS.c.state != tasks.ACCEPTED))}
        accepts = Counter(row.task_id for row in tx.execute(select(EVENTS).where(EVENTS.c.act == reviews.ACCEPT)))
    authors = {item.id: {row.author for row in drawn if row.task_id == item.id} for item in found}
    assert {item.state for item in found} == {tasks.ACCEPTED}
    assert accepts == Counter(item.id for item in found)
    for item in found:
        assert sorted(row.revision for row in drawn if row.task_id == item.id) == list(range(1, item.revision + 1))
        assert item.revision == saved[item.id]
        assert item.accepted_revision == item.revision > 0
        assert item.reviewer not in authors[item.id]
        assert item.id not in open_ones
        if item.first_id:
            assert authors[item.id].isdisjoint(authors[item.first_id])


def _step(database: Database, rng: random.Random, who: str, task_id: str, saved: Counter[str], now: int) -> None:
    """Something that somebody may try."""
    with database.snapshot() as tx:
        last = tasks.task(tx, task_id).revision
    number, revision = rng.randint(1, 3), rng.choice([last, last, last, 1])

    def save() -> None:
        saved[task_id] += drawing.save(database, task_id, who, last, mask(1 + now % 20), "", 0, now) - last

    acts: list[Any] = [
        lambda: drawing.take(database, "", who, now),
        save,
        save,
        lambda: drawing.submit(database, task_id, who, revision, now),
        lambda: drawing.submit(database, task_id, who, revision, now),
        lambda: reviews.take(database, rng.choice(["", task_id]), who, now),
        lambda: reviews.decide(database, task_id, who, revision, rng.choice(["accept", "send_back"]), now),
        lambda: reviews.decide(database, task_id, who, revision, "accept", now),
        lambda: findings.update_state(database, task_id, who, number, "accepted", now),
        lambda: findings.update_state(database, task_id, who, number, rng.choice(["open", "resolved"]), now),
    ]
    rare: list[Any] = [
        lambda: findings.add(database, task_id, who, last, 0, 0, "extra", "", now),
        lambda: drawing.give_back(database, task_id, Principal(who, frozenset({Role.ANNOTATOR})), now),
    ]
    rng.choice(rare if rng.random() < 0.05 else acts)()


def _finish(database: Database, who: str, saved: Counter[str]) -> bool:
    """Draws what there is to draw and accepts what there is to review, in turn; False where nothing is left."""
    now, drawn = 2 * HOUR, drawing.take(database, "", who, 2 * HOUR)
    if drawn is not None:
        found = drawn.task
        last = drawing.save(database, found.id, who, found.revision, mask(20), "", 0, now)
        saved[found.id] += last - found.revision
        drawing.submit(database, found.id, who, last, now)
    review = reviews.take(database, "", who, now)
    if review is not None:
        for item in review.findings:
            findings.update_state(database, review.task.id, who, item.number, "accepted", now)
        reviews.decide(database, review.task.id, who, review.task.revision, "accept", now)
    return drawn is not None or review is not None
