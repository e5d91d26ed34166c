"""The service on a real gRPC server, with tokens for people and a launcher that a test leads."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from madseg.adapters.databases import open_database
from madseg.client import Client
from madseg.finetune.__main__ import Config, build
from madseg.ports import Launcher
from madseg.rpc import Server
from madseg.security.access import Role, Tokens, add_token
from tests.finetune.service.world import World
from tests.finetune.small import GRID

PEOPLE = {"ada": Role.RATER, "otto": Role.OPERATOR, "root": Role.ADMIN}


class Served:
    """A running service, its folders of runs, and clients."""

    def __init__(self, address: str, folder: Path, runs: Path) -> None:
        self.address, self.runs = address, runs
        self.tokens = {name: add_token(folder / "tokens.json", name, [role]) for name, role in PEOPLE.items()}
        self._clients: list[Client] = []

    def client(self, name: str | None) -> Client:
        """A client of a person; None shows no token."""
        self._clients.append(Client(finetune=self.address, token=None if name is None else self.tokens[name]))
        return self._clients[-1]

    def close(self) -> None:
        """Closes the clients."""
        for client in self._clients:
            client.close()


@contextmanager
def serving(world: World, launcher: Launcher) -> Iterator[Served]:
    """The service, while the block lasts."""
    root = world.root
    add_token(root / "tokens.json", "first", [Role.ADMIN])
    database = open_database(f"sqlite:///{root}/served.db")
    config = Config(
        finetune="127.0.0.1:0",
        taxonomy=str(world.taxonomy),
        grid=f"{GRID[0]}x{GRID[1]}",
        repository=str(world.repository),
        runs=str(root / "runs"),
        factories="elsewhere, tests",
    )
    parts = build(config, database, world.around, Tokens(root / "tokens.json"), launcher)
    for part in parts:
        part.start()
    served = Served(next(part for part in parts if isinstance(part, Server)).reachable, root, root / "runs")
    try:
        yield served
    finally:
        served.close()
        for part in reversed(parts):
            part.stop()
        database.close()
