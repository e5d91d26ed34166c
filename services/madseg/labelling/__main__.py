"""Labelling: scores, masks, and what is chosen by them. `python -m madseg.labelling` runs it alone."""

import secrets
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass

from madseg.client.tls import Tls
from madseg.labelling.figures import figures
from madseg.labelling.masking.grpc_api import MasksApi
from madseg.labelling.migrations import TABLES
from madseg.labelling.neighbours import Neighbours, Remote
from madseg.labelling.scoring.errands import Errands
from madseg.labelling.scoring.grpc_api import ScoringApi
from madseg.observing.measured import MeasuredDatabase
from madseg.observing.readings import Readings
from madseg.ports import Database
from madseg.process import serve
from madseg.rpc import ServerSettings, Service, serving
from madseg.runtime import Part, Repeated
from madseg.security.access import Access
from madseg.security.entrance import open_access
from madseg.settings import setting
from madseg.v1.masks_pb2_grpc import add_MasksServiceServicer_to_server
from madseg.v1.scoring_pb2_grpc import add_ScoringServiceServicer_to_server

ERRAND_PAUSE_SECONDS = 0.5
"""Between two looks for what the selector has to be told; a look that finds nothing costs one small query."""


@dataclass(frozen=True)
class Config(ServerSettings):
    """Settings of labelling."""

    database: str = setting("MADSEG_DATABASE", "sqlite:///state/madseg.db", "URL of the database", secret=True)
    prefix: str = setting("MADSEG_PREFIX", "madseg", "Begins the names of topics and groups; the schema in PostgreSQL")
    migrate: bool = setting("MADSEG_MIGRATE", False, "Bring the tables in PostgreSQL up to date at the start")
    selector: str = setting("MADSEG_SELECTOR", "127.0.0.1:7003", "Address of the selector's gRPC server")
    intake: str = setting("MADSEG_INTAKE", "127.0.0.1:7001", "Address of the gateway's gRPC server")
    labelling: str = setting("MADSEG_LABELLING", "127.0.0.1:7004", "Address of the labelling service")
    token: str = setting(
        "MADSEG_LABELLING_TOKEN", "", "Token of an operator, which labelling shows to other services", secret=True
    )


def build(config: Config, database: Database, neighbours: Neighbours, access: Access) -> list[Part]:
    """The parts of labelling, in the order to start them."""
    database = MeasuredDatabase(database, "labelling")
    database.prepare(TABLES, upgrade=config.migrate)
    scoring = ScoringApi(database, neighbours, access, clock=_now, seed=lambda: secrets.randbits(64))
    masks = MasksApi(database, neighbours, access, clock=_now)
    services = [
        Service("madseg.v1.ScoringService", scoring, add_ScoringServiceServicer_to_server),
        Service("madseg.v1.MasksService", masks, add_MasksServiceServicer_to_server),
    ]
    errands = Errands(database, neighbours, _now)
    watched = Readings("labelling", lambda: figures(database, _now))
    return [
        watched,
        Repeated("errands", errands, ERRAND_PAUSE_SECONDS),
        serving(services, config.labelling, access, config),
    ]


def _now() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000


def main() -> None:
    """Runs labelling until it is told to stop."""
    from madseg.adapters.databases import open_database

    def assemble(config: Config, held: ExitStack) -> list[Part]:
        access = open_access(config, [config.labelling])
        database = held.enter_context(closing(open_database(config.database, "labelling", config.prefix)))
        where = (lambda: config.selector, lambda: config.intake)
        neighbours = Remote(*where, config.token or None, Tls.given(*config.calling))
        return build(config, database, neighbours, access)

    serve("labelling", Config, assemble)


if __name__ == "__main__":
    main()
