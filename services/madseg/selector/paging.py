"""What the tokens of the selector's pages say."""

from collections.abc import Mapping

from madseg.core.errors import InvalidInput
from madseg.core.messages import checked_image_id
from madseg.requests import foreign_token


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
