"""The predictor: images in, predictions out. `python -m madseg.predictor` runs one, and there may be many.

Which versions to ask it learns from the stream, where the Models service (`models.py`) says so.
"""

from contextlib import ExitStack, closing
from dataclasses import dataclass

import structlog

from madseg import project
from madseg.core.errors import InvalidInput, Unavailable
from madseg.core.preprocess import parse_size
from madseg.observing.measured import MeasuredInference, MeasuredStream
from madseg.observing.readings import Readings
from madseg.ports import Blobs, Consumer, Inference, Stream
from madseg.predictor.current import CurrentVersions
from madseg.predictor.figures import of_predictor
from madseg.predictor.predict import Asking, Predict
from madseg.predictor.replay import Replay, Yielding
from madseg.process import serve
from madseg.runtime import POLL_SECONDS, Part, Worker, ensure_topics
from madseg.settings import setting
from madseg.wire import (
    dead_topic,
    images_topic,
    live_group,
    models_topic,
    predictions_topic,
    replay_group,
    requests_topic,
)

log = structlog.get_logger("madseg.predictor")

BATCH = 64
"""Images between two commits at most: what is predicted again after a kill."""

REPLAY_BATCH = 16
"""The same for a replay: how many images one that has just come in may have to wait for."""

GROUPS = ("live", "replay")


@dataclass(frozen=True)
class Config:
    """Settings of the predictor."""

    stream: str = setting("MADSEG_STREAM", "sqlite:///state/stream.db", "URL of the stream")
    blobs: str = setting("MADSEG_BLOBS", "file:state/blobs", "URL of the file store")
    repository: str = setting("MADSEG_REPOSITORY", "model_repository", "Folder of the model repository")
    inference: str = setting("MADSEG_INFERENCE", "", "URL of the inference server; empty: ONNX Runtime in process")
    threads: int = setting("MADSEG_THREADS", 0, "Pictures worked on at once in process; 0: one per CPU")
    groups: str = setting(
        "MADSEG_GROUPS", "live,replay", "What this process does: images as they come, and those that are in already"
    )
    window: int = setting("MADSEG_WINDOW", 8, "Images under way at once")
    answer_seconds: float = setting("MADSEG_ANSWER_SECONDS", 30.0, "Seconds after which a network has failed")
    prefix: str = setting("MADSEG_PREFIX", "madseg", "Begins the names of topics and groups; the schema in PostgreSQL")
    partitions: int = setting("MADSEG_PARTITIONS", 8, "Partitions of the topics of images and predictions")
    taxonomy: str = setting("MADSEG_TAXONOMY", "voc", "Name of a built-in taxonomy or path of a JSON file")
    grid: str = setting("MADSEG_GRID", "513x513", "Canonical grid, HEIGHTxWIDTH in pixels")


def versions(config: Config, inference: Inference) -> CurrentVersions:
    """What a predictor knows of the models; nothing yet."""
    return CurrentVersions(MeasuredInference(inference), project.taxonomy(config.taxonomy).id, parse_size(config.grid))


def build(config: Config, stream: Stream, blobs: Blobs, inference: Inference, current: CurrentVersions) -> list[Part]:
    """The parts of the predictor, in the order to start them."""
    stream, inference = MeasuredStream(stream), MeasuredInference(inference)
    grid = parse_size(config.grid)
    images = images_topic(config.prefix, config.partitions)
    requests = requests_topic(config.prefix, config.partitions)
    predictions, models = predictions_topic(config.prefix, config.partitions), models_topic(config.prefix)
    dead = [dead_topic(topic.name) for topic in (images, requests, models)]
    ensure_topics(stream, [images, requests, predictions, models, *dead])

    group = live_group(config.prefix)
    learning = Worker("models", stream, lambda: stream.consume(models.name), current, BATCH, rereads=True)

    def knows_all(seconds: float) -> bool:
        return current.wait_for(stream.end_offsets(models.name)[0], seconds)

    def consumer(topic: str, of: str) -> Consumer:
        if not learning.caught_up.wait(POLL_SECONDS):
            raise Unavailable("the models aren't all known yet, and no image is asked about before")
        return stream.consume(topic, of)

    asking = Asking(stream, blobs, inference, predictions.name, grid, config.window, config.answer_seconds)
    predict = Predict(asking, lambda: current.asked)
    replay = Replay(asking, blobs, lambda: current.asked, lambda: knows_all(POLL_SECONDS))
    live = Worker("live", stream, lambda: consumer(images.name, group), predict, BATCH)
    behind = Worker(
        "replay",
        stream,
        lambda: Yielding(consumer(requests.name, replay_group(config.prefix)), lambda: live.lag > 0),
        replay,
        REPLAY_BATCH,
    )
    working = [worker for name, worker in zip(GROUPS, (live, behind), strict=True) if name in _groups(config)]

    log.info("predictor_prepared", inference=inference.describe())
    return [learning, *working, Readings("predictor", lambda: of_predictor(current.asked))]


def _groups(config: Config) -> set[str]:
    named = {name.strip() for name in config.groups.split(",")}
    if not named <= set(GROUPS):
        raise InvalidInput(f"MADSEG_GROUPS names {' and '.join(GROUPS)}, or one of them, got {config.groups!r}")
    return named


def main() -> None:
    """Runs the predictor until it is told to stop."""
    from madseg.adapters.blobs import open_blobs
    from madseg.adapters.inference import open_inference
    from madseg.adapters.streams import open_stream

    def assemble(config: Config, held: ExitStack) -> list[Part]:
        stream = held.enter_context(closing(open_stream(config.stream)))
        blobs = held.enter_context(closing(open_blobs(config.blobs)))
        where = config.inference or f"onnxruntime:{config.repository}"
        inference = held.enter_context(closing(open_inference(where, config.threads, config.answer_seconds)))
        return build(config, stream, blobs, inference, versions(config, inference))

    serve("predictor", Config, assemble)


if __name__ == "__main__":
    main()
