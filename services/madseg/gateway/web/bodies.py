"""Bodies of the API: bounded while they are read, and of exactly the fields that a route takes."""

from typing import Annotated, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from madseg.core.errors import InvalidInput
from madseg.gateway.http_body import read_raw
from madseg.security.crowd import Room

MAX_JSON_BYTES = 1 << 20
MAX_MASK_BYTES = 16 << 20
"""Of a label map in its wire form: a run of 5 bytes or so for every third pixel of the largest usual picture."""

IN_FLIGHT_BYTES = 8 * MAX_MASK_BYTES
"""Held at once by all bodies together."""

Count = Annotated[int, Field(ge=0, le=(1 << 32) - 1)]
"""A whole number as the services take it."""


class Body(BaseModel):
    """A JSON object: other fields, and values of other types, are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


B = TypeVar("B", bound=Body)


class Empty(Body):
    """No fields."""


async def read_body(request: Request, kind: type[B], limit: int = MAX_JSON_BYTES) -> B:
    """The body, where an empty one is an object without fields.

    Raises:
        TooLarge: more than `limit` bytes.
        InvalidInput: no JSON, or not such an object; `field` says where.
    """
    content = await read_octets(request, limit)
    try:
        return kind.model_validate_json(content or b"{}")
    except ValidationError as error:
        raise _refused(error) from error


async def read_octets(request: Request, limit: int = MAX_MASK_BYTES) -> bytes:
    """The body as it is.

    Raises:
        TooLarge: more than `limit` bytes.
        Busy: too much is held already.
    """
    in_flight: Room = request.app.state.in_flight
    with in_flight.hold() as hold:
        return await read_raw(request, limit, hold)


def refused_query(error: RequestValidationError) -> InvalidInput:
    """What is wrong with a query or a path."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return InvalidInput(f"{where}: {first['msg']}", field=where or None)


def _refused(error: ValidationError) -> InvalidInput:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return InvalidInput(f"{where or 'the body'}: {first['msg']}", field=where or None)
