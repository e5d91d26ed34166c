"""The gateway: images and label maps in, records on the stream out. `python -m madseg.gateway` runs it alone."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass

from madseg import project
from madseg.client import Client
from madseg.client.tls import Tls
from madseg.core.errors import InvalidInput, NotFound
from madseg.core.messages import VersionRef
from madseg.core.preprocess import parse_size
from madseg.core.taxonomy import Taxonomy
from madseg.gateway import forget
from madseg.gateway.accept import Intake, Policy
from madseg.gateway.caps import parse_caps
from madseg.gateway.chores import expiring, finishing, reopening, tidying
from madseg.gateway.decode import LIMITS, Limits
from madseg.gateway.forget import Forgetting
from madseg.gateway.grpc_api import IntakeApi
from madseg.gateway.history import History
from madseg.gateway.http_api import create_app
from madseg.gateway.http_server import HttpServer
from madseg.gateway.import_predictions import ImportPredictions
from madseg.gateway.migrations import TABLES
from madseg.gateway.neighbours import expiry_at, labelling_at, models_at, selector_at
from madseg.gateway.web.application import Connect, Pages, Settings
from madseg.gateway.web.callers import Door
from madseg.gateway.web.overview import OPTIONAL
from madseg.observing.measured import MeasuredDatabase, MeasuredStream
from madseg.ports import Blobs, Database, Stream
from madseg.process import serve
from madseg.rpc import Server, ServerSettings, Service
from madseg.runtime import Part, ensure_topics
from madseg.security.access import Access
from madseg.security.admission import Admission
from madseg.security.entrance import open_access
from madseg.security.guarding import beside, guard
from madseg.security.tls import open_tls
from madseg.settings import setting
from madseg.v1.intake_pb2_grpc import add_IntakeServiceServicer_to_server
from madseg.wire import images_topic, predictions_topic


@dataclass(frozen=True)
class Config(ServerSettings):
    """Settings of the gateway."""

    stream: str = setting("MADSEG_STREAM", "sqlite:///state/stream.db", "URL of the stream")
    database: str = setting("MADSEG_DATABASE", "sqlite:///state/madseg.db", "URL of the database", secret=True)
    blobs: str = setting("MADSEG_BLOBS", "file:state/blobs", "URL of the store of pictures")
    prefix: str = setting("MADSEG_PREFIX", "madseg", "Begins the names of topics and groups; the schema in PostgreSQL")
    migrate: bool = setting("MADSEG_MIGRATE", False, "Bring the tables in PostgreSQL up to date at the start")
    partitions: int = setting("MADSEG_PARTITIONS", 8, "Partitions of the topics of images and predictions")
    taxonomy: str = setting("MADSEG_TAXONOMY", "voc", "Name of a built-in taxonomy or path of a JSON file")
    grid: str = setting("MADSEG_GRID", "513x513", "Canonical grid, HEIGHTxWIDTH in pixels")
    random_lane: float = setting("MADSEG_RANDOM_LANE", 0.02, "Share of images that are never mined, [0, 1]")
    history_days: float = setting("MADSEG_HISTORY_DAYS", 0.0, "Days that images are kept; 0: for ever")
    max_bytes: int = setting("MADSEG_MAX_BYTES", LIMITS.max_bytes, "Largest file that is taken in, bytes")
    max_pixels: int = setting("MADSEG_MAX_PIXELS", LIMITS.max_pixels, "Largest picture, height times width")
    decoders: int = setting("MADSEG_DECODERS", 4, "Pictures decoded at once; each takes 4 to 12 bytes a pixel")
    caps: str = setting(
        "MADSEG_INTAKE_CAPS",
        "",
        "Images taken in per source and time, such as `camera-7=1000/h,*=100000/d`; empty: any",
    )
    http: str = setting("MADSEG_HTTP", "127.0.0.1:8080", "Address of the HTTP server")
    intake: str = setting("MADSEG_INTAKE", "127.0.0.1:7001", "Address of the gateway's gRPC server")
    models: str = setting("MADSEG_MODELS", "127.0.0.1:7002", "Address of the Models service")
    selector: str = setting("MADSEG_SELECTOR", "127.0.0.1:7003", "Address of the selector's gRPC server")
    labelling: str = setting("MADSEG_LABELLING", "127.0.0.1:7004", "Address of the labelling service")
    finetune: str = setting("MADSEG_FINETUNE", "127.0.0.1:7005", "Address of the fine-tune service")
    rounds: str = setting("MADSEG_ROUNDS", "127.0.0.1:7006", "Address of the rounds service")
    token: str = setting(
        "MADSEG_GATEWAY_TOKEN", "", "Token of an operator, which the gateway shows to other services", secret=True
    )


def build(
    config: Config,
    stream: Stream,
    database: Database,
    blobs: Blobs,
    *,
    taxonomy: Taxonomy | None = None,
    is_imported: Callable[[VersionRef], bool] | None = None,
    forget_elsewhere: forget.Part | None = None,
    expire_in_selector: Callable[[Sequence[str], int], None] | None = None,
    connect: Connect | None = None,
    access: Access | None = None,
    clock: Callable[[], int] = lambda: time.time_ns() // 1000,
) -> list[Part]:
    """The parts of the gateway, in the order to start them; what isn't given is asked for over gRPC."""
    stream, database = MeasuredStream(stream), MeasuredDatabase(database, "gateway")
    access = access or open_access(config, [config.intake, config.http])
    tls = open_tls(config)
    policy = _policy(config)
    ensure_topics(stream, [topic(config.prefix, config.partitions) for topic in (images_topic, predictions_topic)])
    database.prepare(TABLES, upgrade=config.migrate)

    classes = taxonomy or project.taxonomy(config.taxonomy)
    intake = Intake(stream, database, blobs, policy, clock, config.prefix)
    imports = ImportPredictions(
        stream,
        database,
        policy,
        classes,
        is_imported or models_at(config.models, config.token or None, Tls.given(*config.calling)),
        clock,
        config.prefix,
    )
    elsewhere = forget_elsewhere or _elsewhere(config)
    forgetting = Forgetting(stream, database, blobs, elsewhere, clock, config.prefix)
    forgetting.reopen()
    api = IntakeApi(intake, imports, forgetting)
    service = Service("madseg.v1.IntakeService", api, add_IntakeServiceServicer_to_server)
    guarded = guard(config)
    door = Door(access, insecure=config.insecure, rates=guarded.rates)
    pages = _pages(config, intake, policy, classes, door, connect)
    chores = [finishing(forgetting), reopening(forgetting)]
    if policy.caps:
        chores.append(tidying(intake.caps))
    if config.history_days:
        expire = expire_in_selector or expiry_at(config.selector, config.token or None, Tls.given(*config.calling))
        history = History(stream, database, blobs, expire, clock, config.prefix, config.history_days)
        chores.append(expiring(history))
    app = create_app(intake, intake.check, pages, door, beside(guarded, config))
    server = Server(
        [service],
        config.intake,
        Admission(access),
        guarded,
        tls=tls,
        health=config.health,
        setting="MADSEG_INTAKE",
    )
    return [*chores, server, HttpServer(app, config.http, tls), pages]


