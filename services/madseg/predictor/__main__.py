"""The predictor: images in, predictions out; it owns the models. `python -m madseg.predictor` runs it alone."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from madseg import project
from madseg.core.errors import Unavailable
from madseg.core.preprocess import parse_size
from madseg.ports import Blobs, Consumer, Inference, Stream
from madseg.predictor.catalogue import Catalogue, announcer
from madseg.predictor.current import CurrentVersions
from madseg.predictor.grpc_api import ModelsApi
from madseg.predictor.predict import Predict
from madseg.rpc import Server, Service
from madseg.runtime import POLL_SECONDS, Part, Worker, configure_logging, run
from madseg.settings import describe, load, setting
from madseg.v1.models_pb2_grpc import add_ModelsServiceServicer_to_server
from madseg.wire import dead_topic, images_topic, models_topic, predictions_topic

log = structlog.get_logger("madseg.predictor")

BATCH = 64
"""Images between two commits at most: what is predicted again after a kill."""

SETTLE_SECONDS = 20.0
"""Longest wait of a call that changes models for the predictor to have loaded them."""


@dataclass(frozen=True)
class Config:
    """Settings of the predictor."""

    stream: str = setting("MADSEG_STREAM", "sqlite:///state/stream.db", "URL of the stream")
    blobs: str = setting("MADSEG_BLOBS", "file:state/blobs", "URL of the file store")
    repository: str = setting("MADSEG_REPOSITORY", "model_repository", "Folder of the model repository")
    inference: str = setting("MADSEG_INFERENCE", "", "URL of the inference server; empty: ONNX Runtime in process")
    threads: int = setting("MADSEG_THREADS", 0, "Pictures worked on at once in process; 0: one per CPU")
    window: int = setting("MADSEG_WINDOW", 8, "Images under way at once")
    answer_seconds: float = setting("MADSEG_ANSWER_SECONDS", 30.0, "Seconds after which a network has failed")
    prefix: str = setting("MADSEG_PREFIX", "madseg", "What the names of topics and groups begin with")
    partitions: int = setting("MADSEG_PARTITIONS", 8, "Partitions of the topics of images and predictions")
    taxonomy: str = setting("MADSEG_TAXONOMY", "voc", "Name of a built-in taxonomy or path of a JSON file")
    grid: str = setting("MADSEG_GRID", "513x513", "Canonical grid, HEIGHTxWIDTH in pixels")
    models: str = setting("MADSEG_MODELS", "127.0.0.1:7002", "Address of the Models gRPC server")


def build(config: Config, stream: Stream, blobs: Blobs, inference: Inference) -> list[Part]:
    """The parts of the predictor, in the order to start them."""
    taxonomy, grid = project.taxonomy(config.taxonomy), parse_size(config.grid)
    images = images_topic(config.prefix, config.partitions)
    predictions, models = predictions_topic(config.prefix, config.partitions), models_topic(config.prefix)
    for topic in (images, predictions, models, dead_topic(images.name), dead_topic(models.name)):
        stream.create(topic)

    announce = announcer(stream, models.name)
    catalogue = Catalogue(Path(config.repository), taxonomy, grid, announce, lambda: datetime.now(UTC))
    catalogue.announce_all()
    current = CurrentVersions(inference, taxonomy.id, grid)
    group = f"{config.prefix}.live"
    learning = Worker(
        "models", stream, lambda: stream.consume(models.name, group, lambda _: 0), current, BATCH, rereads=True
    )

    def consumer() -> Consumer:
        if not learning.caught_up.wait(POLL_SECONDS):
            raise Unavailable("the models aren't all known yet, and no image is asked about before")
        return stream.consume(images.name, group)

    predict = Predict(
        stream, blobs, inference, lambda: current.asked, predictions.name, grid, config.window, config.answer_seconds
    )

    def settle() -> None:
        current.wait_for(stream.end_offsets(models.name)[0], SETTLE_SECONDS)

    service = Service("madseg.v1.ModelsService", ModelsApi(catalogue, settle), add_ModelsServiceServicer_to_server)
    log.info("predictor_prepared", inference=inference.describe(), models=len(catalogue.models()))
    return [learning, Worker("live", stream, consumer, predict, BATCH), Server([service], config.models)]


def main() -> None:
    """Runs the predictor until it is told to stop."""
    from madseg.adapters.blobs import open_blobs
    from madseg.adapters.inference import open_inference
    from madseg.adapters.streams import open_stream

    config = load(Config)
    configure_logging(json=True)
    log.info("starting", service="predictor", **describe(config))
    stream, blobs = open_stream(config.stream), open_blobs(config.blobs)
    inference = open_inference(config.inference or f"onnxruntime:{config.repository}", config.threads)
    run(build(config, stream, blobs, inference))
    inference.close()
    blobs.close()
    stream.close()


if __name__ == "__main__":
    main()
