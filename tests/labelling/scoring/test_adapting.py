"""Adaptive mode: fewer grades, the same S."""

import os
import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madseg.adapters.databases import open_database
from madseg.labelling.migrations import TABLES
from madseg.labelling.scoring import kept, vetoes
from madseg.labelling.scoring.judgements import Said
from madseg.ports import Database
from tests.labelling.fakes import image, neighbours
from tests.labelling.scoring.desk import Desk

IMAGES = 24
EXAMPLES = 60 if os.environ.get("MADSEG_SOAK") else 6


def run(desk: Desk, world: dict[tuple[str, str], Said], *, adaptive: bool, rng: random.Random) -> tuple[set[str], int]:
    """S, and how many grades it took. What a rater says of an image is the same however the campaign is run."""
    desk.open(raters=3, counterexamples=4, test_reserved=3, test_reported=3, adaptive=adaptive, full_share=0.1)
    raters = ["ada", "bob", "cy", "dan"]
    while busy := [rater for rater in raters if desk.take(rater, rng.choice([1, 2]))]:
        rater = rng.choice(busy)
        held = desk.take(rater)
        desk.say(rater, held[0], world[rater, held[0].image_id])
        if rng.random() < 0.05:
            desk.undo(rater)
    sets = desk.choose()
    return {item.image_id for item in sets.counterexamples}, desk.progress().grades


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), vetoes=st.sampled_from([0.0, 0.1]))
def test_s_is_the_same_as_without_it(seed: int, vetoes: float) -> None:
    """Where all raters of an image say the same of it, whoever comes first; with vetoes that everybody would give."""
    rng = random.Random(seed)
    world: dict[tuple[str, str], Said] = {}
    for number in range(IMAGES):
        said = Said(reason="corrupt") if rng.random() < vetoes else Said(grade=rng.choice([1, 2, 3, 4, 5, 5, 5]))
        world |= {(rater, image(number)): said for rater in ("ada", "bob", "cy", "dan")}
    found = {}
    with TemporaryDirectory() as folder:
        for adaptive in (False, True):
            database = open_database(f"sqlite:///{Path(folder)}/{adaptive}.db", "labelling")
            database.prepare(TABLES)
            found[adaptive] = run(Desk(database, neighbours(IMAGES)), world, adaptive=adaptive, rng=random.Random(seed))
            database.close()
    assert found[False][0] == found[True][0]
    assert found[False][1] >= found[True][1]


@pytest.fixture
def desk(database: Database) -> Desk:
    """A candidate set of twenty-four images."""
    return Desk(database, neighbours(IMAGES))


def score(desk: Desk, **plan: Any) -> None:
    """The first eight images are bad, all others excellent."""
    desk.open(raters=3, counterexamples=4, adaptive=True, **plan)
    desk.score_all({image(number): [1 if number < 8 else 5] * 3 for number in range(IMAGES)})


def test_it_saves_grades(desk: Desk) -> None:
    """Nobody is asked on about images that can't be among S."""
    score(desk, full_share=0.0)
    done = desk.progress()
    assert (done.kept.state, done.finished, done.grades_wanted) == ("scored", IMAGES, 3 * IMAGES)
    assert done.grades <= 3 * IMAGES - 6
    assert desk.opinions_of.agreement("").grades_saved == 3 * IMAGES - done.grades


def test_the_random_share_and_t_get_all_raters(desk: Desk) -> None:
    """However good they are."""
    score(desk, full_share=1.0)
    assert desk.progress().grades == 3 * IMAGES
    desk.open(raters=3, counterexamples=4, adaptive=True, full_share=0.0, test_reserved=6, test_reported=6, seed=8)
    desk.score_all({image(number): [1 if number < 8 else 5] * 3 for number in range(IMAGES)})
    sets = desk.choose()
    grades = {item.image_id: item.grades for item in desk.opinions()}
    assert {grades[item.image_id] for item in (*sets.test, *sets.counterexamples)} == {3}


def test_a_veto_has_images_asked_about_again(desk: Desk) -> None:
    """Where it takes an image out of S, what was stopped may be needed."""
    score(desk, full_share=0.0)
    before = desk.progress().grades
    late = [item for item in desk.opinions() if item.grades == 3 and item.mean == 1.0]
    for item in late:
        held = desk.take("late", 20)
        assert held == []
        with desk.database.write() as tx:
            found = kept.campaign(tx, "")
            vetoes.veto(tx, found, bytes.fromhex(item.image_id), Said(reason="corrupt"), "dora", desk.now)
        if desk.progress().kept.state == "open":
            break
    assert desk.progress().kept.state == "open"
    assert desk.take("late") != []
    assert desk.progress().grades == before


def test_what_has_to_be_asked_about_anyway_comes_first(desk: Desk) -> None:
    """Once every image has a grade, those that may be among S: the others need no second one then."""
    desk.open(raters=2, counterexamples=3, adaptive=True, full_share=0.0)
    low = {image(number) for number in (3, 9, 17)}
    for _ in range(IMAGES):
        (held,) = desk.take("ada")
        desk.grade("ada", held, 1 if held.image_id in low else 3)
    second = [held.image_id for held in desk.take("bob", 3)]
    assert set(second) == low
    for held in desk.take("bob", 3):
        desk.grade("bob", held, 1)
    assert desk.take("bob") == []
    assert desk.progress().grades == IMAGES + 3
