"""Errors as status codes with details: those of `madseg.core.errors` by kind, any other as INTERNAL with an id."""

import math
import uuid

import grpc
import structlog
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from madseg.core.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    InvalidInput,
    MadsegError,
    NotFound,
    NotReady,
    Stale,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from madseg.rpc.pieces import TooSlow

log = structlog.get_logger("madseg.rpc")

MAX_SENTENCE_BYTES = 1000
"""Of an error's sentence. It stands in the status up to three times, and peers refuse more than 8 KiB of metadata."""

_CODES: tuple[tuple[type[MadsegError], grpc.StatusCode], ...] = (
    (InvalidInput, grpc.StatusCode.INVALID_ARGUMENT),
    (NotFound, grpc.StatusCode.NOT_FOUND),
    (AlreadyExists, grpc.StatusCode.ALREADY_EXISTS),
    (NotReady, grpc.StatusCode.FAILED_PRECONDITION),
    (Stale, grpc.StatusCode.ABORTED),
    (Conflict, grpc.StatusCode.FAILED_PRECONDITION),
    (Unauthenticated, grpc.StatusCode.UNAUTHENTICATED),
    (Forbidden, grpc.StatusCode.PERMISSION_DENIED),
    (TooMany, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (TooSlow, grpc.StatusCode.ABORTED),
    (Unavailable, grpc.StatusCode.UNAVAILABLE),
)


def status_of(error: Exception, method: str) -> tuple[grpc.StatusCode, str, tuple[tuple[str, bytes], ...]]:
    """Code, message and trailing metadata for an error."""
    if isinstance(error, grpc.aio.AbortError):
        raise error
    if not isinstance(error, MadsegError):
        incident = uuid.uuid4().hex
        log.error("rpc_failed", method=method, incident=incident, exc_info=error)
        return grpc.StatusCode.INTERNAL, f"internal error {incident}: see the server's log", ()
    code = grpc.StatusCode[code_of(error)]
    sentence = _shortened(str(error))
    return code, sentence, (("grpc-status-details-bin", _details(error, code, sentence).SerializeToString()),)


def code_of(error: BaseException) -> str:
    """The name of the code that an error becomes."""
    if not isinstance(error, MadsegError):
        return grpc.StatusCode.INTERNAL.name
    return next((code for kind, code in _CODES if isinstance(error, kind)), grpc.StatusCode.UNKNOWN).name


def _shortened(sentence: str) -> str:
    """At most `MAX_SENTENCE_BYTES`: errors show what the caller sent, which may be long."""
    data = sentence.encode(errors="backslashreplace")
    if len(data) <= MAX_SENTENCE_BYTES:
        return data.decode()
    return data[:MAX_SENTENCE_BYTES].decode(errors="ignore") + "…"


def _details(error: MadsegError, code: grpc.StatusCode, sentence: str) -> status_pb2.Status:
    """google.rpc.Status with an ErrorInfo, a BadRequest where a field is at fault, and when to come again."""
    status = status_pb2.Status(code=code.value[0], message=sentence)
    info = error_details_pb2.ErrorInfo(reason=type(error).__name__, domain="madseg")
    details: list[Message] = [info]
    if isinstance(error, InvalidInput) and error.field:
        violation = error_details_pb2.BadRequest.FieldViolation(field=error.field, description=sentence)
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    if isinstance(error, TooMany):
        details.append(error_details_pb2.RetryInfo(retry_delay=_duration(error.retry_after)))
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _duration(seconds: float) -> duration_pb2.Duration:
    found = duration_pb2.Duration()
    found.FromMilliseconds(math.ceil(seconds * 1000))
    return found