def _elsewhere(config: Config) -> forget.Part:
    """Labelling first: once the selector has forgotten, nobody is told of the image any more."""
    shown = config.token or None, Tls.given(*config.calling)
    selector = selector_at(config.selector, *shown)
    return forget.together(labelling_at(config.labelling, *shown), selector) if config.labelling else selector


def _pages(
    config: Config, intake: Intake, policy: Policy, taxonomy: Taxonomy, door: Door, connect: Connect | None
) -> Pages:
    def to_services(timeout: float) -> Client:
        services = (config.selector, config.models, config.labelling, config.finetune or None, config.rounds or None)
        tls = Tls.given(*config.calling)
        return Client(None, *services, token=config.token or None, timeout=timeout, tls=tls)

    def counts() -> dict[str, int]:
        return {"random_lane": intake.random_lane()}

    def picture(image: str) -> bytes | None:
        try:
            return intake.picture(image, original=False)[0]
        except NotFound:
            return None

    parts = [name for name in OPTIONAL if getattr(config, name)]
    return Pages(Settings(door, connect or to_services, taxonomy, policy.grid, counts, parts, picture))


def _policy(config: Config) -> Policy:
    if not 0 <= config.random_lane <= 1:
        raise InvalidInput(f"MADSEG_RANDOM_LANE must be in [0, 1], got {config.random_lane}", field="random_lane")
    if config.history_days < 0:
        raise InvalidInput(f"MADSEG_HISTORY_DAYS must be 0 (for ever) or more, got {config.history_days}")
    for name, value in (("BYTES", config.max_bytes), ("PIXELS", config.max_pixels)):
        if value < 1:
            raise InvalidInput(f"MADSEG_MAX_{name} must be at least 1, got {value}")
    if config.max_bytes > LIMITS.max_bytes:
        raise InvalidInput(f"MADSEG_MAX_BYTES is at most {LIMITS.max_bytes}, which is what gRPC carries")
    if config.max_held < config.max_bytes:
        raise InvalidInput(f"MADSEG_MAX_HELD_BYTES must have room for one file of {config.max_bytes} bytes")
    if config.decoders < 1:
        raise InvalidInput(f"MADSEG_DECODERS must be at least 1, got {config.decoders}")
    limits = Limits(config.max_bytes, config.max_pixels)
    return Policy(parse_size(config.grid), config.random_lane, limits, config.decoders, parse_caps(config.caps))


def main() -> None:
    """Runs the gateway until it is told to stop."""
    from madseg.adapters.blobs import open_blobs
    from madseg.adapters.databases import open_database
    from madseg.adapters.streams import open_stream

    def assemble(config: Config, held: ExitStack) -> list[Part]:
        stream = held.enter_context(closing(open_stream(config.stream)))
        database = held.enter_context(closing(open_database(config.database, "gateway", config.prefix)))
        blobs = held.enter_context(closing(open_blobs(config.blobs)))
        return build(config, stream, database, blobs)

    serve("gateway", Config, assemble)


if __name__ == "__main__":
    main()
