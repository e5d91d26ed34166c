"""A selector's process among others on one database: it takes whatever partition it likes, at any time."""

import logging
import random
from collections.abc import Sequence
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess

from madseg.adapters.databases import open_database
from madseg.core.errors import Unavailable
from madseg.core.warm_up import warm_up
from madseg.ports import Database, Record
from madseg.runtime import configure_logging
from madseg.selector.offsets import standing
from tests import reference
from tests.selector import streams
from tests.selector.test_exactness import Selector, criteria

PARTITIONS = 3


Topic = list[list[Record]]
"""Partition by partition."""


def topic_of(images: Sequence[reference.Image], seed: int) -> Topic:
    """The topic that tells of some images, in any order, with duplicates."""
    records = streams.records(streams.events(images, random.Random(seed)), PARTITIONS)
    return [[record for record in records if record.partition == number] for number in range(PARTITIONS)]


def started(url: str, topic: Topic, seed: int) -> ForkServerProcess:
    """A process that has begun."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.selector.working"])
    process = context.Process(target=absorb_all, args=(url, topic, seed), daemon=True)
    process.start()
    return process


def absorb_all(url: str, topic: Topic, seed: int) -> None:
    """Absorbs the topic, in batches that begin at what is in or before it, until all of it is in."""
    configure_logging(json=False, level=logging.WARNING)
    rng, database = random.Random(seed), open_database(url, "selector")
    selector = Selector(database, criteria(), PARTITIONS)
    while behind := [number for number, at in offsets(database).items() if at < len(topic[number])]:
        try:
            _turn(selector, topic[rng.choice(behind)], rng)
        except Unavailable as error:
            print(error, flush=True)
    finish(selector)
    database.close()


def finish(selector: Selector) -> None:
    """Does the chores that are left."""
    selector.chores.announce()
    while selector.chores.due:
        selector.chores()


def offsets(database: Database) -> dict[int, int]:
    """What is in, per partition."""
    with database.snapshot() as tx:
        return standing(tx, streams.TOPIC)


def _turn(selector: Selector, records: list[Record], rng: random.Random) -> None:
    at = offsets(selector.database)[records[0].partition]
    first = max(0, at - rng.choice([0, 0, 1, 5]))
    selector.absorb.handle(records[first : at + rng.randint(1, 7)])
    if rng.random() < 0.05 and at > len(records) // 3:  # contests open when there is something to go back over
        selector.roles.handle(streams.model_records())
    if rng.random() < 0.3:
        selector.chores()


warm_up()  # once, in the process that all others are forked from
