"""The selector on real Kafka and PostgreSQL against the same on the embedded log and database."""

import itertools
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import inspect

from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from madseg.adapters.databases import open_database
from madseg.adapters.streams import open_stream
from madseg.ports import Database, Outgoing
from madseg.runtime import spare_the_collector
from madseg.selector import __main__ as selector
from madseg.selector.__main__ import BATCH
from madseg.selector.offsets import standing
from madseg.selector.tables import OFFSETS
from madseg.settings import reference
from madseg.wire import encode_model_event, models_topic, predictions_topic
from tests.perf.maps import Dense
from tests.perf.rows import Row, seconds, share
from tests.perf.selecting import WARM_UP, Selector, embedded, model_events, predictions, publish

ROUNDS = 12
PARTITIONS = 4
DRAINED = 6_144
"""Images that one and two processes drain, to see what a second one brings."""


def measure(images: list[list[Dense]], what: str, folder: Path) -> list[Row]:
    """selector_kafka_postgres_vs_embedded."""
    kafka, postgres = Kafka(folder / "kafka"), Postgres(folder / "postgres")
    try:
        kafka.start()
        postgres.start()
        rates, base = _in_turns(images, folder, kafka, postgres)
        one, two = (_drain(images, kafka, postgres, processes, folder) for processes in (1, 2))
    finally:
        kafka.stop()
        postgres.stop()
    detail = (
        f"6 models, 5 pairs, both roles, {what}, one process, one partition; with {PARTITIONS} partitions one process "
        f"takes {one:,.0f} and two take {two:,.0f} images a second, on {os.cpu_count()} cores with both servers"
    )
    return [share("selector_kafka_postgres_vs_embedded", "images a second", rates, base, detail)]


def _in_turns(
    images: list[list[Dense]], folder: Path, kafka: Kafka, postgres: Postgres
) -> tuple[list[float], list[float]]:
    """Images a second of both, batch by batch in turn."""
    real, small = Selector(kafka.url, postgres.url), embedded(folder / "beside")
    for one in (real, small):
        one.publish(itertools.islice(predictions(images), WARM_UP + ROUNDS * BATCH))
        for _ in range(WARM_UP // BATCH):
            one.turn()
    spare_the_collector()
    ours, base = [], []
    for _ in range(ROUNDS):
        ours.append(BATCH / seconds(real.turn))
        base.append(BATCH / seconds(small.turn))
    real.close()
    small.close()
    return ours, base


def _drain(images: list[list[Dense]], kafka: Kafka, postgres: Postgres, processes: int, folder: Path) -> float:
    """Images a second that some selector processes take from topics that are full."""
    prefix = f"bench{uuid.uuid4().hex[:6]}"
    topic, models = predictions_topic(prefix, PARTITIONS), models_topic(prefix)
    stream, database = open_stream(kafka.url), open_database(postgres.url, "selector", prefix)
    for wanted in (topic, models):
        stream.create(wanted)
    stream.publish([Outgoing(models.name, *encode_model_event(event)) for event in model_events()])
    made = predictions(images)
    running = [_launched(kafka, postgres, prefix, folder / f"{prefix}-{number}.log") for number in range(processes)]

    def absorbed() -> int:
        with database.snapshot() as tx:
            return sum(standing(tx, topic.name).values())

    try:
        # All have their partitions and know the models before the clock starts.
        publish(stream, itertools.islice(made, BATCH), topic.name)
        _until(lambda: _has_tables(database) and absorbed() == BATCH)
        for process in running:
            process.send_signal(signal.SIGSTOP)
        publish(stream, itertools.islice(made, DRAINED), topic.name)
        for process in running:
            process.send_signal(signal.SIGCONT)
        took = seconds(lambda: _until(lambda: absorbed() == BATCH + DRAINED))
    finally:
        for process in running:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(60)
        database.close()
        stream.close()
    return DRAINED / took


def _launched(kafka: Kafka, postgres: Postgres, prefix: str, log: Path) -> subprocess.Popen[bytes]:
    known = {variable for variable, *_ in reference(selector.Config)}
    settings = {
        "MADSEG_STREAM": kafka.url,
        "MADSEG_DATABASE": postgres.url,
        "MADSEG_PREFIX": prefix,
        "MADSEG_PARTITIONS": str(PARTITIONS),
        "MADSEG_MIGRATE": "true",
        "MADSEG_SELECTOR": "127.0.0.1:0",
        "MADSEG_INSECURE": "true",
    }
    assert settings.keys() <= known
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MADSEG_")}
    with log.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "madseg.selector"], env={**ours, **settings}, stdout=file, stderr=file
        )


def _has_tables(database: Database) -> bool:
    with database.snapshot() as tx:
        return inspect(tx).has_table(OFFSETS.name)


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline, "the selectors don't get on"
        time.sleep(0.02)
