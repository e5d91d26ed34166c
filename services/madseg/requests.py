"""What gRPC requests say, checked alike in every service: texts, page sizes, the tokens to go on with, and whether a
call is the one that an idempotency key came with before."""

import base64
import hashlib
import json

from google.protobuf.message import Message

from madseg.core.errors import AlreadyExists, InvalidInput

MAX_PAGE = 1000
"""Items of a page at most."""


def plain_text(text: str, field: str, limit: int) -> str:
    """A text for people, as every database stores it.

    Raises:
        InvalidInput: it is longer than `limit` characters or has a NUL in it.
    """
    if len(text) > limit or "\0" in text:
        raise InvalidInput(f"{field} must have at most {limit} characters and no NUL, got {len(text)}", field=field)
    return text


def page_size(asked: int, default: int, field: str = "page_size") -> int:
    """The page size to use; `field` is the request's that has it.

    Raises:
        InvalidInput: more than 1000.
    """
    if asked > MAX_PAGE:
        raise InvalidInput(f"{field} must be 1..{MAX_PAGE}, got {asked}", field=field)
    return asked or default


def token(**values: object) -> str:
    """An opaque token, of a page or of another place to go on at."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def from_token(text: str, field: str = "page_token") -> dict[str, object]:
    """What `token` packed; {} for an empty one. `field` is the request's that has it.

    Raises:
        InvalidInput: no token of this service.
    """
    if not text:
        return {}
    try:
        values = json.loads(base64.urlsafe_b64decode(text.encode()))
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise foreign_token(field)
    return values


def foreign_token(field: str = "page_token") -> InvalidInput:
    """The error for a token that isn't this service's, or of another list."""
    return InvalidInput(f"{field} is not one that this method gave", field=field)


def number_in(page_token: str, name: str) -> int | None:
    """The number that a page ended with, as `token(name=...)` packed it; None for the first page. Databases take it.

    Raises:
        InvalidInput: no token of this list.
    """
    if not page_token:
        return None
    number = from_token(page_token).get(name)
    if not isinstance(number, int) or not 0 <= number < 1 << 63:
        raise foreign_token()
    return number


def asked_for(request: Message) -> bytes:
    """SHA-256 of what a request asks for, which is all but its idempotency key and its note for people."""
    copied = type(request)()
    copied.CopyFrom(request)
    for name in ("idempotency_key", "note"):
        if name in copied.DESCRIPTOR.fields_by_name:
            copied.ClearField(name)
    return hashlib.sha256(copied.SerializeToString(deterministic=True)).digest()


def check_repeated(key: str, made: str, before: bytes | None, now: bytes | None) -> None:
    """Does nothing where a key comes with what it came with before, or where one of both isn't known.

    `made` is what came of the first call, in words; `before` and `now` are what `asked_for` gave.

    Raises:
        AlreadyExists: the key came with another call.
    """
    if before is not None and now is not None and before != now:
        raise other_call(key, made)


def other_call(key: str, made: str) -> AlreadyExists:
    """The error for a key that came with another call before, which `made` something."""
    return AlreadyExists(
        f"idempotency_key {key!r} came with other arguments before, and made {made}: a new call needs a new key"
    )
