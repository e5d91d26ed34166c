"""The selector: from the log to committed rankings, its memory, and its queries while images stream in."""

import itertools
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

from madseg.adapters.databases import open_database
from madseg.adapters.streams import open_stream
from madseg.client import Client
from madseg.core.content import ContentConstraint
from madseg.core.discrepancy import Metric, compare
from madseg.core.label_map import encode, from_dense
from madseg.core.label_maps import decode_all
from madseg.core.messages import (
    ImageFacts,
    Prediction,
    PredictionsMade,
    Role,
    RoleChanged,
    VersionPublished,
    VersionRef,
)
from madseg.core.preprocess import CANONICAL
from madseg.core.taxonomy import VOC
from madseg.ports import Outgoing, Stream
from madseg.rpc import Server
from madseg.runtime import spare_the_collector
from madseg.security.access import Everybody
from madseg.selector.__main__ import BATCH, Config, build
from madseg.selector.absorb import Absorb
from madseg.selector.chores import Chores
from madseg.selector.criteria import Criteria
from madseg.selector.migrations import TABLES
from madseg.selector.offsets import check_identity, follow_identity
from madseg.selector.roles import LearnRoles
from madseg.wire import (
    decode_predictions,
    encode_model_event,
    encode_predictions,
    images_topic,
    models_topic,
    predictions_topic,
)
from tests.perf.confusion import peers_image
from tests.perf.maps import Dense, label_maps
from tests.perf.rows import Row, faster, seconds, share

MODELS = [VersionRef(f"model-{number}", 1) for number in range(6)]
TOPIC = predictions_topic("bench", 1)
CRITERIA = Criteria(VOC, CANONICAL, ContentConstraint())
CAPACITY = 200
WARM_UP = 16 * BATCH
"""Images before the clock starts: rankings that are still short take every image."""

ROUNDS = 12
PEERS = 6
"""Images per round that the peers count: they take long enough."""


