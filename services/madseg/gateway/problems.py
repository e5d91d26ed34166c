"""Errors as HTTP has them: a status and problem details (RFC 9457)."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from madseg.client import errors as asked
from madseg.core.errors import (
    AlreadyExists,
    Busy,
    Conflict,
    Forbidden,
    InvalidImage,
    InvalidInput,
    NotFound,
    NotReady,
    Stale,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from madseg.gateway.accept import Forgotten
from madseg.gateway.decode import TooLarge, UnknownFormat
from madseg.gateway.http_patience import TooSlow

_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (TooLarge, 413),
    (UnknownFormat, 415),
    (Forgotten, 410),
    (InvalidImage, 422),
    (InvalidInput, 400),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (TooSlow, 408),
    (AlreadyExists, 409),
    (Conflict, 409),
    (NotReady, 409),
    (Stale, 409),
    (Busy, 503),
    (TooMany, 429),
    (Unavailable, 503),
    # What another service said, by way of the client.
    (asked.InvalidArgument, 400),
    (asked.Unauthenticated, 401),
    (asked.Forbidden, 403),
    (asked.NotFound, 404),
    (asked.AlreadyExists, 409),
    (asked.NotReady, 409),
    (asked.TooMany, 429),
    (asked.ServerError, 502),
    (asked.Unavailable, 503),
    (asked.DeadlineExceeded, 504),
)
"""The first that fits counts."""

_HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    408: {"Connection": "close"},
    503: {"Retry-After": "5"},
    504: {"Retry-After": "5"},
}
"""What an answer of this status has to say besides."""


def problem(error: Exception, item: str | None) -> dict[str, Any]:
    """The problem details of an error; `item` is the name of the file at fault, where there is one."""
    if isinstance(error, HTTPException):
        status, detail, kind = error.status_code, error.detail, "Request"
    else:
        status = next((code for known, code in _STATUS if isinstance(error, known)), 400)
        detail, kind = str(error), type(error).__name__
    body: dict[str, Any] = {"type": f"urn:madseg:{kind}", "title": HTTPStatus(status).phrase, "status": status}
    body["detail"] = f"{item}: {detail}" if item else detail
    if item:
        body["item"] = item
    if isinstance(error, InvalidInput | asked.InvalidArgument) and error.field:
        body["field"] = error.field
    if isinstance(error, TooMany | asked.TooMany):
        body["retry_after"] = math.ceil(error.retry_after)
    return body


def answer(body: Mapping[str, Any], status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A JSON answer: an outcome, or from status 400 on problem details."""
    media_type = "application/json" if status < 400 else "application/problem+json"
    later = {"Retry-After": str(body["retry_after"])} if "retry_after" in body else {}
    return JSONResponse(body, status, {**_HEADERS.get(status, {}), **later, **(headers or {})}, media_type)


def refusal(error: Exception) -> JSONResponse:
    """The answer to a request that failed."""
    body = problem(error, None)
    return answer(body, body["status"], error.headers if isinstance(error, HTTPException) else None)
