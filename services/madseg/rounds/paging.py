"""What the tokens of the pages of results say."""

from madseg.client.values.common import Version
from madseg.client.values.rounds import Result
from madseg.requests import foreign_token, from_token, token

MAX_VERSION = 1 << 31
"""Above every number of a version."""


def next_results(model: str, number: int, last: Result) -> str:
    """The token of the page behind a result of a test set of `model`; `number` as in `standings.results`."""
    return token(results=[model, number], after=[last.image_id, last.version.model, last.version.version])


def after_result(page_token: str, model: str, number: int) -> tuple[str, tuple[str, Version]]:
    """The target's model that a page is about, and the image and version that the page before ended with.

    `model`, which may be "", and `number` are what is asked for now.

    Raises:
        InvalidInput: no token of this list, or one of another test set.
    """
    match from_token(page_token):
        case {"results": [str(of), int(at)], "after": [str(image), str(name), int(version)]}:
            if at == number and model in ("", of) and 0 <= version < MAX_VERSION and "\0" not in of + image + name:
                return of, (image, Version(name, version))
    raise foreign_token()
