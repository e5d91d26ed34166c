"""The rankings and M equal the dense batch computation to the bit, whatever happens on the way."""

import random
from collections.abc import Sequence

import pytest

from madseg.core.content import ContentConstraint
from madseg.core.messages import Defender
from madseg.ports import Database, Record, TopicIdentity
from madseg.selector import edits
from madseg.selector.absorb import Absorb
from madseg.selector.chores import Chores, drop_other_metrics
from madseg.selector.constrain import apply_constraint
from madseg.selector.criteria import Criteria
from madseg.selector.layout import load_layout, open_contests
from madseg.selector.migrations import TABLES
from madseg.selector.offsets import check_identity, check_project, follow_identity
from madseg.selector.queries import Queries, Which
from madseg.selector.roles import LearnRoles
from madseg.selector.walk import EVERY_IMAGE, walk
from tests import reference
from tests.selector import streams

NEAR = 3
Key = tuple[str, str, int]


class Selector:
    """A selector without threads: what a worker does, call by call."""

    def __init__(self, database: Database, criteria: Criteria, partitions: int, capacity: int = 4) -> None:
        self.database, self.criteria, self.capacity = database, criteria, capacity
        database.prepare(TABLES, upgrade=True)
        with database.write() as tx:
            check_identity(tx, streams.TOPIC, TopicIdentity("cluster", "topic", partitions))
            follow_identity(tx, streams.MODELS, TopicIdentity("cluster", "models", 1))
            check_project(tx, criteria.taxonomy.id, str(criteria.grid))
            drop_other_metrics(tx, criteria)
        apply_constraint(database, criteria, capacity)
        with database.write() as tx:
            open_contests(tx, load_layout(tx, criteria), criteria)
        self.chores = Chores(database, criteria, capacity)
        self.absorb = Absorb(database, streams.TOPIC, criteria, capacity, self.chores)
        self.roles = LearnRoles(database, streams.MODELS, criteria, self.chores.announce)
        self.queries = Queries(database, streams.TOPIC, criteria, NEAR, self.chores.thin.add)

    def feed(self, records: Sequence[Record], rng: random.Random) -> None:
        """Hands the records over in batches of random size, each partition in order, some batches twice."""
        waiting: dict[int, list[Record]] = {}
        for record in records:
            waiting.setdefault(record.partition, []).append(record)
        while waiting:
            partition = rng.choice(sorted(waiting))
            size = rng.randint(1, 7)
            batch, rest = waiting[partition][:size], waiting[partition][size:]
            self.absorb.handle(batch)
            if rng.random() < 0.2:
                self.absorb.handle(batch)
            if rng.random() < 0.3:
                self.chores()
            waiting[partition] = rest
            if not rest:
                del waiting[partition]

    def finish_chores(self) -> None:
        for _ in range(50):
            self.chores()

    def rankings(self) -> dict[Key, list[tuple[float, str]]]:
        """Every ranking as the reference writes it."""
        with self.database.snapshot() as tx:
            return {
                (ranking.key.competitor.model, ranking.key.defender.value, ranking.key.label): [
                    (found.entry.discrepancy, found.entry.image_id)
                    for found in walk(tx, ranking, self.criteria.grid.pixels)
                ]
                for contest in load_layout(tx, self.criteria).contests.values()
                for ranking in contest.all_rankings()
            }

    def candidates(self, per_ranking: int, near: bool = True) -> dict[str, set[Key]]:
        """M as the reference writes it."""
        found = self.queries.cut(Which(), EVERY_IMAGE, per_ranking, near=near, allow_incomplete=False)
        return {
            candidate.image_id: {
                (place.key.competitor.model, place.key.defender.value, place.key.label)
                for place in candidate.placements
            }
            for candidate in found.candidates
        }


def criteria(bounds: dict[int, tuple[float, float]] | None = None, min_class_share: float = 0.0) -> Criteria:
    return Criteria(streams.TAXONOMY, streams.GRID, ContentConstraint(bounds or {}), min_class_share)


def rules(of: Criteria, excluded: Sequence[str] = (), gamma: Sequence[int] = (0, 1, 2, 3)) -> reference.Rules:
    return reference.Rules(
        classes=len(of.taxonomy),
        ranked=of.taxonomy.ranked,
        bounds=of.constraint.bounds,
        covers={"gamma": set(gamma)},
        min_class_share=of.min_class_share,
        excluded=set(excluded),
    )


def expected_rankings(images: Sequence[reference.Image], by: reference.Rules) -> dict[Key, list[tuple[float, str]]]:
    gamma = by.covers["gamma"]
    return {
        (ref.model, defender.value, label): reference.ranking(images, by, "alpha", ref.model, defender.value, label)
        for ref in streams.COMPETITORS
        for defender in Defender
        for label in by.ranked
        if ref.model != "gamma" or label in gamma
    }


def expected_candidates(
    images: Sequence[reference.Image], by: reference.Rules, per_ranking: int, near: int = NEAR
) -> dict[str, set[Key]]:
    names = [ref.model for ref in streams.COMPETITORS]
    return reference.candidates(images, by, "alpha", names, per_ranking, near)


