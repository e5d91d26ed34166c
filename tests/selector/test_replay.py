"""A version that is released later is taken over the images that are in: nothing is missed, nothing asked in vain."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from madseg.core.label_map import encode, from_dense
from madseg.core.messages import (
    ModelEvent,
    Prediction,
    PredictionFailure,
    PredictionRequested,
    PredictionsMade,
    Role,
    RoleChanged,
    VersionPublished,
    VersionRef,
)
from madseg.core.preprocess import Size
from madseg.ports import Database, Record
from madseg.selector.contests import State
from madseg.selector.queries import Which
from madseg.selector.replay import AHEAD, LEASE_MICROS, PIECE, Replay, requests_for
from madseg.selector.replay_progress import MARK_MICROS, ReplayProgress, replays
from madseg.selector.status import missing
from madseg.selector.tables import SWEEPS
from madseg.selector.walk import EVERY_IMAGE
from tests import reference
from tests.selector import streams
from tests.selector.streams import COMPETITORS, GRID, TARGET, TAXONOMY
from tests.selector.test_exactness import Selector, criteria, expected_rankings, rules

SECOND = VersionRef(TARGET.model, 2)
IMPORTED, FOREIGN = VersionRef("epsilon", 1), VersionRef("zeta", 1)


class Killed(BaseException):
    """The process ended here."""


def announced(*refs: VersionRef, serving: Sequence[int] = (), **fields: object) -> list[Record]:
    """Records of versions, the target's by its name; each model serves the versions given, or else its own."""
    events: list[ModelEvent] = []
    for ref in refs:
        known = {"taxonomy_id": TAXONOMY.id, "grid": GRID, "has_entropy": False, "sha256": b"1", **fields}
        events.append(VersionPublished(ref=ref, covers=TAXONOMY.names, **known))  # type: ignore[arg-type]
        role = Role.TARGET if ref.model == TARGET.model else Role.COMPETITOR
        events.append(RoleChanged(ref.model, role, tuple(serving or (ref.version,))))
    return streams.announced(*events)


