"""The selector: predictions in, MAD rankings and candidate sets out. `python -m madseg.selector` runs it alone."""

import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial

import structlog

from madseg import project
from madseg.core.preprocess import parse_size
from madseg.core.ranking import NEAR
from madseg.observing.measured import MeasuredDatabase, MeasuredStream
from madseg.observing.readings import Readings
from madseg.ports import Consumer, Database, Stream
from madseg.process import serve
from madseg.rpc import ServerSettings, Service, serving
from madseg.runtime import Part, Repeated, Worker, ensure_topics
from madseg.security.access import Access
from madseg.security.entrance import open_access
from madseg.selector.absorb import Absorb
from madseg.selector.chores import Chores, drop_other_metrics
from madseg.selector.constrain import apply_constraint
from madseg.selector.criteria import Criteria
from madseg.selector.figures import figures
from madseg.selector.grpc_api import SelectorApi
from madseg.selector.layout import load_layout, open_contests
from madseg.selector.migrations import TABLES
from madseg.selector.offsets import behind, check_identity, check_project, follow_identity, next_offset
from madseg.selector.queries import Queries
from madseg.selector.replay import Replay, requester
from madseg.selector.roles import LearnRoles
from madseg.settings import setting
from madseg.v1.selector_pb2_grpc import add_SelectorServiceServicer_to_server
from madseg.wire import dead_topic, models_topic, predictions_topic, replay_group, requests_topic

log = structlog.get_logger("madseg.selector")

BATCH = 256
"""Records per transaction at most."""

REPLAY_PAUSE_SECONDS = 1.0
"""Between two looks for versions that images lack, where there was nothing to do."""


@dataclass(frozen=True)
class Config(ServerSettings):
    """Settings of the selector."""

    stream: str = setting("MADSEG_STREAM", "sqlite:///state/stream.db", "URL of the stream")
    database: str = setting("MADSEG_DATABASE", "sqlite:///state/madseg.db", "URL of the database", secret=True)
    prefix: str = setting("MADSEG_PREFIX", "madseg", "Begins the names of topics and groups; the schema in PostgreSQL")
    migrate: bool = setting("MADSEG_MIGRATE", False, "Bring the tables in PostgreSQL up to date at the start")
    partitions: int = setting("MADSEG_PARTITIONS", 8, "Partitions of the topics of images and predictions")
    taxonomy: str = setting("MADSEG_TAXONOMY", "voc", "Name of a built-in taxonomy or path of a JSON file")
    grid: str = setting("MADSEG_GRID", "513x513", "Canonical grid, HEIGHTxWIDTH in pixels")
    constraint: str = setting("MADSEG_CONSTRAINT", "", "File of the content constraint; empty: none")
    min_class_share: float = setting(
        "MADSEG_MIN_CLASS_SHARE", 0.0, "Share of the grid below which a class doesn't count in the mean, [0, 1)"
    )
    near: int = setting(
        "MADSEG_NEAR_DUPLICATE_BITS",
        NEAR,
        "Bits in which near-duplicates in rankings and M differ at most; -1: off",
    )
    capacity: int = setting("MADSEG_RANKING_CAPACITY", 200, "Images that each ranking holds ready; more are read")
    selector: str = setting("MADSEG_SELECTOR", "127.0.0.1:7003", "Address of the selector's gRPC server")


def build(config: Config, stream: Stream, database: Database, access: Access) -> list[Part]:
    """The parts of the selector, in the order to start them."""
    stream, database = MeasuredStream(stream), MeasuredDatabase(database, "selector")
    taxonomy, grid = project.taxonomy(config.taxonomy), parse_size(config.grid)
    constraint = project.constraint(config.constraint, taxonomy, grid)
    criteria = Criteria(taxonomy, grid, constraint, config.min_class_share)
    topic, models = predictions_topic(config.prefix, config.partitions), models_topic(config.prefix)
    requests = requests_topic(config.prefix, config.partitions)
    ensure_topics(stream, [topic, models, requests, dead_topic(topic.name), dead_topic(models.name)])
    database.prepare(TABLES, upgrade=config.migrate)
    _prepare(database, stream, topic.name, models.name, criteria, config.capacity)

    chores = Chores(database, criteria, config.capacity)
    group = f"{config.prefix}.selector"
    absorb = Absorb(database, topic.name, criteria, config.capacity, chores)
    roles = LearnRoles(database, models.name, criteria, chores.announce)

    def position(topic: str, partition: int) -> int:
        with database.snapshot() as tx:
            return next_offset(tx, topic, partition)

    def consumer(topic: str, of: str | None) -> Consumer:
        return stream.consume(topic, of, partial(position, topic))

    predictions = Worker("selector", stream, lambda: consumer(topic.name, group), absorb, BATCH)
    learning = Worker("roles", stream, lambda: consumer(models.name, None), roles, BATCH, rereads=True)
    request = requester(stream, requests.name)
    replay = Replay(
        database,
        topic.name,
        criteria,
        request,
        waiting=lambda: stream.waiting(requests.name, replay_group(config.prefix)),
        clock=_now,
    )
    queries = Queries(database, topic.name, criteria, config.near, chores.thin.add)
    api = SelectorApi(
        database,
        topic.name,
        queries,
        request,
        clock=_now,
        lag=lambda offsets: behind(offsets, stream.end_offsets(topic.name)),
    )
    service = Service("madseg.v1.SelectorService", api, add_SelectorServiceServicer_to_server)
    replaying = Repeated("replay", replay, REPLAY_PAUSE_SECONDS)
    watched = Readings("selector", lambda: figures(database, criteria))
    return [
        watched,
        learning,
        predictions,
        replaying,
        serving([service], config.selector, access, config),
    ]


def _now() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000


def _prepare(database: Database, stream: Stream, topic: str, models: str, criteria: Criteria, capacity: int) -> None:
    """Offsets and caches as this configuration wants them."""
    identity, of_models = stream.identity(topic), stream.identity(models)
    with database.write() as tx:
        check_identity(tx, topic, identity)
        follow_identity(tx, models, of_models)
        check_project(tx, criteria.taxonomy.id, str(criteria.grid))
        dropped = drop_other_metrics(tx, criteria)
    rebuilt = apply_constraint(database, criteria, capacity)
    with database.write() as tx:
        open_contests(tx, load_layout(tx, criteria), criteria)
    log.info("selector_prepared", criteria=criteria.id, rankings_rebuilt=rebuilt, contests_dropped=dropped)


def main() -> None:
    """Runs the selector until it is told to stop."""
    from madseg.adapters.databases import open_database
    from madseg.adapters.streams import open_stream

    def assemble(config: Config, held: ExitStack) -> list[Part]:
        stream = held.enter_context(closing(open_stream(config.stream)))
        database = held.enter_context(closing(open_database(config.database, "selector", config.prefix)))
        access = open_access(config, [config.selector])
        return build(config, stream, database, access)

    serve("selector", Config, assemble)


if __name__ == "__main__":
    main()
