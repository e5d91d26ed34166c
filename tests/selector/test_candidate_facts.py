"""What a candidate set tells of its images: mean discrepancy, hash and source, also once they have expired."""

import math
import random

from madseg.core.competition import ContestRef
from madseg.core.messages import PredictionsMade, VersionRef
from madseg.ports import Database
from madseg.selector import candidate_sets
from madseg.selector.candidate_facts import GONE, candidate_facts
from madseg.selector.grpc_api import SelectorApi
from madseg.selector.history import expire
from madseg.selector.queries import Which
from madseg.selector.walk import EVERY_IMAGE
from madseg.v1 import selector_pb2
from tests import reference
from tests.selector import streams
from tests.selector.test_history import LATER, selector

IMAGES = {image.image_id: image for image in streams.images(5, 60)}


class Cut:
    """A selector with a stored cut of M."""

    def __init__(self, database: Database) -> None:
        self.database, rng = database, random.Random(5)
        self.selector = selector(database)
        self.feed(streams.events(list(IMAGES.values()), rng))
        cut = self.selector.queries.cut(Which(), EVERY_IMAGE, 3, near=True, allow_incomplete=False)
        with database.write() as tx:
            candidate_sets.store(
                tx, cut, per_ranking=3, criteria_id="x", now=0, note="", key=None, taxonomy=streams.TAXONOMY
            )
        self.api = SelectorApi(database, streams.TOPIC, self.selector.queries, lambda _: None, lambda: 0, lambda _: 0)

    def feed(self, events: list[PredictionsMade]) -> None:
        self.selector.feed(streams.records(events, 2), random.Random(5))
        self.selector.finish_chores()

    def listed(self, size: int = 7) -> list[selector_pb2.Candidate]:
        """All candidates, a page at a time."""
        found: list[selector_pb2.Candidate] = []
        token = ""
        while True:
            request = selector_pb2.ListCandidatesRequest(page_size=size, page_token=token)
            page = self.api.ListCandidates(request, None)
            found.extend(page.candidates)
            token = page.next_page_token
            if not token:
                return found

    def expire(self, image_ids: list[str]) -> int:
        return expire(self.database, self.selector.criteria, image_ids, LATER, LATER)


def contests(image: reference.Image) -> list[float]:
    """Its discrepancies in all contests."""
    maps = image.maps
    others = [ref.model for ref in streams.COMPETITORS if ref.model in maps]
    return [reference.discrepancy(maps["alpha"], maps[name], len(streams.TAXONOMY)) for name in others]


def test_the_mean_is_over_the_contests_in_which_it_was_compared(database: Database) -> None:
    """A competitor that has no map of the image doesn't count."""
    found = Cut(database).listed()
    means = {item.image_id: math.fsum(contests(IMAGES[item.image_id])) for item in found}
    counts = {len(contests(IMAGES[item.image_id])) for item in found}
    assert len(counts) > 1
    for item in found:
        assert item.mean_discrepancy == means[item.image_id] / len(contests(IMAGES[item.image_id]))
        assert 0 < item.mean_discrepancy <= item.discrepancy


def test_hash_and_source_are_those_of_the_image(database: Database) -> None:
    """64 bits without a sign; absence stays absence."""
    found = Cut(database).listed()
    for item in found:
        image = IMAGES[item.image_id]
        hashed = item.perceptual_hash if item.HasField("perceptual_hash") else None
        assert hashed == image.perceptual_hash
        assert item.source == streams.facts(image).source
    assert {item.HasField("perceptual_hash") for item in found} == {True, False}


def test_an_expired_image_keeps_the_mean_of_the_contests_that_chose_it(database: Database) -> None:
    """Its pairs, hash and source are gone; the others stay as they were."""
    cut = Cut(database)
    before = cut.listed()
    gone = [item.image_id for item in before[::2]]
    assert cut.expire(gone) == len(gone)
    for was, now in zip(before, cut.listed(), strict=True):
        if now.image_id not in gone:
            assert now == was
            continue
        placed = {place.key.competitor.model: place.discrepancy for place in was.placements}
        assert now.mean_discrepancy == math.fsum(placed.values()) / len(placed)
        assert (now.HasField("perceptual_hash"), now.source) == (False, "")
        assert now.placements == was.placements


def test_only_contests_of_the_set_count(database: Database) -> None:
    """What the target did against others, or another target did, is another set's matter."""
    cut = Cut(database)
    beta = ContestRef(streams.TARGET, VersionRef("beta", 1))
    ids = [item.image_id for item in cut.listed()]
    with database.snapshot() as tx:
        known = candidate_facts(tx, [*ids, "f" * 32], {beta, ContestRef(VersionRef("alpha", 2), beta.competitor)})
    for image_id in ids:
        maps = IMAGES[image_id].maps
        met = (
            {beta: reference.discrepancy(maps["alpha"], maps["beta"], len(streams.TAXONOMY))} if "beta" in maps else {}
        )
        assert known[image_id].discrepancies == met
    assert known["f" * 32] == GONE
