"""What the tokens of the selector's pages say."""

from collections.abc import Mapping
from dataclasses import replace

from madseg.core.competition import ContestRef
from madseg.core.errors import InvalidInput
from madseg.core.messages import VersionRef, checked_image_id
from madseg.requests import foreign_token, token
from madseg.selector.queries import Page, Which


def next_page(page: Page, question: str) -> str:
    """The token of the page behind this one; "" behind the last. `question` says what was asked for."""
    if not page.more:
        return ""
    discrepancy, image_id = page.ranked[-1].entry.order
    ref = page.contest.contest.ref
    contest = [ref.target.model, ref.target.version, ref.competitor.model, ref.competitor.version]
    return token(after=[discrepancy.hex(), image_id], contest=contest, question=question)


def same_contest(which: Which, values: Mapping[str, object], question: str) -> Which:
    """The ranking whose first page a token is of, though another contest may have become the newest meanwhile.

    Raises:
        InvalidInput: a token that answers another question.
    """
    if "contest" not in values:  # the first page, or a token of a release before
        return which
    ref = _contest(values["contest"])
    if values.get("question") != question:
        raise InvalidInput("page_token is of another request: only page_size may change", field="page_token")
    return replace(which, target=ref.target, competitor=ref.competitor)


def _contest(value: object) -> ContestRef:
    match value:
        case [str(target), int(at), str(competitor), int(against)]:
            return ContestRef(VersionRef(target, at), VersionRef(competitor, against))
    raise foreign_token()


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
