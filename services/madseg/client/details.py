"""From a failed call to an error of the client: status code, sentence, and the field at fault.

Servers attach a `google.rpc.Status`. Its messages are declared here by hand, in a descriptor pool of their own,
so that the client needs neither googleapis-common-protos nor agrees with a version of it that is installed.
"""

from functools import cache
from typing import Any, Protocol

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from madseg.client.errors import (
    AlreadyExists,
    ClientError,
    DeadlineExceeded,
    Forbidden,
    InvalidArgument,
    NotFound,
    NotReady,
    ServerError,
    Stale,
    TooMany,
    Unauthenticated,
    Unavailable,
)

DETAILS = "grpc-status-details-bin"
"""The trailing metadata that carries a serialised google.rpc.Status."""

_KINDS: dict[grpc.StatusCode, type[ClientError]] = {
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExists,
    grpc.StatusCode.FAILED_PRECONDITION: NotReady,
    grpc.StatusCode.ABORTED: NotReady,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: Forbidden,
}

_FIELDS = {
    "Detail": (("type_url", 1, "string", ""), ("value", 2, "bytes", "")),
    "Status": (("details", 3, "message", "Detail"),),
    "FieldViolation": (("field", 1, "string", ""),),
    "BadRequest": (("field_violations", 1, "message", "FieldViolation"),),
    "ErrorInfo": (("reason", 1, "string", ""),),
    "Duration": (("seconds", 1, "int64", ""), ("nanos", 2, "int32", "")),
    "RetryInfo": (("retry_delay", 1, "message", "Duration"),),
}
"""The parts of google.rpc that are read: name, number, type and message of each field. Messages repeat, which reads a
single one too."""


_TLS = {
    "CERTIFICATE_VERIFY_FAILED": "its certificate isn't signed by our authority, or has ended",
    "Hostname Verification Check failed": "its certificate is made out to another name",
    "WRONG_VERSION_NUMBER": "it speaks in the clear, and we speak TLS",
    "Socket closed": "it closes the connection, as one does that wants TLS, or a certificate of ours",
}
"""By words of gRPC's about a connection that did not come about: what they mean."""

_TOO_LARGE = "larger than max"
"""In gRPC's words about a message of more bytes than it carries, whichever side says so."""


class Peer(Protocol):
    """Who was asked: the service's name and its address."""

    @property
    def service(self) -> str:
        """Such as "selector"."""

    @property
    def address(self) -> str:
        """`host:port`."""


def translate(error: grpc.RpcError, peer: Peer) -> ClientError:
    """The client's error for a failed call."""
    if not isinstance(error, grpc.Call):
        return ServerError(f"the {peer.service} could not be called: {error}", **_who(peer))
    code, sentence, details = error.code(), error.details() or "", _details(error)
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        return InvalidArgument(sentence, field=_field(details), **_who(peer))
    if code is grpc.StatusCode.UNAVAILABLE:
        return _unavailable(sentence, bool(details), peer)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return DeadlineExceeded(f"the {peer.service} at {peer.address} did not answer in time", **_who(peer))
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and _TOO_LARGE in sentence:
        return InvalidArgument(f"a message is too large: {sentence}", **_who(peer))
    delay = retry_delay(error) if code is grpc.StatusCode.RESOURCE_EXHAUSTED else None
    if delay is not None:
        return TooMany(sentence, retry_after=delay, **_who(peer))
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return ServerError(f"the {peer.service} at {peer.address} doesn't offer this call: {sentence}", **_who(peer))
    kind = Stale if _reason(details) == Stale.__name__ else _KINDS.get(code, ServerError)
    return kind(sentence or f"the {peer.service} answered {code.name}", **_who(peer))


def _unavailable(sentence: str, said: bool, peer: Peer) -> Unavailable:
    """Only a madseg server says why; without a reason the sentence is gRPC's own, about sockets."""
    if said:
        return Unavailable(sentence, answered=True, **_who(peer))
    if sentence.startswith("failed to connect"):
        for words, meaning in _TLS.items():
            if words in sentence:
                return Unavailable(
                    f"the {peer.service} at {peer.address} can't be spoken to: {meaning}", answered=True, **_who(peer)
                )
    return Unavailable(f"nothing answers at {peer.address} ({peer.service}): {sentence}", answered=False, **_who(peer))


def _who(peer: Peer) -> dict[str, str]:
    return {"service": peer.service, "address": peer.address}


def _details(call: grpc.Call) -> list[Any]:
    """The details of a status, as messages with `type_url` and `value`; none where the server sent none."""
    for key, value in call.trailing_metadata() or ():
        if key == DETAILS and isinstance(value, bytes):
            try:
                return list(_message("Status").FromString(value).details)
            except DecodeError:
                return []
    return []


def retry_delay(call: grpc.Call) -> float | None:
    """In how many seconds the server wants the call again; None where it doesn't say."""
    for detail in _details(call):
        if detail.type_url.endswith("/google.rpc.RetryInfo"):
            for delay in _message("RetryInfo").FromString(detail.value).retry_delay:
                return float(delay.seconds + delay.nanos / 1e9)
    return None


def _reason(details: list[Any]) -> str:
    """The name of the server's error; "" where it doesn't say. A code may stand for several."""
    for detail in details:
        if detail.type_url.endswith("/google.rpc.ErrorInfo"):
            return str(_message("ErrorInfo").FromString(detail.value).reason)
    return ""


def _field(details: list[Any]) -> str | None:
    """The first field that the server finds at fault."""
    for detail in details:
        if detail.type_url.endswith("/google.rpc.BadRequest"):
            for violation in _message("BadRequest").FromString(detail.value).field_violations:
                return str(violation.field)
    return None


@cache
def _message(name: str) -> Any:
    """The class of a message of `_FIELDS`."""
    file = descriptor_pb2.FileDescriptorProto(name="madseg/client/details.proto", package="madseg.client")
    file.syntax = "proto3"
    proto = descriptor_pb2.FieldDescriptorProto
    kinds = {"string": proto.TYPE_STRING, "bytes": proto.TYPE_BYTES, "message": proto.TYPE_MESSAGE}
    kinds |= {"int64": proto.TYPE_INT64, "int32": proto.TYPE_INT32}
    for title, fields in _FIELDS.items():
        message = file.message_type.add(name=title)
        for field, number, kind, inner in fields:
            added = message.field.add(name=field, number=number, type=kinds[kind])
            added.label = proto.LABEL_REPEATED if inner else proto.LABEL_OPTIONAL
            if inner:
                added.type_name = f".madseg.client.{inner}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"madseg.client.{name}"))
