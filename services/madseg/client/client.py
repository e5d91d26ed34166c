"""The client: all calls of all services, in one object."""

from copy import copy
from pathlib import Path
from types import TracebackType

from madseg.client import endpoints
from madseg.client.candidates import CandidateCalls
from madseg.client.connection import Connection, seconds
from madseg.client.evaluation import EvaluationCalls
from madseg.client.finetune import FineTuneCalls
from madseg.client.intake import IntakeCalls
from madseg.client.masks import MaskCalls
from madseg.client.models import ModelCalls
from madseg.client.rankings import RankingCalls
from madseg.client.rounds import RoundCalls
from madseg.client.scoring import ScoringCalls
from madseg.client.tls import Tls

TIMEOUT_SECONDS = 30.0
"""Default deadline of a call that isn't a stream."""


class Client(
    IntakeCalls,
    RankingCalls,
    CandidateCalls,
    ModelCalls,
    ScoringCalls,
    MaskCalls,
    FineTuneCalls,
    RoundCalls,
    EvaluationCalls,
):
    """Asks the services of madseg. Threads may share it; close it, or use it in a `with` statement.

    `intake`, `selector`, `models`, `labelling`, `finetune` and `rounds` are addresses `host:port`; one that is left
    out only matters when it is asked. `token` tells who calls, where a service wants to know. `timeout` is the deadline
    in seconds of calls that aren't streams. `tls` names the files of a client over TLS; without, calls are in the
    clear. Connections open with the first call.
    Calls that may be made twice without another effect are tried up to five times, over about two seconds, while nobody
    answers, and as often as the deadline allows where a server says when there is room again.

    Raises:
        InvalidArgument: the timeout is not above 0, or the files of `tls` can't be used.
    """

    def __init__(
        self,
        intake: str | None = None,
        selector: str | None = None,
        models: str | None = None,
        labelling: str | None = None,
        finetune: str | None = None,
        rounds: str | None = None,
        *,
        token: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        tls: Tls | None = None,
    ) -> None:
        seconds(timeout)
        if tls is not None:
            tls.credentials()
        self._intake = Connection("intake", intake, timeout, tls)
        self._selector = Connection("selector", selector, timeout, tls)
        self._models = Connection("models", models, timeout, tls)
        self._labelling = Connection("labelling", labelling, timeout, tls)
        self._finetune = Connection("finetune", finetune, timeout, tls)
        self._rounds = Connection("rounds", rounds, timeout, tls)
        basic = (self._intake, self._selector, self._models, self._labelling)
        self._shared = (*basic, self._finetune, self._rounds)
        self._opened: tuple[Connection, ...] = self._shared
        if token:
            self._show(token)

    @classmethod
    def from_endpoints(cls, path: str | Path, *, timeout: float = TIMEOUT_SECONDS) -> "Client":
        """A client of the services in a file such as `madseg up` writes, `<state>/endpoints.json`, with the token
        beside it, over TLS where the file says so."""
        found, token = endpoints.from_file(path), endpoints.beside(Path(path).parent)
        return cls(*found.services, token=token, timeout=timeout, tls=found.tls)

    @classmethod
    def from_environment(cls, *, timeout: float = TIMEOUT_SECONDS) -> "Client":
        """A client of the services in MADSEG_INTAKE, MADSEG_SELECTOR, MADSEG_MODELS, MADSEG_LABELLING, MADSEG_FINETUNE
        and MADSEG_ROUNDS, else as `madseg up` wrote; with the token in MADSEG_TOKEN or MADSEG_TOKEN_FILE, else the one
        that `madseg up` wrote; over TLS where MADSEG_TLS_AUTHORITY is set, else as `madseg up` wrote."""
        found, token = endpoints.from_environment(), endpoints.token()
        return cls(*found.services, token=token, timeout=timeout, tls=found.tls)

    def with_token(self, token: str | None) -> "Client":
        """A client over the same connections that shows this token, None for none. Closing it closes nothing."""
        found = copy(self)
        found._show(token)
        found._opened = ()
        return found

    def close(self) -> None:
        """Ends calls under way and closes the connections."""
        for connection in self._opened:
            connection.close()

    def _show(self, token: str | None) -> None:
        self._intake, self._selector, self._models, self._labelling, self._finetune, self._rounds = (
            connection.with_token(token) for connection in self._shared
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
