"""A connection to one service: opened by the first call, kept alive, with deadlines, retries and errors translated."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import grpc

from madseg.client.channel import open_channel, showing
from madseg.client.details import translate
from madseg.client.errors import ClientError, InvalidArgument, Unavailable
from madseg.client.pages import Answers
from madseg.client.patience import Patient
from madseg.client.tls import Tls

Q = TypeVar("Q")
A = TypeVar("A")
S = TypeVar("S")

MAX_MESSAGE_BYTES = 72 << 20
"""Largest message in either direction, as the servers have it: an upload of 64 MiB and its fields."""

KEEPALIVE_MS = 310_000
"""Milliseconds between pings on a silent connection. gRPC servers hang up on clients that ping within 5 minutes."""

RETRIED = {
    "madseg.v1.IntakeService": ("GetImage", "GetPicture", "ListImages", "GetIntakeStatus"),
    "madseg.v1.SelectorService": (
        "ListContests",
        "ListRankings",
        "ListRankingEntries",
        "GetDiscrepancyMatrix",
        "CutCandidates",  # every call carries an idempotency key
        "ListCandidateSets",
        "ListCandidates",
        "DiffCandidates",
        "ExplainImage",
        "PlaceImages",
        "GetLabelMaps",
        "ListMissing",
        "FindUnknownImages",
        "GetSelectorStatus",
    ),
    "madseg.v1.ModelsService": ("ListModels", "GetModel"),
    "madseg.v1.ScoringService": (
        "CreateCampaign",  # every call carries an idempotency key
        "ListCampaigns",
        "GetCampaign",
        "TakeAssignments",  # what is held comes first
        "ReturnAssignments",
        "Judge",  # the same judgement may come again
        "ListOpinions",
        "ListVetoes",
        "RevokeVetoes",
        "GetAgreement",
        "CancelCampaign",  # one that is cancelled stays so
        "ChooseSets",  # a second call answers with what was chosen
        "GetChosenSets",
    ),
    "madseg.v1.MasksService": (
        "CreateMaskTasks",  # a second call adds what is new
        "AddMaskTasks",
        "ListMaskTasks",
        "GetMaskTask",
        "TakeMaskTask",  # what the caller draws comes first
        "GetMaskStart",
        "SaveMask",  # every call carries an idempotency key
        "SubmitMask",  # a revision that is handed in stays so
        "SendBackImage",  # a second call answers as the first one did
        "TakeReview",
        "GetMaskRevision",
        "GetHumanCeiling",
    ),
    "madseg.v1.FineTuneService": (
        "StartRun",  # every call carries an idempotency key
        "GetRun",
        "ListRuns",
        "CancelRun",  # what is cancelled stays so
        "PromoteRun",  # what is released is not released again
    ),
    "madseg.v1.RoundsService": (
        "StartRound",  # every call carries an idempotency key
        "GetRound",
        "ListRounds",
        "ApproveRound",
        "CancelRound",  # what is cancelled stays so
        "GetPolicy",
        "SetPolicy",
        "GetStandings",
        "ListResults",
    ),
    "madseg.v1.EvaluationService": ("CompareVersions", "GetCoverage", "GetCompetition"),
}
"""The calls that may be made twice without another effect."""

_REPEATED = frozenset(f"/{service}/{name}" for service, names in RETRIED.items() for name in names)

_SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [{"service": service, "method": name} for service, names in RETRIED.items() for name in names],
            "waitForReady": False,
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.1s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}

_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", KEEPALIVE_MS),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.enable_retries", 1),
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    # A server that comes back is found within seconds, not after gRPC's two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 5_000),  # how long one attempt may take: a busy machine needs its time
    ("grpc.max_reconnect_backoff_ms", 2_000),
]


LONGEST_SECONDS = 1e9
"""Of a deadline, some thirty years: gRPC can't count much further."""


