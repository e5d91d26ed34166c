"""What gRPC requests say, checked alike in every service: texts, page sizes, and the tokens to go on with."""

import base64
import json

from madseg.core.errors import InvalidInput

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


def page_size(asked: int, default: int) -> int:
    """The page size to use.

    Raises:
        InvalidInput: more than 1000.
    """
    if asked > MAX_PAGE:
        raise InvalidInput(f"page_size must be 1..{MAX_PAGE}, got {asked}", field="page_size")
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
