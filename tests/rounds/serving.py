"""The service on a real gRPC server, with tokens for people and neighbours that get on by themselves."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from madseg.adapters.databases import open_database
from madseg.client import Client
from madseg.core.taxonomy import taxonomy_of
from madseg.project import taxonomy_document
from madseg.rounds.__main__ import Config, build
from madseg.rounds.neighbours import Neighbours
from madseg.rpc import Server
from madseg.security.access import Role, Tokens, add_token

PEOPLE = {"ada": Role.RATER, "rita": Role.REVIEWER, "otto": Role.OPERATOR, "root": Role.ADMIN}


class Served:
    """A running service, and clients."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self.tokens = {name: add_token(folder / "tokens.json", name, [role]) for name, role in PEOPLE.items()}
        self._clients: list[Client] = []

    def client(self, name: str | None) -> Client:
        """A client of a person; None shows no token."""
        self._clients.append(Client(rounds=self.address, token=None if name is None else self.tokens[name]))
        return self._clients[-1]

    def close(self) -> None:
        """Closes the clients."""
        for client in self._clients:
            client.close()


@contextmanager
def serving(root: Path, around: Neighbours) -> Iterator[Served]:
    """The service, while the block lasts."""
    add_token(root / "tokens.json", "first", [Role.ADMIN])
    taxonomy = taxonomy_of("three", ["none", "red", "blue"])
    (root / "taxonomy.json").write_text(json.dumps(taxonomy_document(taxonomy)))
    database = open_database(f"sqlite:///{root}/served.db", "rounds")
    config = Config(rounds="127.0.0.1:0", taxonomy=str(root / "taxonomy.json"))
    parts = build(config, database, around, Tokens(root / "tokens.json"))
    for part in parts:
        part.start()
    served = Served(next(part for part in parts if isinstance(part, Server)).reachable, root)
    try:
        yield served
    finally:
        served.close()
        for part in reversed(parts):
            part.stop()
        database.close()
