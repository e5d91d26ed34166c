"""Rounds: Algorithm 1 from the competition to the next version. `python -m madseg.rounds` runs the service alone.

It does none of the work itself: it asks the services that do, over gRPC, and looks at how far they are. There is one
process of it in a deployment.
"""

import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass

from madseg import project
from madseg.client import Client
from madseg.client.tls import Tls
from madseg.observing.measured import MeasuredDatabase
from madseg.ports import Database
from madseg.process import serve
from madseg.rounds.asking import Asking
from madseg.rounds.evaluating import Evaluator
from madseg.rounds.evaluation.grpc_api import EvaluationApi
from madseg.rounds.grpc_api import RoundsApi
from madseg.rounds.migrations import TABLES
from madseg.rounds.neighbours import Neighbours, Remote
from madseg.rounds.steps import Steps
from madseg.rounds.supervise import Supervisor
from madseg.rpc import ServerSettings, Service, serving
from madseg.runtime import Part, Repeated
from madseg.security.access import Access
from madseg.security.entrance import open_access
from madseg.settings import setting
from madseg.v1.evaluation_pb2_grpc import add_EvaluationServiceServicer_to_server
from madseg.v1.rounds_pb2_grpc import add_RoundsServiceServicer_to_server

TURN_SECONDS = 0.5
"""Between two looks at the rounds; one that finds nothing costs one small query."""

CALL_SECONDS = 60.0
"""Deadline of a call to another service."""


@dataclass(frozen=True)
class Config(ServerSettings):
    """Settings of rounds."""

    database: str = setting("MADSEG_DATABASE", "sqlite:///state/madseg.db", "URL of the database", secret=True)
    prefix: str = setting("MADSEG_PREFIX", "madseg", "Begins the names of topics and groups; the schema in PostgreSQL")
    migrate: bool = setting("MADSEG_MIGRATE", False, "Bring the tables in PostgreSQL up to date at the start")
    taxonomy: str = setting("MADSEG_TAXONOMY", "voc", "Name of a built-in taxonomy or path of a JSON file")
    models: str = setting("MADSEG_MODELS", "127.0.0.1:7002", "Address of the Models gRPC server")
    selector: str = setting("MADSEG_SELECTOR", "127.0.0.1:7003", "Address of the selector's gRPC server")
    labelling: str = setting("MADSEG_LABELLING", "127.0.0.1:7004", "Address of the labelling service")
    finetune: str = setting("MADSEG_FINETUNE", "127.0.0.1:7005", "Address of the fine-tune service")
    rounds: str = setting("MADSEG_ROUNDS", "127.0.0.1:7006", "Address of the rounds service")
    token: str = setting(
        "MADSEG_ROUNDS_TOKEN", "", "Token of an admin, or an operator, which rounds show to other services", secret=True
    )


def build(
    config: Config,
    database: Database,
    neighbours: Neighbours,
    access: Access,
    clock: Callable[[], int] = lambda: time.time_ns() // 1000,
) -> list[Part]:
    """The parts of rounds, in the order to start them. `clock` gives microseconds since the epoch."""
    database = MeasuredDatabase(database, "rounds")
    database.prepare(TABLES, upgrade=config.migrate)
    evaluator = Evaluator(database, neighbours, len(project.taxonomy(config.taxonomy).names))
    asking = Asking(database, neighbours, access, evaluator)
    supervisor = Supervisor(database, neighbours, Steps(database, neighbours, evaluator), clock, _new_id)
    services = [
        Service(
            "madseg.v1.RoundsService",
            RoundsApi(database, neighbours, asking, clock, _new_id),
            add_RoundsServiceServicer_to_server,
        ),
        Service(
            "madseg.v1.EvaluationService",
            EvaluationApi(database, neighbours, asking, evaluator),
            add_EvaluationServiceServicer_to_server,
        ),
    ]
    server = serving(services, config.rounds, access, config)
    return [Repeated("rounds", supervisor, TURN_SECONDS, supervisor.stop_soon), server]


def _new_id() -> str:
    return uuid.uuid4().hex


def main() -> None:
    """Runs rounds until it is told to stop."""
    from madseg.adapters.databases import open_database

    def assemble(config: Config, held: ExitStack) -> list[Part]:
        access = open_access(config, [config.rounds])
        database = held.enter_context(closing(open_database(config.database, "rounds", config.prefix)))
        token = config.token or ("rounds" if config.insecure else None)

        def connect() -> Client:
            addresses = (None, config.selector, config.models, config.labelling, config.finetune)
            return Client(*addresses, token=token, timeout=CALL_SECONDS, tls=Tls.given(*config.calling))

        return build(config, database, Remote(connect), access)

    serve("rounds", Config, assemble)


if __name__ == "__main__":
    main()
