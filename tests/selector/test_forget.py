"""A forgotten image stands in no candidate set, neither in a place nor behind another image."""

import json
import random

import pytest
from sqlalchemy import select

from madseg.core.candidates import Candidate
from madseg.ports import Database
from madseg.selector import candidate_sets, edits
from madseg.selector.candidate_sets import CandidateSet
from madseg.selector.queries import Cut, Queries, Which
from madseg.selector.tables import CANDIDATES
from madseg.selector.walk import EVERY_IMAGE
from tests.selector import streams
from tests.selector.test_exactness import Selector, criteria

FAR = 24
"""Bits within which images are near here, so that many stand behind others."""


@pytest.fixture
def selector(database: Database) -> Selector:
    """Everything is in."""
    rng, made = random.Random(1), Selector(database, criteria(), 1)
    made.roles.handle(streams.model_records())
    made.feed(streams.records(streams.events(streams.images(3, 90), rng), 1), rng)
    made.finish_chores()
    return made


@pytest.fixture
def cut(selector: Selector) -> Cut:
    """A set that isn't stored yet."""
    queries = Queries(selector.database, streams.TOPIC, selector.criteria, FAR)
    return queries.cut(Which(), EVERY_IMAGE, 5, near=True, allow_incomplete=True)


def stored(selector: Selector, cut: Cut) -> CandidateSet:
    """The set, stored."""
    with selector.database.write() as tx:
        return candidate_sets.store(
            tx, cut, per_ranking=5, criteria_id="x", now=0, note="", key=None, taxonomy=streams.TAXONOMY
        )


def told(selector: Selector, made: CandidateSet) -> tuple[list[Candidate], tuple[int, int], tuple[int, int]]:
    """What is in a set, how much of it that is, and how much the set says it is: places, and images behind them."""
    with selector.database.snapshot() as tx:
        found = [item.candidate for item in candidate_sets.candidates(tx, made.id, 0, 1000, streams.TAXONOMY)]
        says = candidate_sets.one_set(tx, made.id)
    return found, (len(found), sum(len(item.near_duplicates) for item in found)), (says.size, says.near_duplicates)


def without(candidates: list[Candidate], *forgotten: str) -> list[tuple[str, list[str]]]:
    """Images and those behind them, as they are to be."""
    return [
        (item.image_id, [near for near in item.near_duplicates if near not in forgotten])
        for item in candidates
        if item.image_id not in forgotten
    ]


def test_an_image_leaves_its_places_and_those_behind_others(selector: Selector, cut: Cut) -> None:
    """In a set that is there and in one that is stored after the ban; sizes follow, and the receipt says it."""
    before = stored(selector, cut)
    first = next(item for item in cut.candidates if len(item.near_duplicates) > 1)
    placed, behind = next(item for item in cut.candidates if item is not first), first.near_duplicates[0]
    gone = edits.forget(selector.database, selector.criteria, behind, "asked to", now=1)
    assert "1 places behind candidates" in gone
    assert "1 places in candidate sets" in edits.forget(
        selector.database, selector.criteria, placed.image_id, "asked to", now=1
    )
    for made in (before, stored(selector, cut)):
        found, counted, said = told(selector, made)
        assert without(cut.candidates, behind, placed.image_id) == without(found)
        assert counted == said
    with selector.database.snapshot() as tx:
        lists = tx.execute(select(CANDIDATES.c.near_duplicates)).scalars().all()
    assert not any(behind in json.loads(text) for text in lists)


def test_forgetting_again_finds_nothing_more(selector: Selector, cut: Cut) -> None:
    """Sets that never had the image stay as they were."""
    made = stored(selector, cut)
    image = cut.candidates[0].image_id
    edits.forget(selector.database, selector.criteria, image, "asked to", now=1)
    after = told(selector, made)
    assert edits.forget(selector.database, selector.criteria, image, "asked to", now=2) == []
    assert edits.forget(selector.database, selector.criteria, "f" * 32, "asked to", now=2) == []
    assert told(selector, made) == after
