"""Several selectors on one PostgreSQL: what comes of it is what one of them would have made."""

import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.context import ForkServerProcess

import pytest

from madseg.ports import Database
from madseg.selector import edits
from madseg.selector.queries import Which
from madseg.selector.status import status
from tests import reference
from tests.pipeline.running import until
from tests.selector import streams
from tests.selector.test_exactness import Selector, criteria, expected_candidates, expected_rankings, rules
from tests.selector.working import PARTITIONS, finish, offsets, started, topic_of
from tests.servers import postgres

PROCESSES = 3
KILLS = 400 if os.environ.get("MADSEG_SOAK") else 40
IMAGES = KILLS * 12


@pytest.fixture
def database_url() -> Iterator[str]:
    """On the real server: the embedded one has one process."""
    with postgres.database() as url:
        yield url


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_processes_that_are_killed_and_frozen_leave_no_trace(database_url: str, database: Database) -> None:
    """Three at once on the same partitions, kill -9 and SIGSTOP at any moment, vetoes and forgetting in between."""
    seed = int(os.environ.get("MADSEG_TEST_SEED", "11"))
    rng, images = random.Random(seed), streams.images(seed, IMAGES)
    topic = topic_of(images, seed)
    selector = Selector(database, criteria(), PARTITIONS)
    running = [started(database_url, topic, number) for number in range(PROCESSES)]
    vetoed, forgotten = set[str](), set[str]()
    for kill in range(KILLS):
        _absorbed(database, sum(map(len, topic)) * (kill + 1) // (KILLS + 1))
        victim = rng.randrange(PROCESSES)
        _end(running[victim], rng)
        running[victim] = started(database_url, topic, PROCESSES + kill)
        image = rng.choice(images).image_id
        if rng.random() < 0.5:
            edits.exclude(database, [image], "veto", now=kill)
            vetoed.add(image)
        else:
            edits.forget(database, selector.criteria, image, "asked to", now=kill)
            forgotten.add(image)
    for process in running:
        process.join(600)
        assert process.exitcode == 0
    selector.roles.handle(streams.model_records())
    finish(selector)
    left = [image for image in images if image.image_id not in forgotten]
    by = rules(selector.criteria, sorted(vetoed))
    assert selector.rankings() == expected_rankings(left, by)
    assert selector.candidates(4) == expected_candidates(left, by, 4)
    _check_counts(database, selector, left)


def _absorbed(database: Database, records: int) -> None:
    """Returns when so many are in."""
    until(lambda: sum(offsets(database).values()) >= records, 60, every=0.005)


def _end(process: ForkServerProcess, rng: random.Random) -> None:
    """Kills it at any moment, some after they were frozen for a while."""
    time.sleep(rng.uniform(0, 0.05))
    assert process.pid is not None
    with suppress(ProcessLookupError):  # it may have done all there is
        if rng.random() < 0.3:
            os.kill(process.pid, signal.SIGSTOP)
            time.sleep(rng.uniform(0, 0.5))
            os.kill(process.pid, signal.SIGCONT)
    assert process.exitcode in (None, 0)
    process.kill()
    process.join(30)


def _check_counts(database: Database, selector: Selector, images: Sequence[reference.Image]) -> None:
    """Tallies of every shard add up to what there is."""
    ranked = expected_rankings(images, rules(selector.criteria))
    for line in selector.queries.summaries(Which()):
        rows = ranked[line.key.competitor.model, line.key.defender.value, line.key.label]
        assert (line.images, line.eligible) == (len(rows), len(rows))
    with database.snapshot() as tx:
        found = status(tx, streams.TOPIC)
    assert found.images == len(images)
    assert {ref.model: counts[0] for ref, counts in found.versions.items()} == {
        ref.model: sum(ref.model in image.maps for image in images) for ref in (streams.TARGET, *streams.COMPETITORS)
    }
