"""Records that no product part wrote, and the dead letters that come of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from madseg.adapters.streams import open_stream
from madseg.core.label_map import encode, from_dense
from madseg.core.messages import ImageFacts, Prediction, PredictionsMade, VersionRef
from madseg.ports import Outgoing, Record
from madseg.wire import dead_topic, encode_predictions, images_topic, models_topic, predictions_topic

PARTITIONS = 3
TOPICS = (
    images_topic("madseg", PARTITIONS),
    predictions_topic("madseg", PARTITIONS),
    models_topic("madseg"),
)
NOT_PROTOBUF = b"\xff\xff\xffthis is no record"


def publish(state: Path, records: Sequence[Outgoing]) -> None:
    """Writes records into the stream of a state whose process doesn't run."""
    state.mkdir(parents=True, exist_ok=True)
    stream = open_stream(f"sqlite:///{state}/stream.db")
    for topic in TOPICS:
        stream.create(topic)
    stream.publish(records)
    stream.close()


def dead_letters(state: Path) -> dict[str, list[Record]]:
    """The dead letters of a state by topic."""
    stream = open_stream(f"sqlite:///{state}/stream.db")
    found: dict[str, list[Record]] = {}
    for topic in TOPICS:
        name = dead_topic(topic.name).name
        end = sum(stream.end_offsets(name).values())
        consumer = stream.consume(name, "test", lambda _: 0)
        found[topic.name] = consumer.poll(1, 1000) if end else []
        consumer.close()
    stream.close()
    return found


def predictions(image_id: str, maps: dict[str, NDArray[np.uint8]]) -> list[Outgoing]:
    """The records of label maps by version 1 of models."""
    facts = ImageFacts(image_id, None, "elsewhere", datetime(2026, 1, 1, tzinfo=UTC))
    outcomes = tuple(Prediction(VersionRef(name, 1), encode(from_dense(dense))) for name, dense in maps.items())
    values = encode_predictions(PredictionsMade(facts, outcomes))
    return [Outgoing(TOPICS[1].name, image_id, value) for value in values]
