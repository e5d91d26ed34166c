"""The Models service, the one owner of the model repository. `python -m madseg.predictor.models` runs it alone.

There is one process of it in a deployment, and as many predictors as wanted.
"""

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from madseg import project
from madseg.core.preprocess import parse_size
from madseg.observing.measured import MeasuredStream
from madseg.observing.readings import Readings
from madseg.ports import Inference, Stream
from madseg.predictor.announce import announcer
from madseg.predictor.apart.asking import MEMORY_BYTES, SECONDS, Apart
from madseg.predictor.catalogue import Catalogue
from madseg.predictor.figures import of_models
from madseg.predictor.grpc_api import ModelsApi
from madseg.predictor.trial import Trial
from madseg.predictor.triton_config import Serving
from madseg.process import serve
from madseg.rpc import ServerSettings, Service, serving
from madseg.runtime import Part, Repeated, ensure_topics
from madseg.security.access import Access
from madseg.security.entrance import open_access
from madseg.settings import setting
from madseg.v1.models_pb2_grpc import add_ModelsServiceServicer_to_server
from madseg.wire import models_topic

log = structlog.get_logger("madseg.models")

SETTLE_SECONDS = 20.0
"""Longest wait of a call that changes models for the predictor beside it to go by that."""

ALIGN_SECONDS = 60.0
"""Between two looks whether the server serves what the repository says: it may have been started anew."""


@dataclass(frozen=True)
class Config(ServerSettings):
    """Settings of the Models service."""

    stream: str = setting("MADSEG_STREAM", "sqlite:///state/stream.db", "URL of the stream")
    repository: str = setting("MADSEG_REPOSITORY", "model_repository", "Folder of the model repository")
    inference: str = setting("MADSEG_INFERENCE", "", "URL of the inference server; empty: ONNX Runtime in process")
    prefix: str = setting("MADSEG_PREFIX", "madseg", "Begins the names of topics and groups; the schema in PostgreSQL")
    taxonomy: str = setting("MADSEG_TAXONOMY", "voc", "Name of a built-in taxonomy or path of a JSON file")
    grid: str = setting("MADSEG_GRID", "513x513", "Canonical grid, HEIGHTxWIDTH in pixels")
    models: str = setting("MADSEG_MODELS", "127.0.0.1:7002", "Address of the Models gRPC server")
    max_batch: int = setting("MADSEG_TRITON_MAX_BATCH", 8, "Triton: pictures in one run of a network at most")
    queue_delay_us: int = setting("MADSEG_TRITON_QUEUE_DELAY_US", 2000, "Triton: microseconds to wait for a batch")
    instances: int = setting("MADSEG_TRITON_INSTANCES", 1, "Triton: copies of each network per device")
    cpu_threads: int = setting("MADSEG_TRITON_THREADS", 0, "Triton: threads of a network on the CPU; 0: one per core")
    gpu_memory: int = setting("MADSEG_TRITON_GPU_MEMORY", 0, "Triton: bytes of GPU memory per network; 0: no limit")
    check_memory: int = setting(
        "MADSEG_CHECK_MEMORY", MEMORY_BYTES, "Bytes of memory for reading and checking a network"
    )
    check_seconds: int = setting(
        "MADSEG_CHECK_SECONDS", SECONDS, "Seconds that reading and checking a network may take"
    )
    tensorrt: str = setting("MADSEG_TRITON_TENSORRT", "", "Triton: precision of TensorRT, FP32 or FP16; empty: without")

    @property
    def serving(self) -> Serving:
        """What every config.pbtxt is made with."""
        return Serving(
            max_batch=self.max_batch,
            queue_delay_us=self.queue_delay_us,
            instances=self.instances,
            threads=self.cpu_threads,
            gpu_memory_bytes=self.gpu_memory,
            tensorrt=self.tensorrt,
        )


def build(
    config: Config,
    stream: Stream,
    inference: Inference | None,
    access: Access,
    wait_for: Callable[[int, float], bool] | None = None,
) -> list[Part]:
    """The parts of the service, in the order to start them.

    On `inference` versions are tried; None where there is no server. `wait_for(end, seconds)` waits until a predictor
    in this process goes by every record of the models topic before offset `end`.
    """
    stream = MeasuredStream(stream)
    topic, grid = models_topic(config.prefix), parse_size(config.grid)
    ensure_topics(stream, [topic])

    def settle() -> None:
        if wait_for is not None:
            wait_for(stream.end_offsets(topic.name)[0], SETTLE_SECONDS)

    apart = Apart(config.check_memory, config.check_seconds, keep=True)
    catalogue = Catalogue(
        Path(config.repository),
        project.taxonomy(config.taxonomy),
        grid,
        announcer(stream, topic.name),
        lambda: datetime.now(UTC),
        serving=config.serving,
        verify=apart,
        trial=None if inference is None else Trial(inference, grid),
        settle=settle,
    )
    catalogue.begin()
    service = Service("madseg.v1.ModelsService", ModelsApi(catalogue), add_ModelsServiceServicer_to_server)
    log.info("models_prepared", models=len(catalogue.models()))
    watched = Readings("models", lambda: of_models(catalogue.models))
    server = serving([service], config.models, access, config)
    return [watched, apart, server, Repeated("align", catalogue.align, ALIGN_SECONDS)]


def main() -> None:
    """Runs the Models service until it is told to stop."""
    from madseg.adapters.inference import open_inference
    from madseg.adapters.streams import open_stream

    def assemble(config: Config, held: ExitStack) -> list[Part]:
        stream = held.enter_context(closing(open_stream(config.stream)))
        access = open_access(config, [config.models])
        if not config.inference:
            # Predictors run the networks themselves: the check that each network passes here is the trial.
            return build(config, stream, None, access)
        return build(config, stream, held.enter_context(closing(open_inference(config.inference))), access)

    serve("models", Config, assemble)


if __name__ == "__main__":
    main()