def seconds(timeout: float | None, default: float | None = None) -> float | None:
    """The deadline that was given, in seconds; `default` where none was.

    Raises:
        InvalidArgument: it has passed before the call begins, or is none.
    """
    if timeout is None:
        return default
    if not 0 < timeout <= LONGEST_SECONDS:
        raise InvalidArgument(
            f"timeout must be above 0 seconds and at most {LONGEST_SECONDS:g}, got {timeout}", field="timeout"
        )
    return timeout


class Connection:
    """The channel to one service. Threads may share it.

    `service` is its name, `address` its `host:port` or None where it isn't known, `timeout` the deadline in seconds
    of calls that aren't streams. Without `tls` it is in the clear.
    """

    def __init__(self, service: str, address: str | None, timeout: float, tls: Tls | None = None) -> None:
        self.service, self.timeout, self._address, self._tls = service, timeout, address, tls
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._closed = False

    @property
    def address(self) -> str:
        """`host:port`, or a word for none."""
        return self._address or "no address"

    def channel(self) -> grpc.Channel:
        """The channel, opened now if it wasn't.

        Raises:
            Unavailable: no address is known, or the connection was closed.
            InvalidArgument: the files of TLS can't be used.
        """
        with self._lock:
            if self._closed:
                raise self._ended()
            if self._address is None:
                raise Unavailable(f"no address of the {self.service} is known", service=self.service)
            if self._channel is None:
                opened = open_channel(self._address, options=_OPTIONS, tls=self._tls)
                self._channel = grpc.intercept_channel(opened, Patient(_REPEATED))
            return self._channel

    def stub(self, kind: Callable[[grpc.Channel], S]) -> S:
        """A service's methods over the channel; raises as `channel`. Made anew for each call, as a connection may be
        closed between two."""
        with self.translating():
            return kind(self.channel())

    @property
    def closed(self) -> bool:
        """Whether it was."""
        return self._closed

    def close(self) -> None:
        """Ends all calls under way and closes the channel. Does nothing the second time."""
        with self._lock:
            self._closed = True
            if self._channel is not None:
                self._channel.close()
                self._channel = None

    def with_token(self, token: str | None) -> "Connection":
        """The same connection, whose calls show a token; None shows none. Closing it closes nothing."""
        return _Showing(self, token)

    def call(self, method: "grpc.UnaryUnaryMultiCallable[Q, A]", request: Q, timeout: float | None = None) -> A:
        """One question, one answer, within `timeout` seconds (default: the connection's)."""
        with self.translating():
            return method(request, timeout=seconds(timeout, self.timeout))

    def send(
        self, method: "grpc.StreamUnaryMultiCallable[Q, A]", requests: Iterator[Q], timeout: float | None = None
    ) -> A:
        """Many messages, one answer."""
        with self.translating():
            return method(requests, timeout=seconds(timeout))

    def stream(self, start: Callable[[], Answers[A]]) -> Iterator[A]:
        """The answers of a streaming call as they come; leaving the loop cancels the call."""
        with self.translating():
            call = start()
            try:
                yield from call
            finally:
                call.cancel()

    @contextmanager
    def translating(self) -> Iterator[None]:
        """Has what gRPC raises come out as the client's errors.

        Raises:
            Unavailable: also where `close` ended the call, or came before it.
        """
        try:
            yield
        except grpc.RpcError as error:
            cancelled = isinstance(error, grpc.Call) and error.code() is grpc.StatusCode.CANCELLED
            raise (self._ended() if self.closed and cancelled else translate(error, self)) from error
        except ValueError as error:  # gRPC's word for a channel that is closed
            if self.closed and not isinstance(error, ClientError):
                raise self._ended() from error
            raise

    def _ended(self) -> Unavailable:
        return Unavailable(
            f"the connection to the {self.service} was closed", service=self.service, address=self._address
        )


class _Showing(Connection):
    """Another's channel, with a token on each call."""

    def __init__(self, shared: Connection, token: str | None) -> None:
        super().__init__(shared.service, shared._address, shared.timeout)
        self._shared, self._token = shared, token

    @property
    def closed(self) -> bool:
        return self._shared.closed

    def channel(self) -> grpc.Channel:
        return showing(self._shared.channel(), self._token)

    def close(self) -> None:
        pass
