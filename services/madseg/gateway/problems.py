"""Errors as HTTP has them: a status and problem details (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException

from madseg.core.errors import AlreadyExists, Conflict, InvalidImage, InvalidInput, NotFound, NotReady, Unavailable
from madseg.gateway.accept import Forgotten
from madseg.gateway.decode import TooLarge, UnknownFormat

_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (TooLarge, 413),
    (UnknownFormat, 415),
    (Forgotten, 410),
    (InvalidImage, 422),
    (InvalidInput, 400),
    (NotFound, 404),
    (AlreadyExists, 409),
    (Conflict, 409),
    (NotReady, 409),
    (Unavailable, 503),
)
"""The first that fits counts."""


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
    if isinstance(error, InvalidInput) and error.field:
        body["field"] = error.field
    return body
