"""Figures follow from masks and maps as the papers say, are kept, and change only where their set does."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import delete, func, insert, select

from madseg.client import MaskPurpose, MaskTaskState, Result, TestKind, Version
from madseg.core.confusion import confusion, mean_iou
from madseg.core.errors import NotFound
from madseg.core.label_map import decode, from_dense
from madseg.core.rounds import Outcome, Step
from madseg.ports import Database
from madseg.rounds.evaluating import LANE, lineage, unpacked
from madseg.rounds.standings import results, standings
from madseg.rounds.tables import FIGURES, IMAGES, RESULTS
from tests.rounds.desk import Desk, results_of
from tests.rounds.fakes import BETTER, CLASSES, said, truth

OLD, NEW = Version("small", 1), Version("small", 2)


def expected(image_id: str, version: Version) -> float:
    """The mIoU of what a version said against what the image shows."""
    return mean_iou(confusion(from_dense(truth(image_id)), decode(said(image_id, version)), CLASSES))


@pytest.fixture
def done(desk: Desk) -> Desk:
    """A round is through, and the random lane is drawn."""
    desk.around.all_drawn()
    desk.start()
    desk.until(Step.ENDED)
    return desk


def test_every_version_on_every_set_by_hand(done: Desk) -> None:
    """Means over images, on the canonical grid, with intervals that hold them."""
    found = standings(done.database, "small")
    assert [(item.kind, item.round, item.images, item.against) for item in found.sets[:2]] == [
        (TestKind.ROUND, 1, 3, OLD),
        (TestKind.RANDOM_LANE, 0, 5, None),
    ]
    assert [item.version for item in found.standings if item.set == 0] == [OLD, NEW, BETTER]
    for at, number in ((0, 1), (1, LANE)):
        rows = results_of(done.database, number)
        assert all(item.mean_iou == expected(item.image_id, item.version) for item in rows)
        for item in (item for item in found.standings if item.set == at):
            values = [row.mean_iou for row in rows if row.version == item.version]
            assert item.figure.value == pytest.approx(np.mean(values))
            assert item.figure.low <= item.figure.value <= item.figure.high
            assert (item.figure.images, item.clean) == (len(values), True)
    assert len(found.stability) == 3


def test_versions_are_compared_on_the_same_images(done: Desk) -> None:
    """The new one against the old, who is tied with whom, and T0-report from the run."""
    found = standings(done.database, "small")
    lane = next(item for item in found.differences if item.set == 1)
    rows = {(item.image_id, item.version): item.mean_iou for item in results_of(done.database, LANE)}
    changes = [rows[image, NEW] - rows[image, OLD] for image, version in rows if version == NEW]
    assert (lane.before, lane.after, lane.gain.images) == (OLD, NEW, 5)
    assert lane.gain.value == pytest.approx(np.mean(changes))
    assert (lane.better, lane.worse) == (sum(c > 0.1 for c in changes), sum(c < -0.1 for c in changes))
    assert {version for group in found.ties if group.set == 0 for version in group.versions} == {OLD, NEW, BETTER}
    report = [item for item in found.standings if item.set == 2]
    assert [(item.version, item.figure.value) for item in report] == [(OLD, 0.5), (NEW, 0.6)]
    assert found.sets[2].kind is TestKind.T0_REPORT


def test_what_is_counted_is_kept_and_not_counted_again(done: Desk) -> None:
    """Per image, with its confusion."""
    before = standings(done.database, "small")
    done.around.calls.clear()
    done.evaluator.refresh("small", whole=True)
    assert {"maps", "mask"}.isdisjoint(done.around.calls)
    assert standings(done.database, "small") == before
    with done.database.snapshot() as tx:
        row = tx.execute(select(RESULTS).where(RESULTS.c.model == "small").limit(1)).one()
    assert mean_iou(unpacked(row.confusion, CLASSES)) == row.mean_iou


def test_a_late_veto_takes_an_image_out(done: Desk) -> None:
    """The set says how many."""
    image = results_of(done.database, 1)[0].image_id
    done.around.veto(image)
    done.evaluator.refresh("small", whole=True)
    found = standings(done.database, "small")
    assert (found.sets[0].images, found.sets[0].vetoed) == (2, 1)
    assert image not in {item.image_id for item in results_of(done.database, 1)}


@pytest.mark.parametrize("step", [Step.EVALUATING, Step.REPLAYING])
def test_an_image_that_is_forgotten_meanwhile_is_left_out(desk: Desk, step: Step) -> None:
    """The round goes on, and the set has figures over the others."""
    desk.start()
    desk.until(step)
    with desk.database.write() as tx:
        tx.execute(delete(RESULTS))
    image = next(item.image_id for item in desk.around.made if item.purpose == "test")
    desk.around.forgotten.add(image)
    ended = desk.until(Step.ENDED)
    assert (ended.outcome, ended.notes) == (Outcome.RELEASED, ())
    assert standings(desk.database, "small").sets[0].images == 2
    assert image not in {item.image_id for item in results_of(desk.database, 1)}


def test_another_mask_of_an_image_is_counted_anew(done: Desk) -> None:
    """The results of the mask before stay for the record."""
    with done.database.snapshot() as tx:
        before = tx.execute(select(func.count()).select_from(RESULTS)).scalar_one()
    place = next(at for at, item in enumerate(done.around.made) if item.state is MaskTaskState.ACCEPTED)
    done.around.made[place] = replace(done.around.made[place], revision=2, accepted_revision=2)
    done.evaluator.refresh("small", whole=True)
    with done.database.snapshot() as tx:
        assert tx.execute(select(func.count()).select_from(RESULTS)).scalar_one() == before + 3
        masks = tx.execute(select(IMAGES.c.mask).where(IMAGES.c.round == LANE)).scalars().all()
    assert sum(mask.endswith("/2") for mask in masks) == 1


def test_a_version_that_learned_from_an_image_is_not_clean_on_its_set(done: Desk) -> None:
    """S of its run and of all runs before it count."""
    learned = next(item for item in done.around.made if item.purpose == "counterexample")
    lane = next(at for at, item in enumerate(done.around.made) if item.purpose == "random_lane")
    done.around.made[lane] = replace(done.around.made[lane], image_id=learned.image_id)
    done.evaluator.refresh("small", whole=True)
    clean = {item.version: item.clean for item in standings(done.database, "small").standings if item.set == 1}
    assert clean == {OLD: True, NEW: False, BETTER: True}


def test_results_come_in_pages(database: Database) -> None:
    """By image, then version, each once, though a mask is taken away and another version counted between two pages."""
    desk = Desk(database)
    desk.around.all_drawn()
    desk.start()
    desk.until(Step.ENDED)
    whole = results_of(database, LANE)
    order = [(item.image_id, item.version) for item in whole]
    assert (len(order), order) == (15, sorted(order))
    for size in (1, 2, 4, 15, 16):
        read: list[Result] = []
        more, after = True, None
        while more:
            found, more = results(database, "small", LANE, size, after)
            read += found
            after = (read[-1].image_id, read[-1].version)
        assert read == whole
    first, _ = results(database, "small", LANE, 4)
    gone, grown, late = order[3][0], order[6][0], Version("zebra", 1)
    with database.write() as tx:
        masks = {row.image_id: row.mask for row in tx.execute(select(IMAGES).where(IMAGES.c.round == LANE))}
        tx.execute(delete(IMAGES).where(IMAGES.c.image_id == gone, IMAGES.c.round == LANE))
        added = {"model": late.model, "version": late.version, "confusion": b"", "mean_iou": 0.5}
        tx.execute(insert(RESULTS), [{**added, "mask": masks[image]} for image in (order[0][0], grown)])
    rest, more = results(database, "small", LANE, 15, order[3])
    left = [place for place in order[4:] if place[0] != gone]
    assert first == whole[:4]
    assert not more
    assert [(item.image_id, item.version) for item in rest] == sorted([*left, (grown, late)])


def test_results_of_a_round_that_isn_t_there(done: Desk) -> None:
    """It is said."""
    with pytest.raises(NotFound, match="small has no round 7"):
        results_of(done.database, 7)


def test_table_one_of_ten_versions_and_ten_rounds_is_kept(database: Database) -> None:
    """The figures of a set are computed once: a second look computes none."""
    desk = Desk(database)
    desk.start()
    desk.until(Step.ENDED)
    rng = np.random.default_rng(3)
    with database.write() as tx:
        images = [{"model": "small", "round": LANE, "image_id": f"{at:032x}", "mask": f"{at}/1"} for at in range(30)]
        tx.execute(insert(IMAGES), images)
        rows = [
            {"mask": item["mask"], "model": "small", "version": version, "confusion": b"", "mean_iou": rng.random()}
            for item in images
            for version in range(1, 11)
        ]
        tx.execute(insert(RESULTS), rows)
    first = standings(database, "small")
    with database.snapshot() as tx:
        kept = tx.execute(select(func.count()).select_from(FIGURES)).scalar_one()
    assert standings(database, "small") == first
    with database.snapshot() as tx:
        assert tx.execute(select(func.count()).select_from(FIGURES)).scalar_one() == kept


def test_a_version_has_learned_from_accepted_masks_alone(done: Desk) -> None:
    """Also from one that was sent back afterwards; not from those that were cancelled before they were drawn."""
    runs = done.around.released("small")
    tasks = list(done.around.tasks(purpose=MaskPurpose.COUNTEREXAMPLE))
    tasks[0] = replace(tasks[0], state=MaskTaskState.SENT_BACK)
    tasks[1] = replace(tasks[1], state=MaskTaskState.CANCELLED, accepted_revision=0)
    (newest,) = (row for row in lineage("small", runs, tasks) if row["version"] == NEW.version)
    assert set(json.loads(newest["trained"])) == {item.image_id for item in tasks} - {tasks[1].image_id}
