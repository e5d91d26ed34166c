"""Generated prediction streams: many ties, voids, failures, near-duplicates and lanes on a tiny grid."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from madseg.core.label_map import encode, from_dense
from madseg.core.messages import (
    ImageFacts,
    ModelEvent,
    Prediction,
    PredictionFailure,
    PredictionsMade,
    Role,
    RoleChanged,
    VersionPublished,
    VersionRef,
)
from madseg.core.preprocess import Size
from madseg.core.taxonomy import Taxonomy, taxonomy_of
from madseg.ports import Record
from madseg.wire import encode_model_event, encode_predictions
from tests import reference

GRID = Size(6, 8)
TAXONOMY: Taxonomy = taxonomy_of("tiny", ["ground", "tree", "car", "bird"], unranked=["ground"])
TARGET = VersionRef("alpha", 1)
COMPETITORS = (VersionRef("beta", 1), VersionRef("gamma", 1), VersionRef("delta", 1))
TOPIC, MODELS = "madseg.predictions", "madseg.models"


def model_records(covers: Sequence[str] = TAXONOMY.names) -> list[Record]:
    """The models topic: a target and three competitors; gamma knows only the classes in `covers`."""
    events: list[ModelEvent] = []
    for ref in (TARGET, *COMPETITORS):
        known = tuple(covers) if ref.model == "gamma" else TAXONOMY.names
        events.append(VersionPublished(ref, known, TAXONOMY.id, GRID, False, b""))
        role = Role.TARGET if ref == TARGET else Role.COMPETITOR
        events.append(RoleChanged(ref.model, role, (1,)))
    return announced(*events)


def announced(*events: ModelEvent, first: int = 0) -> list[Record]:
    """Events on the models topic, from an offset on."""
    return [Record(MODELS, 0, n, *encode_model_event(event), {}) for n, event in enumerate(events, first)]


def images(seed: int, number: int) -> list[reference.Image]:
    """Images whose maps come from a small pool, so that discrepancies tie, with voids, gaps and near hashes."""
    rng = np.random.default_rng(seed)
    pool = [_dense(rng) for _ in range(6)]
    found = []
    for n in range(number):
        maps = {}
        for ref in (TARGET, *COMPETITORS):
            if rng.random() < 0.9:
                dense = pool[rng.integers(6)] if rng.random() < 0.5 else _dense(rng)
                maps[ref.model] = dense
        hashed = int(rng.integers(0, 1 << 63)) * 2 + 1 if n % 3 else 0b1011 << (n % 40)
        found.append(
            reference.Image(f"{int(rng.integers(1 << 62)):032x}", maps, None if n % 17 == 0 else hashed, n % 13 == 0)
        )
    return found


def _dense(rng: np.random.Generator) -> reference.Dense:
    dense = np.zeros((GRID.height, GRID.width), np.uint8)
    for _ in range(int(rng.integers(0, 4))):
        top, left = rng.integers(0, GRID.height), rng.integers(0, GRID.width)
        dense[top : top + rng.integers(1, 5), left : left + rng.integers(1, 6)] = rng.choice([0, 1, 2, 3, 255])
    return dense


START = datetime(2026, 1, 1, tzinfo=UTC)


def facts(image: reference.Image) -> ImageFacts:
    """What is known of an image: source, times, tags, all drawn by its id."""
    draw = random.Random(image.image_id)
    return ImageFacts(
        image.image_id,
        image.perceptual_hash,
        draw.choice(["camera", "crawl", "phone"]),
        START + timedelta(minutes=draw.randrange(1000)),
        draw.choice([{}, {"weather": "rain"}, {"weather": "sun", "site": "gate"}, {"weather": "rain", "site": "gate"}]),
        image.random_lane,
        START + timedelta(hours=draw.randrange(1000)),
    )


def events(found: Sequence[reference.Image], rng: random.Random) -> list[PredictionsMade]:
    """Records of the images: some split over two, in any order, a third of them delivered twice."""
    made = []
    for image in found:
        outcomes = [
            Prediction(ref, encode(from_dense(image.maps[ref.model])))
            if ref.model in image.maps
            else PredictionFailure(ref, "no answer")
            for ref in (TARGET, *COMPETITORS)
        ]
        rng.shuffle(outcomes)
        cut = rng.choice([0, 0, 1, 2])
        made += [PredictionsMade(facts(image), tuple(part)) for part in (outcomes[:cut], outcomes[cut:]) if part]
    made += rng.sample(made, len(made) // 3)
    rng.shuffle(made)
    return made


def records(made: Sequence[PredictionsMade], partitions: int, offsets: list[int] | None = None) -> list[Record]:
    """The events as records of partitions; an image always goes to the same one.

    `offsets` are the partitions' ends, for records that follow others; they grow with these.
    """
    offsets = [0] * partitions if offsets is None else offsets
    out = []
    for event in made:
        partition = int(event.image.image_id, 16) % partitions
        for value in encode_predictions(event):
            out.append(Record(TOPIC, partition, offsets[partition], event.image.image_id, value, {}))
            offsets[partition] += 1
    return out
