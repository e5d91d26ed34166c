"""Labelling on a real gRPC server, with tokens for people, and the client."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from madseg.client import Client
from madseg.labelling.__main__ import Config, build
from madseg.labelling.neighbours import Neighbours
from madseg.ports import Database
from madseg.rpc import Server
from madseg.security.access import Access, Role, Tokens, add_token

PEOPLE = {
    "ada": (Role.RATER,),
    "bob": (Role.RATER,),
    "ann": (Role.ANNOTATOR,),
    "rita": (Role.REVIEWER,),
    "otto": (Role.OPERATOR,),
    "root": (Role.ADMIN,),
}


class Served:
    """A running service, and clients for those who have tokens; `raters` more can be added."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address, self._folder = address, folder
        self._lock = threading.Lock()
        self._tokens: dict[str, str] = {}
        self._clients: list[Client] = []

    def client(self, name: str | None, *roles: Role) -> Client:
        """A client that shows a person's token; None: none."""
        made = Client(labelling=self.address, token=None if name is None else self.token(name, *roles))
        self._clients.append(made)
        return made

    def close(self) -> None:
        """Closes the clients."""
        for client in self._clients:
            client.close()

    def token(self, name: str, *roles: Role) -> str:
        """A person's token."""
        with self._lock:
            if name not in self._tokens:
                self._tokens[name] = add_token(self._folder / "tokens.json", name, roles or PEOPLE[name])
            return self._tokens[name]


@contextmanager
def serving(database: Database, neighbours: Neighbours, folder: Path) -> Iterator[Served]:
    """Labelling, while the block lasts."""
    add_token(folder / "tokens.json", "root", [Role.ADMIN])
    access: Access = Tokens(folder / "tokens.json")
    parts = build(Config(labelling="127.0.0.1:0"), database, neighbours, access)
    for part in parts:
        part.start()
    server = next(part for part in parts if isinstance(part, Server))
    served = Served(server.reachable, folder)
    try:
        yield served
    finally:
        served.close()
        for part in reversed(parts):
            part.stop()
