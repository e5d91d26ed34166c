"""Pages of the selector's answers: their sizes and their tokens."""

import base64
import json
from collections.abc import Mapping

from madseg.core.errors import InvalidInput
from madseg.core.messages import checked_image_id

MAX_PAGE = 1000
"""Items of a page at most."""


def page_size(asked: int, default: int) -> int:
    """The page size to use.

    Raises:
        InvalidInput: more than 1000.
    """
    if asked > MAX_PAGE:
        raise InvalidInput(f"page_size must be 1..{MAX_PAGE}, got {asked}", field="page_size")
    return asked or default


def token(**values: object) -> str:
    """An opaque page token."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def from_token(text: str) -> dict[str, object]:
    """What `token` packed; {} for an empty one.

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
        raise foreign_token()
    return values


def foreign_token() -> InvalidInput:
    """The error for a token that isn't this service's."""
    return InvalidInput("page_token is not one that this method gave", field="page_token")


def after_entry(values: Mapping[str, object]) -> tuple[float, str] | None:
    """The order key that a ranking's page ended with; None for the first page.

    Raises:
        InvalidInput: no token of a ranking.
    """
    match values.get("after"):
        case None:
            return None
        case [str(discrepancy), str(image_id)]:
            try:
                return float.fromhex(discrepancy), checked_image_id(image_id)
            except (ValueError, OverflowError) as error:
                raise foreign_token() from error
    raise foreign_token()


def after_image(values: Mapping[str, object]) -> str:
    """The image that a page of ids ended with; "" for the first page.

    Raises:
        InvalidInput: no token of a list of images.
    """
    match values.get("after", ""):
        case "":
            return ""
        case str(image_id):
            try:
                return checked_image_id(image_id)
            except InvalidInput as error:
                raise foreign_token() from error
    raise foreign_token()


def after_rank(values: Mapping[str, object], asked: str) -> tuple[str, int]:
    """The candidate set and the rank that a page ended with; `asked` and 0 for the first page.

    Raises:
        InvalidInput: no token of a candidate set.
    """
    match values.get("set", asked), values.get("rank", 0):
        case str(set_id), int(rank) if 0 <= rank < 1 << 31:
            return set_id, rank
    raise foreign_token()