def measure(images: list[list[Dense]], what: str, folder: Path) -> list[Row]:
    """selector_vs_peers."""
    selector = embedded(folder / "selector")
    selector.publish(itertools.islice(predictions(images), WARM_UP + ROUNDS * BATCH))
    for _ in range(WARM_UP // BATCH):
        selector.turn()
    spare_the_collector()  # as every service does once it has started
    ours, peers, parts = [], [], []
    for turn in range(ROUNDS):
        ours.append(seconds(selector.turn) / BATCH * 1e6)
        few = [images[(turn * PEERS + number) % len(images)] for number in range(PEERS)]
        peers.append(seconds(partial(_peers, few)) / PEERS * 1e6)
        parts.append(selector.parts())
    selector.close()
    decoding, arithmetic = np.median([part[0] for part in parts]), np.median([part[1] for part in parts])
    whole = float(np.median(ours))
    detail = (
        f"6 models, 5 pairs, both roles, {what}; of its time {arithmetic / whole:.0%} arithmetic, "
        f"{decoding / whole:.0%} decoding, {1 - (arithmetic + decoding) / whole:.0%} log, database and bookkeeping"
    )
    return [faster("selector_vs_peers", "us an image", ours, peers, detail)]


def measure_queries(images: list[list[Dense]], folder: Path, queries: int = 400) -> Row:
    """ranking_query_p99_ms: pages of 25 entries over gRPC while predictions come in, against the same at rest."""
    stream, database = open_stream(f"sqlite:///{folder}/query.stream"), open_database(f"sqlite:///{folder}/query.db")
    for topic in (images_topic("bench", 1), TOPIC, models_topic("bench")):
        stream.create(topic)
    stream.publish([Outgoing("bench.models", *encode_model_event(event)) for event in model_events()])
    made = list(itertools.islice(predictions(images), 6_000))
    publish(stream, made[:3_000])
    parts = build(Config(prefix="bench", partitions=1, selector="127.0.0.1:0"), stream, database, Everybody())
    for part in parts:
        part.start()
    server = next(part for part in parts if isinstance(part, Server))
    with Client(selector=server.reachable) as client:
        _wait_for(client, 3_000)
        still = _latencies(client, queries)
        feeding = threading.Thread(target=_feed, args=(stream, made[3_000:]))
        feeding.start()
        busy = _latencies(client, queries)
        feeding.join()
    for part in reversed(parts):
        part.stop()
    database.close()
    stream.close()
    ours, rest = (float(np.percentile(times, 99)) * 1e3 for times in (busy, still))
    detail = f"{queries} pages of 25; median {np.median(busy) * 1e3:.1f} ms; baseline: the same without ingest"
    return share("ranking_query_p99_ms", "ms", [ours], [rest], detail)


def measure_memory(folder: Path, cache: Path, small: int = 20_224, large: int = 200_192) -> Row:
    """selector_memory_growth: resident memory after many images against after few, in a process of its own."""
    command = [sys.executable, "-m", "tests.perf.selecting", str(folder), str(cache), str(small), str(large)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    few, many = (float(item) for item in done.stdout.split()[-2:])
    detail = f"resident after {large:,} images, baseline after {small:,}; predictions replayed from a generator"
    return share("selector_memory_growth", "MiB", [many], [few], detail)


def predictions(images: list[list[Dense]]) -> Iterator[PredictionsMade]:
    """Endless predictions of six models: the maps in turn, under ids and hashes of their own."""
    wires = [[encode(from_dense(dense)) for dense in maps] for maps in images]
    rng = random.Random(0)
    for number in itertools.count():
        moment = datetime.fromtimestamp(1_750_000_000 + number, UTC)
        facts = ImageFacts(f"{rng.getrandbits(128):032x}", rng.getrandbits(64), "camera", moment)
        outcomes = zip(MODELS, wires[number % len(wires)], strict=True)
        yield PredictionsMade(facts, tuple(Prediction(ref, wire, 0.5) for ref, wire in outcomes))


class Selector:
    """A selector's worker, turn by turn, on a stream and a database by URL."""

    def __init__(self, stream: str, database: str) -> None:
        self._stream, self._database = open_stream(stream), open_database(database)
        self._stream.create(TOPIC)
        self._database.prepare(TABLES, upgrade=True)
        with self._database.write() as tx:
            check_identity(tx, TOPIC.name, self._stream.identity(TOPIC.name))
        chores, models = Chores(self._database, CRITERIA, CAPACITY), models_topic("bench")
        roles = LearnRoles(self._database, models.name, CRITERIA, chores.announce)
        self._stream.create(models)
        with self._database.write() as tx:
            follow_identity(tx, models.name, self._stream.identity(models.name))
        self._stream.publish([Outgoing("bench.models", *encode_model_event(event)) for event in model_events()])
        roles.handle(self._stream.consume("bench.models", "roles").poll(1.0, 100))
        for _ in MODELS:
            chores()
        self._absorb = Absorb(self._database, TOPIC.name, CRITERIA, CAPACITY, chores)
        self._consumer = self._stream.consume(TOPIC.name, "bench", lambda _: 0)
        self._last: list[bytes] = []

    def publish(self, made: Iterator[PredictionsMade]) -> None:
        publish(self._stream, made)

    def turn(self) -> None:
        """One batch, from the log to the commit."""
        self._last, taken = [], 0
        while taken < BATCH:
            records = self._consumer.poll(1.0, BATCH - taken)
            if records:
                self._absorb.handle(records)
                self._consumer.commit(0, records[-1].offset + 1)
                self._last += [record.value for record in records if record.value is not None]
                taken += len(records)

    def parts(self) -> tuple[float, float]:
        """Microseconds an image that decoding and arithmetic took of the last turn, done once more on their own."""
        decoded = []

        def decoding() -> None:
            outcomes = [item for value in self._last for item in decode_predictions(value).outcomes]
            decoded.append(decode_all([item.label_map for item in outcomes if isinstance(item, Prediction)]))

        def arithmetic() -> None:
            (maps,) = decoded
            for other in range(1, len(MODELS)):
                targets, others = range(0, len(maps.counts), len(MODELS)), range(other, len(maps.counts), len(MODELS))
                compare(maps, targets, others, Metric(len(VOC)))

        return seconds(decoding) / len(self._last) * 1e6, seconds(arithmetic) / len(self._last) * 1e6

    def close(self) -> None:
        self._consumer.close()
        self._database.close()
        self._stream.close()


def embedded(folder: Path) -> Selector:
    """A selector on a log and a database in a folder."""
    folder.mkdir(parents=True)
    return Selector(f"sqlite:///{folder}/stream.db", f"sqlite:///{folder}/selector.db")


def _peers(images: list[list[Dense]]) -> None:
    for maps in images:
        peers_image(maps)


def model_events() -> list[VersionPublished | RoleChanged]:
    """The first of `MODELS` is the target, the others compete with it."""
    events: list[VersionPublished | RoleChanged] = []
    for number, ref in enumerate(MODELS):
        role = Role.COMPETITOR if number else Role.TARGET
        events += [VersionPublished(ref, VOC.names, VOC.id, CANONICAL, True, b""), RoleChanged(ref.model, role, (1,))]
    return events


def publish(stream: Stream, made: Iterator[PredictionsMade] | list[PredictionsMade], topic: str = TOPIC.name) -> None:
    """Puts predictions on a topic."""
    waiting = iter(made)
    while batch := list(itertools.islice(waiting, 512)):
        stream.publish([Outgoing(topic, m.image.image_id, v) for m in batch for v in encode_predictions(m)])


def _feed(stream: Stream, made: list[PredictionsMade]) -> None:
    """Publishes in small pieces, as a predictor does, faster than the selector takes them."""
    for start in range(0, len(made), 32):
        publish(stream, made[start : start + 32])


def _wait_for(client: Client, images: int) -> None:
    while client.selector_status().images < images or any(item.state != "complete" for item in client.contests()):
        time.sleep(0.1)


def _latencies(client: Client, queries: int) -> list[float]:
    rng = random.Random(1)
    names = [VOC.names[label] for label in VOC.ranked]

    def ask() -> None:
        side = rng.choice(["target", "competitor"])
        client.ranking_page(str(MODELS[0]), str(rng.choice(MODELS[1:])), side, rng.choice(names), page_size=25)

    ask()
    return [seconds(ask) for _ in range(queries)]


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _replay(folder: Path, cache: Path, small: int, large: int) -> None:
    """Absorbs predictions from a generator; prints resident MiB after few and after many images."""
    made = predictions(label_maps(cache)[1])
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        selector = embedded(Path(temporary) / "selector")
        for done in range(0, large, BATCH):
            selector.publish(itertools.islice(made, BATCH))
            selector.turn()
            if done < small <= done + BATCH:
                few = _resident_mib()
        print(few, _resident_mib())
        selector.close()


if __name__ == "__main__":
    _replay(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