@pytest.mark.parametrize("seed", range(8))
def test_equals_the_batch_reference_for_any_order_duplicates_and_partitions(database: Database, seed: int) -> None:
    """Shuffled, duplicated, split records over 1 to 5 partitions give the reference's rankings and M."""
    rng = random.Random(seed)
    of = criteria({1: (0.05, 0.5)} if seed % 2 else None, min_class_share=0.1 if seed % 3 == 0 else 0.0)
    selector = Selector(database, of, partitions := rng.randint(1, 5))
    images = streams.images(seed, 80)
    made = streams.records(streams.events(images, rng), partitions)
    cut = rng.randint(0, len(made)) if seed % 2 else 0  # the models may become known in mid-stream
    selector.feed(made[:cut], rng)
    selector.roles.handle(streams.model_records())
    selector.feed(made[cut:], rng)
    selector.finish_chores()
    assert selector.rankings() == expected_rankings(images, rules(of))
    assert selector.candidates(3) == expected_candidates(images, rules(of), 3)
    assert selector.candidates(5, near=False) == expected_candidates(images, rules(of), 5, near=-1)


def test_what_one_network_does_not_know_is_void_in_both_maps(database: Database) -> None:
    """A competitor without the class car has no car ranking, and cars don't count against it."""
    rng, of = random.Random(1), criteria()
    selector = Selector(database, of, 2)
    selector.roles.handle(streams.model_records(covers=["ground", "tree", "bird"]))
    images = streams.images(5, 60)
    selector.feed(streams.records(streams.events(images, rng), 2), rng)
    selector.finish_chores()
    assert selector.rankings() == expected_rankings(images, rules(of, gamma=(0, 1, 3)))


@pytest.mark.parametrize("refilled", [False, True])
def test_exclusions_that_empty_a_list_refill_it_from_the_pairs(database: Database, refilled: bool) -> None:
    """Vetoing the top of every ranking, and taking half of that back, leaves exactly the reference without them."""
    rng, of = random.Random(2), criteria()
    selector = Selector(database, of, 3)
    selector.roles.handle(streams.model_records())
    images = streams.images(7, 90)
    made = streams.records(streams.events(images, rng), 3)
    selector.feed(made[:100], rng)
    vetoed = sorted(expected_candidates(images, rules(of), 6, near=-1))
    assert len(vetoed) > selector.capacity * 2
    edits.exclude(database, vetoed, "veto", now=0)
    selector.feed(made[100:], rng)
    if refilled:
        selector.candidates(8)
        assert selector.chores.thin
        selector.finish_chores()
        assert not selector.chores.thin
    assert selector.rankings() == expected_rankings(images, rules(of, vetoed))
    assert selector.candidates(3) == expected_candidates(images, rules(of, vetoed), 3)
    edits.restore(database, vetoed[::2], "veto")
    assert selector.rankings() == expected_rankings(images, rules(of, vetoed[1::2]))


def test_a_forgotten_image_never_ranks_again(database: Database) -> None:
    """Banning the best images, before and after their records come, leaves the reference without them."""
    rng, of = random.Random(3), criteria()
    selector = Selector(database, of, 2)
    selector.roles.handle(streams.model_records())
    images = streams.images(11, 70)
    made = streams.records(streams.events(images, rng), 2)
    best = sorted(expected_candidates(images, rules(of), 4, near=-1))
    for image_id in best[::2]:
        edits.forget(database, of, image_id, "asked to", now=0)
    selector.feed(made, rng)
    for image_id in best[1::2]:
        assert edits.forget(database, of, image_id, "asked to", now=0)
    left = [image for image in images if image.image_id not in best]
    assert selector.rankings() == expected_rankings(left, rules(of))
    assert selector.candidates(3) == expected_candidates(left, rules(of), 3)
    summaries = selector.queries.summaries(Which())
    expected = expected_rankings(left, rules(of))
    for line in summaries:
        key = (line.key.competitor.model, line.key.defender.value, line.key.label)
        assert (line.images, line.eligible) == (len(expected[key]), len(expected[key]))


def test_a_changed_constraint_makes_the_rankings_again(database: Database) -> None:
    """A restart with other bounds ranks by them, and one without bounds ranks as at first."""
    rng, first = random.Random(4), criteria()
    selector = Selector(database, first, 2)
    selector.roles.handle(streams.model_records())
    images = streams.images(13, 80)
    selector.feed(streams.records(streams.events(images, rng), 2), rng)
    for bounds in ({1: (0.1, 0.3), 2: (0.0, 0.2)}, {1: (0.2, 0.9)}, {}):
        of = criteria(bounds)
        again = Selector(database, of, 2)
        assert again.rankings() == expected_rankings(images, rules(of))
        lines = {
            (s.key.competitor.model, s.key.defender.value, s.key.label): s for s in again.queries.summaries(Which())
        }
        for key, rows in expected_rankings(images, rules(of)).items():
            assert lines[key].eligible == len(rows)
            assert lines[key].top == (rows[0][0] if rows else None)


def test_a_changed_metric_compares_everything_again(database: Database) -> None:
    """A restart with another min_class_share compares the stored maps anew."""
    rng, first = random.Random(5), criteria()
    selector = Selector(database, first, 2)
    selector.roles.handle(streams.model_records())
    images = streams.images(17, 50)
    selector.feed(streams.records(streams.events(images, rng), 2), rng)
    of = criteria(min_class_share=0.15)
    again = Selector(database, of, 2)
    again.finish_chores()
    assert again.rankings() == expected_rankings(images, rules(of))
