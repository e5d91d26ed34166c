"""Fine-tuning: runs that make a new version of the target. `python -m madseg.finetune` runs the service alone.

It trains nothing itself and knows no torch: a launcher does, over the folder of a run (`madseg.finetune.run`). There is
one process of it in a deployment, which reads the model repository.
"""

import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from madseg import project
from madseg.client import Client
from madseg.client.tls import Tls
from madseg.core.preprocess import parse_size
from madseg.finetune.figures import figures
from madseg.finetune.grpc_api import FineTuneApi
from madseg.finetune.migrations import TABLES
from madseg.finetune.neighbours import Neighbours, Remote
from madseg.finetune.supervise import Supervisor
from madseg.finetune.tidy import TIDY_SECONDS, Tidying
from madseg.observing.measured import MeasuredDatabase
from madseg.observing.readings import Readings
from madseg.ports import Database, Launcher
from madseg.process import serve
from madseg.rpc import ServerSettings, Service, serving
from madseg.runtime import Part, Repeated
from madseg.security.access import Access
from madseg.security.entrance import open_access
from madseg.settings import setting
from madseg.v1.finetune_pb2_grpc import add_FineTuneServiceServicer_to_server

TURN_SECONDS = 0.5
"""Between two looks at the runs; one that finds nothing costs one small query."""

CALL_SECONDS = 60.0
"""Deadline of a call to another service."""


@dataclass(frozen=True)
class Config(ServerSettings):
    """Settings of fine-tuning."""

    database: str = setting("MADSEG_DATABASE", "sqlite:///state/madseg.db", "URL of the database", secret=True)
    prefix: str = setting("MADSEG_PREFIX", "madseg", "Begins the names of topics and groups; the schema in PostgreSQL")
    migrate: bool = setting("MADSEG_MIGRATE", False, "Bring the tables in PostgreSQL up to date at the start")
    taxonomy: str = setting("MADSEG_TAXONOMY", "voc", "Name of a built-in taxonomy or path of a JSON file")
    grid: str = setting("MADSEG_GRID", "513x513", "Canonical grid, HEIGHTxWIDTH in pixels")
    repository: str = setting("MADSEG_REPOSITORY", "model_repository", "Folder of the model repository")
    intake: str = setting("MADSEG_INTAKE", "127.0.0.1:7001", "Address of the gateway's gRPC server")
    models: str = setting("MADSEG_MODELS", "127.0.0.1:7002", "Address of the Models gRPC server")
    labelling: str = setting("MADSEG_LABELLING", "127.0.0.1:7004", "Address of the labelling service")
    finetune: str = setting("MADSEG_FINETUNE", "127.0.0.1:7005", "Address of the fine-tune service")
    runs: str = setting("MADSEG_RUNS", "state/runs", "Folder in which each run of fine-tuning has its own")
    kept_days: int = setting(
        "MADSEG_RUNS_KEPT_DAYS", 90, "Days after which what is large in an ended run's folder goes; 0: never"
    )
    kept_runs: int = setting(
        "MADSEG_RUNS_KEPT", 0, "Ended runs whose folders are kept whole, the last ones; 0: all of that age"
    )
    launcher: str = setting("MADSEG_LAUNCHER", "process:", "URL of what training runs on")
    factories: str = setting(
        "MADSEG_FACTORIES", "", "Packages whose factories runs of fine-tuning may call, comma-separated; empty: none"
    )
    threads: int = setting("MADSEG_TRAIN_THREADS", 0, "Threads of training on the CPU; 0: one per core")
    token: str = setting(
        "MADSEG_FINETUNE_TOKEN", "", "Token of an operator, which fine-tuning shows to labelling", secret=True
    )


def build(
    config: Config,
    database: Database,
    neighbours: Neighbours,
    access: Access,
    launcher: Launcher,
    clock: Callable[[], int] = lambda: time.time_ns() // 1000,
) -> list[Part]:
    """The parts of fine-tuning, in the order to start them. `clock` gives microseconds since the epoch."""
    database = MeasuredDatabase(database, "finetune")
    database.prepare(TABLES, upgrade=config.migrate)
    folder = Path(config.runs).absolute()
    classes, grid = project.taxonomy(config.taxonomy).names, parse_size(config.grid)
    factories = [name.strip() for name in config.factories.split(",") if name.strip()]
    api = FineTuneApi(database, neighbours, access, folder, clock, lambda: uuid.uuid4().hex, factories)
    where = (folder, Path(config.repository), classes, grid)
    supervisor = Supervisor(database, neighbours, launcher, *where, clock, threads=config.threads)
    service = Service("madseg.v1.FineTuneService", api, add_FineTuneServiceServicer_to_server)
    watched = Readings("finetune", lambda: figures(database))
    tidying = Tidying(database, folder, clock, days=config.kept_days, most=config.kept_runs)
    chores = (
        Repeated("runs", supervisor, TURN_SECONDS, supervisor.stop_soon),
        Repeated("tidying", tidying, TIDY_SECONDS),
    )
    return [
        watched,
        *chores,
        serving([service], config.finetune, access, config),
    ]


def main() -> None:
    """Runs fine-tuning until it is told to stop."""
    from madseg.adapters.databases import open_database
    from madseg.adapters.launchers import open_launcher

    def assemble(config: Config, held: ExitStack) -> list[Part]:
        access = open_access(config, [config.finetune])
        database = held.enter_context(closing(open_database(config.database, "finetune", config.prefix)))
        launcher = open_launcher(config.launcher, Path(config.runs))
        token = config.token or ("finetune" if config.insecure else None)

        def connect() -> Client:
            addresses = (config.intake, None, config.models, config.labelling)
            return Client(*addresses, token=token, timeout=CALL_SECONDS, tls=Tls.given(*config.calling))

        return build(config, database, Remote(connect), access, launcher)

    serve("finetune", Config, assemble)


if __name__ == "__main__":
    main()
