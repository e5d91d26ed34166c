"""How the services of one process find each other: over gRPC, at ports that are known once they have started."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from madseg.client import Client
from madseg.client.tls import Tls
from madseg.rpc import Server
from madseg.runtime import Part
from madseg.up.tokens import Among

ENDPOINTS = {
    "madseg.v1.IntakeService": "intake",
    "madseg.v1.ModelsService": "models",
    "madseg.v1.SelectorService": "selector",
    "madseg.v1.ScoringService": "labelling",
    "madseg.v1.MasksService": "labelling",
    "madseg.v1.FineTuneService": "finetune",
    "madseg.v1.RoundsService": "rounds",
    "madseg.v1.EvaluationService": "rounds",
}
"""Under which key of `endpoints.json` each service's address stands."""


class Neighbourhood:
    """Addresses and clients of the services among `parts`, which are filled in before anything starts."""

    def __init__(self, parts: Sequence[Part], access: Among, tls: Tls | None = None) -> None:
        self._parts, self._access, self.tls = parts, access, tls

    def address(self, key: str) -> str:
        """Where the service listens that stands under a key of `ENDPOINTS`."""
        return self._addresses()[key]

    def client(self, own: str, timeout: float) -> Client:
        """A client of all services that have started, in the name of one of them; `timeout` in seconds."""
        return Client(**self._addresses(), token=self._access.token(own), timeout=timeout, tls=self.tls)

    def _addresses(self) -> dict[str, str]:
        servers = (part for part in self._parts if isinstance(part, Server))
        return {ENDPOINTS[name]: part.reachable for part in servers for name in part.names}


def late(make: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
    """A function that is made when it is called for the first time."""
    made = cache(make)
    return lambda *given: made()(*given)
