"""The Kafka client, imported quietly, and what its errors mean.

Pinned to one version of kafka-python: nothing outside this package knows it.
"""

import socket
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any, NoReturn

with warnings.catch_warnings():
    # Reads its message schemas in a way that Python is about to give up.
    warnings.simplefilter("ignore", DeprecationWarning)
    import kafka
    from kafka import errors
    from kafka.admin import ConfigResource, ConfigResourceType
    from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
    from kafka.net.compat import KafkaNetClient
    from kafka.net.inet import KafkaNetSocket
    from kafka.partitioner.default import murmur2

from madseg.core.errors import Conflict, InvalidInput, MadsegError, NotFound, Unavailable

__all__ = ["ConfigResource", "ConfigResourceType", "StickyPartitionAssignor", "errors", "kafka", "murmur2"]

_PASSING = (
    errors.RetriableError,
    errors.BrokerNotAvailableError,
    errors.UnknownBrokerIdError,
    errors.OutOfOrderSequenceNumberError,
    errors.UnknownProducerIdError,
    errors.InvalidProducerEpochError,
)
"""What the same call may not meet again: a client that no broker has answered yet knows of none by number, and the
idempotent producer begins anew after errors of its sequence."""

_TOO_LARGE = (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError)

_REFUSED = (
    errors.AuthorizationError,
    errors.SaslAuthenticationFailedError,
    errors.UnsupportedSaslMechanismError,
    errors.IllegalSaslStateError,
    errors.SecurityDisabledError,
    errors.PolicyViolationError,
)


def connected(kind: Callable[..., Any], **settings: Any) -> Any:
    """A client of one of kafka-python's kinds. Raises the client's errors.

    Where no broker answers, kafka-python 3.0.12 leaves the thread behind that has asked.
    """
    begun: list[Any] = []

    def network(**given: Any) -> Any:
        begun.append(KafkaNetClient(**given))
        return begun[-1]

    try:
        return kind(kafka_client=network, proxy_url=f"{QuietSocket.SCHEMES[0]}://", **settings)
    except BaseException:
        for client in begun:
            client.close()
        raise


class QuietSocket(KafkaNetSocket):  # type: ignore[misc]
    """Closes what can't be connected: kafka-python 3.0.12 leaves that to the collector of garbage, hours later.

    And takes out of it that a first attempt was refused: as long as that waits there, the socket is always ready, and
    the thread that reads it never rests. A Service of Kubernetes without pods refuses by ICMP, and the kernel goes on
    trying.
    """

    SCHEMES = ("direct",)

    async def connect(self, net: Any, addrinfo: Any, socket_options: Any = (), timeout_at: Any = None) -> Any:
        family, kind, protocol, _, address = addrinfo
        made = self.socket(family, kind, protocol)
        try:
            made.setblocking(False)
            for option in socket_options:
                made.setsockopt(*option)
            await self.sock_connect(net, made, address, timeout_at=timeout_at)
        except BaseException:
            made.close()
            raise
        _forget_refusals(made)
        return made


def _forget_refusals(made: socket.socket) -> None:
    with suppress(OSError):  # there are no more
        while True:
            made.recv(1, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)


def meant(error: Exception, what: str) -> MadsegError:
    """The port's error for one of the client's; `what` says what was tried."""
    sentence = f"{what}: {error}"
    if isinstance(error, MadsegError):
        return error
    if isinstance(error, errors.UnknownTopicOrPartitionError):
        return NotFound(sentence)
    if isinstance(error, _TOO_LARGE):
        return InvalidInput(f"{sentence}; the broker takes less than its topic's max.message.bytes should allow")
    if isinstance(error, _REFUSED):
        return Conflict(f"{sentence}; see the broker's access rules, and the user and options in MADSEG_STREAM")
    if isinstance(error, errors.FencedInstanceIdError):
        return Conflict(f"{sentence}; another process has joined with the same `instance` of MADSEG_STREAM")
    if isinstance(error, (*_PASSING, OSError)):
        return Unavailable(sentence)
    return Conflict(sentence)


def fail(error: Exception, what: str) -> NoReturn:
    """Raises what an error of the client means."""
    raise meant(error, what) from error


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """Turns the client's errors into the port's; `what` says what is tried."""
    try:
        yield
    except (errors.KafkaError, OSError) as error:
        fail(error, what)


def answers(address: str) -> bool:
    """True where a broker at `host:port` serves clients: one that isn't let in yet tells of no broker."""
    try:
        settings = {"bootstrap_servers": address, "bootstrap_timeout_ms": 1000}
        with closing(connected(kafka.KafkaAdminClient, **settings)) as admin:
            return any(not broker.get("is_fenced") for broker in admin.describe_cluster()["brokers"])
    except (errors.KafkaError, OSError):
        return False
