"""A forgotten image is gone from labelling, and nothing brings it back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from madseg.client import NotFound
from madseg.client.values.masks import DrawnMask
from madseg.core import errors
from madseg.core.errors import InvalidInput, NotReady, Unavailable
from madseg.gateway.neighbours import labelling_at
from madseg.labelling.forgetting import forget
from madseg.labelling.masking.tables import EVENTS, FINDINGS, MESSAGES, REVISIONS, TASKS
from madseg.labelling.scoring import kept
from madseg.labelling.scoring.tables import ASSIGNMENTS, CHOSEN, ERRANDS, ITEMS, JUDGEMENTS
from madseg.ports import Database
from tests.labelling.fakes import add_set, image, neighbours
from tests.labelling.masking.studio import Studio, closed_campaign, mask
from tests.labelling.scoring.desk import Desk
from tests.labelling.serving import serving

BY_IMAGE = (ITEMS, JUDGEMENTS, CHOSEN, ERRANDS, TASKS)
BY_TASK = (REVISIONS, FINDINGS, MESSAGES, EVENTS)


@pytest.fixture
def studio(database: Database, tmp_path: Path) -> Iterator[Studio]:
    """Twelve images, of which three are S and two are T."""
    around = neighbours(12)
    closed_campaign(database, around)
    with serving(database, around, tmp_path) as served:
        yield Studio(served, around, database)


def left(database: Database, image_id: str) -> int:
    """Rows that speak of an image, and rows of tasks that aren't there."""
    key = bytes.fromhex(image_id)
    with database.snapshot() as tx:
        speaking = [select(func.count()).where(table.c.image_id == key) for table in BY_IMAGE]
        speaking.append(select(func.count()).where(TASKS.c.replacement == key))
        lost = [select(func.count()).where(table.c.task_id.not_in(select(TASKS.c.id))) for table in BY_TASK]
        return sum(tx.execute(query).scalar_one() for query in (*speaking, *lost))


def test_all_that_was_said_and_drawn_is_gone(studio: Studio) -> None:
    """Drawn twice, discussed and accepted: the receipt counts it, and says whose weights stay; again it is empty."""
    otto, ann, ben = studio.otto, studio.person("ann"), studio.person("ben")
    otto.create_mask_tasks(double_share=1)
    chosen = otto.chosen_sets().counterexamples[0].image_id
    first = next(item for item in otto.mask_tasks(purpose="counterexample") if item.image_id == chosen)
    drawn = studio.accepted(ann, ben, task=ann.take_mask_task(first.id))
    otto.post_message(drawn.id, "well done")
    tell = labelling_at(studio.served.address, studio.served.token("otto"))
    said = tell(chosen, "asked by its owner")
    assert said.gone == (
        "1 judgements",
        "1 places in campaigns",
        "1 places in S, T and the line behind S",
        "1 masks, every revision of them",
        "1 messages",
        "2 mask tasks",
    )
    assert "ours after 1 learned from its mask" in said.stays[1]
    assert left(studio.database, chosen) == 0
    assert chosen not in {item.image_id for item in otto.chosen_sets().counterexamples}
    assert tell(chosen, "again").gone == ()
    assert list(otto.export_masks()) == []


def test_nothing_in_flight_brings_it_back(studio: Studio) -> None:
    """Strokes, files and tasks of it are refused, and a campaign over an older candidate set leaves it out."""
    otto, ann = studio.otto, studio.person("ann")
    otto.create_mask_tasks(double_share=0)
    task = ann.take_mask_task()
    assert task is not None
    ann.save_mask(task.id, mask(), 0)
    forget(studio.database, task.image_id, "asked", 1)
    with pytest.raises(NotFound):
        ann.save_mask(task.id, mask(2), 1)
    with pytest.raises(NotFound):
        ann.submit_mask(task.id, 1)
    (answer,) = ann.import_masks([DrawnMask(task.image_id, mask())])
    assert "has no task" in answer.problem
    with pytest.raises(NotFound, match="forgotten for ever"):
        otto.add_mask_tasks([task.image_id], "counterexample")
    assert otto.create_mask_tasks(double_share=0).created == 0
    assert otto.create_campaign().images == 11
    assert left(studio.database, task.image_id) == 0


def test_an_open_campaign_goes_on_without_it(database: Database) -> None:
    """Whoever holds it is refused; with the last image that lacked something the campaign is scored."""
    desk = Desk(database, neighbours(3))
    desk.open(raters=1)
    first, second = desk.take("ada", 3)[:2]
    desk.grade("ada", first)
    desk.veto("ada", second)
    (third,) = desk.take("ada", 3)
    forget(database, third.image_id, "asked", desk.now)
    with pytest.raises(errors.NotFound):
        desk.grade("ada", third)
    assert (desk.progress().kept.state, desk.progress().kept.images) == (kept.SCORED, 2)
    assert desk.take("bob", 3) == []
    forget(database, second.image_id, "asked", desk.now)
    desk.run_errands()
    assert desk.neighbours.excluded == set()
    with database.snapshot() as tx:
        assert tx.execute(select(func.count()).select_from(ASSIGNMENTS)).scalar_one() == 1
    assert [item.image_id for item in desk.choose().counterexamples] == [first.image_id]


def test_a_campaign_of_forgotten_images_alone_is_refused(database: Database) -> None:
    """With the way out. What came over from one that is forgotten counts no more."""
    desk = Desk(database, neighbours(2))
    desk.open(raters=1)
    desk.score_all({image(0): [2], image(1): [3]})
    desk.choose()
    assert desk.open(raters=1).kept.carried == 2
    forget(database, image(0), "asked", 1)
    assert desk.progress().kept.carried == 1
    add_set(desk.neighbours, [0], "c" * 32)
    with pytest.raises(NotReady, match="cut a new candidate set"):
        desk.open("c" * 32)


def test_what_cant_be_forgotten_is_refused(database: Database) -> None:
    """A reason is for the audit; an image that nobody has heard of is banned all the same."""
    for image_id, reason in (("../a", "x"), (image(1), " ")):
        with pytest.raises(InvalidInput):
            forget(database, image_id, reason, 1)
    assert forget(database, image(1), "x", 1)[0] == []
    with pytest.raises(Unavailable, match=r"labelling: nothing answers at 127\.0\.0\.1:1"):
        labelling_at("127.0.0.1:1")(image(1), "x")
