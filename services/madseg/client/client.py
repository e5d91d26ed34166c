"""The client: all calls of all services, in one object."""

from pathlib import Path
from types import TracebackType

from madseg.client import endpoints
from madseg.client.candidates import CandidateCalls
from madseg.client.connection import Connection
from madseg.client.errors import InvalidArgument
from madseg.client.intake import IntakeCalls
from madseg.client.models import ModelCalls
from madseg.client.rankings import RankingCalls

TIMEOUT_SECONDS = 30.0
"""Default deadline of a call that isn't a stream."""


class Client(IntakeCalls, RankingCalls, CandidateCalls, ModelCalls):
    """Asks the services of madseg. Threads may share it; close it, or use it in a `with` statement.

    `intake`, `selector` and `models` are addresses `host:port`; one that is left out only matters when it is asked.
    `timeout` is the deadline in seconds of calls that aren't streams. Connections open with the first call.
    Calls that change nothing are tried up to five times, over about two seconds, while nobody answers.

    Raises:
        InvalidArgument: the timeout is not above 0.
    """

    def __init__(
        self,
        intake: str | None = None,
        selector: str | None = None,
        models: str | None = None,
        *,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        if timeout <= 0:
            raise InvalidArgument(f"timeout must be above 0 seconds, got {timeout}", field="timeout")
        self._intake = Connection("intake", intake, timeout)
        self._selector = Connection("selector", selector, timeout)
        self._models = Connection("models", models, timeout)

    @classmethod
    def from_endpoints(cls, path: str | Path, *, timeout: float = TIMEOUT_SECONDS) -> "Client":
        """A client of the services in a file such as `madseg up` writes, `<state>/endpoints.json`."""
        found = endpoints.from_file(path)
        return cls(found.intake, found.selector, found.models, timeout=timeout)

    @classmethod
    def from_environment(cls, *, timeout: float = TIMEOUT_SECONDS) -> "Client":
        """A client of the services in MADSEG_INTAKE, MADSEG_SELECTOR and MADSEG_MODELS, else as `madseg up` wrote."""
        found = endpoints.from_environment()
        return cls(found.intake, found.selector, found.models, timeout=timeout)

    def close(self) -> None:
        """Ends calls under way and closes the connections."""
        for connection in (self._intake, self._selector, self._models):
            connection.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