class World:
    """Images that are in with their first predictions, a selector, and a predictor that is asked by hand."""

    def __init__(self, database: Database, seed: int, number: int, partitions: int = 3) -> None:
        self.rng, self.partitions, self.offsets = random.Random(seed), partitions, [0] * partitions
        self.database, self.now, self.waiting = database, 0, 0
        self.selector = Selector(database, criteria(), partitions)
        self.images = streams.images(seed, number)
        # What the second version says: other maps, and none where the other image lacks one.
        self.second = {
            image.image_id: other.maps.get(TARGET.model)
            for image, other in zip(self.images, streams.images(seed + 1, number), strict=True)
        }
        self.asked: list[PredictionRequested] = []
        self.models = itertools.count()
        self.replay = self.another()

    def another(self) -> Replay:
        """The planner, as another process would have it."""
        return Replay(self.database, streams.TOPIC, criteria(), self.ask, lambda: self.waiting, lambda: self.now)

    def ask(self, events: Sequence[PredictionRequested]) -> None:
        """Where requests go."""
        self.asked += events

    def learn(self, *records: Record) -> None:
        """What the models topic says next."""
        self.selector.roles.handle([replace(record, offset=next(self.models)) for record in records])

    def first(self, images: Sequence[reference.Image] | None = None) -> None:
        """The predictions of the versions that were there from the beginning."""
        made = streams.events(self.images if images is None else images, self.rng)
        self.feed(made)

    def feed(self, made: Sequence[PredictionsMade]) -> None:
        self.selector.feed(streams.records(made, self.partitions, self.offsets), self.rng)
        while self.selector.chores.due:
            self.selector.chores()

    def answer(self, asked: Sequence[PredictionRequested]) -> None:
        """The predictor does what it was asked, in any order, some of it twice."""
        made = [PredictionsMade(event.image, tuple(map(self._say, [event] * 9, event.versions))) for event in asked]
        made += self.rng.sample(made, len(made) // 4)
        self.rng.shuffle(made)
        self.feed(made)

    def _say(self, event: PredictionRequested, ref: VersionRef) -> Prediction | PredictionFailure:
        assert ref == SECOND
        dense = self.second[event.image.image_id]
        return PredictionFailure(ref, "no answer") if dense is None else Prediction(ref, encode(from_dense(dense)))

    def run(self) -> int:
        """Plans until there is nothing more to do; how many pieces that were."""
        pieces = 0
        while self.replay():
            pieces += 1
        return pieces

    def missing(self) -> list[str]:
        with self.database.snapshot() as tx:
            return missing(tx, criteria(), "", 1000, failed_too=False)

    def progress(self) -> list[ReplayProgress]:
        with self.database.snapshot() as tx:
            return replays(tx, criteria(), self.now)

    def states(self) -> dict[int, set[State]]:
        """The states of the contests by version of the target."""
        found: dict[int, set[State]] = {}
        for item in self.selector.queries.contests():
            found.setdefault(item.contest.ref.target.version, set()).add(item.state)
        return found


@pytest.fixture
def world(database: Database) -> World:
    """Sixty images through the first versions, complete."""
    made = World(database, seed=3, number=60)
    made.learn(*announced(TARGET, *COMPETITORS))
    made.first()
    return made


@pytest.mark.parametrize("seed", range(4))
def test_a_released_version_competes_over_all_images(database: Database, seed: int) -> None:
    """Its rankings equal the batch reference to the bit, and the old ones answer until they do."""
    world = World(database, seed, number=70, partitions=1 + seed)
    world.learn(*announced(TARGET, *COMPETITORS))
    world.first()
    before = world.selector.rankings()
    world.learn(*announced(SECOND, serving=(1, 2)))
    assert world.states() == {1: {State.COMPLETE}, 2: {State.FILLING}}
    assert before == answering(world, 1)
    world.run()
    assert sorted(event.image.image_id for event in world.asked) == sorted(world.second)
    assert {event.versions for event in world.asked} == {(SECOND,)}
    half = len(world.asked) // 2
    world.answer(world.asked[:half])
    assert world.states() == {1: {State.COMPLETE}, 2: {State.FILLING}}
    assert before == answering(world, 1)
    world.answer(world.asked[half:])
    assert world.states() == {1: {State.COMPLETE}, 2: {State.COMPLETE}}
    after = [
        reference.Image(
            image.image_id,
            {**{name: dense for name, dense in image.maps.items() if name != TARGET.model}, **second},
            image.perceptual_hash,
            image.random_lane,
        )
        for image in world.images
        for dense in [world.second[image.image_id]]
        for second in [{} if dense is None else {TARGET.model: dense}]
    ]
    assert expected_rankings(after, rules(criteria())) == answering(world, 2)
    assert world.run() == 0


def answering(world: World, version: int) -> dict[tuple[str, str, int], list[tuple[float, str]]]:
    """The rankings that answer where no version is asked for; they must be this one's."""
    found = {}
    for line in world.selector.queries.summaries(Which()):
        assert line.key.target == VersionRef(TARGET.model, version)
        which = Which(
            competitor=line.key.competitor, defender=line.key.defender, class_name=TAXONOMY.names[line.key.label]
        )
        page = world.selector.queries.page(which, EVERY_IMAGE, 1000, near=False)
        assert page.contest.contest.ref.target.version == version
        rows = [(place.entry.discrepancy, place.entry.image_id) for place in page.ranked]
        found[line.key.competitor.model, line.key.defender.value, line.key.label] = rows
    return found


def test_a_request_carries_the_facts_of_its_image(world: World) -> None:
    """All of them, so that the answer is no other image."""
    world.learn(*announced(SECOND, serving=(1, 2)))
    world.run()
    known = {image.image_id: streams.facts(image) for image in world.images}
    assert known == {event.image.image_id: event.image for event in world.asked}


def test_what_is_there_is_never_asked_again(world: World) -> None:
    """Neither the competitors nor what failed; and a new competitor is taken over the images like a target."""
    assert world.run() == 0
    joining = VersionRef("omega", 1)
    world.learn(*announced(joining))
    world.run()
    assert {event.versions for event in world.asked} == {(joining,)}
    assert len(world.asked) == len(world.images)


def test_versions_that_can_not_be_asked_are_left_out(world: World) -> None:
    """Imported ones, those of another taxonomy, those of another grid."""
    world.learn(*announced(IMPORTED, sha256=b""), *announced(FOREIGN, taxonomy_id="voc@1"))
    world.learn(*announced(VersionRef("eta", 1), grid=Size(8, 6)))
    assert world.run() == 0
    assert world.missing() == []
    assert world.progress() == []


def test_a_kill_between_the_requests_and_the_cursor_repeats_a_piece_and_loses_none(world: World) -> None:
    """The requests are durable before the cursor moves; whoever takes over after the lease does the piece again."""
    world.learn(*announced(SECOND, serving=(1, 2)))
    asked = world.asked

    def die(events: Sequence[PredictionRequested]) -> None:
        asked.extend(events)
        raise Killed

    doomed = Replay(world.database, streams.TOPIC, criteria(), die, lambda: 0, lambda: world.now)
    with pytest.raises(Killed):
        doomed()
    lost = len(asked)
    world.run()
    assert len(asked) < len(world.images) + lost  # the lease keeps others from it for a while
    world.now += LEASE_MICROS
    world.run()
    assert len(asked) == len(world.images) + lost
    world.answer(asked)
    assert world.states()[2] == {State.COMPLETE}


def test_an_unavailable_stream_is_tried_again_with_the_same_piece(world: World) -> None:
    """Without waiting for the lease to end."""
    world.learn(*announced(SECOND, serving=(1, 2)))
    troubles = [OSError("away"), OSError("away")]

    def ask(events: Sequence[PredictionRequested]) -> None:
        if troubles:
            raise troubles.pop()
        world.ask(events)

    world.replay = Replay(world.database, streams.TOPIC, criteria(), ask, lambda: 0, lambda: world.now)
    for _ in range(2):
        with pytest.raises(OSError, match="away"):
            world.replay()
    world.run()
    assert sorted(event.image.image_id for event in world.asked) == sorted(world.second)


def test_two_processes_share_the_work(world: World) -> None:
    """In whatever order they come: each image is requested once."""
    world.learn(*announced(SECOND, serving=(1, 2)))
    others = [world.another() for _ in range(3)]
    rng = random.Random(5)
    while any(rng.sample([planner() for planner in others], 3)):
        pass
    assert sorted(event.image.image_id for event in world.asked) == sorted(world.second)


def test_what_another_process_has_leased_is_not_requested(world: World) -> None:
    """While it publishes; the other partitions are free."""
    world.learn(*announced(SECOND, serving=(1, 2)))
    during: list[int] = []

    def ask(events: Sequence[PredictionRequested]) -> None:
        while world.replay():
            pass
        during.append(len(world.asked))
        world.ask(events)

    Replay(world.database, streams.TOPIC, criteria(), ask, lambda: 0, lambda: world.now)()
    assert 0 < during[0] < len(world.images)
    assert len(world.asked) == len(world.images)


def test_no_more_is_requested_than_may_wait(world: World) -> None:
    """A predictor that is away finds a bounded heap when it comes back."""
    world.learn(*announced(SECOND, serving=(1, 2)))
    world.waiting = AHEAD
    assert world.run() == 0
    assert world.asked == []
    world.waiting = AHEAD - 1
    world.run()
    assert len(world.asked) == len(world.images)


def test_images_that_come_in_without_the_new_version_are_caught(world: World) -> None:
    """A predictor may learn of a version late: the sweep has met the head by then, and goes on."""
    world.learn(*announced(SECOND, serving=(1, 2)))
    world.run()
    world.answer(world.asked)
    assert world.missing() == []
    late = streams.images(99, 25)
    world.images += late
    world.second |= {image.image_id: None for image in late}
    world.first(late)
    world.asked.clear()
    world.run()
    assert sorted(event.image.image_id for event in world.asked) == sorted(image.image_id for image in late)


def test_versions_are_taken_one_at_a_time_in_the_order_of_their_announcement(world: World) -> None:
    """The first has been requested of every image before the next one is of any."""
    world.learn(*announced(SECOND, serving=(1, 2)), *announced(VersionRef("omega", 1)))
    world.run()
    order = [event.versions[0] for event in world.asked]
    assert order == [SECOND] * len(world.images) + [VersionRef("omega", 1)] * len(world.images)
    assert [item.version for item in world.progress()] == [SECOND, VersionRef("omega", 1)]


def test_a_version_that_comes_back_is_taken_over_the_images_anew(world: World) -> None:
    """What was requested before it went was passed over by the predictor."""
    world.learn(*announced(SECOND, serving=(1, 2)))
    world.run()
    world.learn(*announced(TARGET, serving=(1,)))
    with world.database.snapshot() as tx:
        assert tx.execute(SWEEPS.select()).all() == []
    assert world.run() == 0
    world.asked.clear()
    world.learn(*announced(SECOND, serving=(1, 2)))
    world.run()
    assert len(world.asked) == len(world.images)


def test_a_piece_of_a_sweep_that_was_taken_back_does_not_count(world: World) -> None:
    """A version that goes and comes back while a piece is published begins at the first image."""
    world.learn(*announced(SECOND, serving=(1, 2)))

    def ask(_: Sequence[PredictionRequested]) -> None:
        world.learn(*announced(TARGET, serving=(1,)))
        world.learn(*announced(SECOND, serving=(1, 2)))

    Replay(world.database, streams.TOPIC, criteria(), ask, lambda: 0, lambda: world.now)()
    world.run()
    assert len(world.asked) == len(world.images)


def test_partitions_get_on_evenly(database: Database) -> None:
    """So that several predictors have something to do."""
    world = World(database, seed=8, number=PIECE * 5, partitions=2)
    world.learn(*announced(TARGET, *COMPETITORS))
    facts = [streams.facts(image) for image in world.images]
    world.feed([PredictionsMade(fact, ()) for fact in facts])
    world.replay()
    world.replay()
    assert {int(event.image.image_id, 16) % 2 for event in world.asked} == {0, 1}


def test_progress_tells_what_is_missing_how_fast_and_how_long(world: World) -> None:
    """By the marks of the last minute."""
    total = len(world.images)
    world.learn(*announced(SECOND, serving=(1, 2)))
    assert world.progress() == [ReplayProgress(SECOND, 0, 0, total, None)]
    world.run()
    for _ in range(3):
        world.now += 2 * MARK_MICROS
        world.answer(world.asked[:10])
        del world.asked[:10]
        world.run()
    (found,) = world.progress()
    assert found.missing == total - 30 == len(world.missing())
    assert found.stored + found.failed == 30
    assert found.rate == pytest.approx(30 / (6 * MARK_MICROS / 1e6))
    assert found.seconds_left == pytest.approx(found.missing * 6 * MARK_MICROS / 30e6)
    world.now += 60 * MARK_MICROS
    assert world.progress()[0].rate is None
    world.run()
    world.now += MARK_MICROS
    assert (world.progress()[0].rate, world.progress()[0].seconds_left) == (0.0, None)
    world.answer(world.asked)
    assert world.progress() == []


def test_what_an_image_lacks_can_be_requested(world: World) -> None:
    """Just that; failed ones on request; of ids that nobody knows it is said."""
    world.learn(*announced(SECOND, serving=(1, 2)))
    whole = next(image for image in world.images if len(image.maps) == 4)
    failed = next(image for image in world.images if "beta" not in image.maps)
    ids = [whole.image_id, failed.image_id, "f" * 32]
    with world.database.snapshot() as tx:
        found, unknown = requests_for(tx, criteria(), ids, failed_too=False)
        again, _ = requests_for(tx, criteria(), ids, failed_too=True)
    assert unknown == ["f" * 32]
    assert {event.image.image_id: event.versions for event in found} == dict.fromkeys(ids[:2], (SECOND,))
    wanted = {ref for ref in (*COMPETITORS, TARGET) if ref.model not in failed.maps} | {SECOND}
    assert {event.image.image_id: set(event.versions) for event in again} == {
        whole.image_id: {SECOND},
        failed.image_id: wanted,
    }
