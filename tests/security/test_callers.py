"""Who calls a method, and whether one of its roles is theirs."""

from pathlib import Path

import pytest

from madseg.core.errors import Forbidden, Unauthenticated
from madseg.security.access import Role, Tokens, add_token
from madseg.security.callers import caller


class Call:
    """A call with metadata, or none, as gRPC gives it to a method."""

    def __init__(self, *metadata: tuple[str, str | bytes]) -> None:
        self._metadata = metadata

    def invocation_metadata(self) -> tuple[tuple[str, str | bytes], ...] | None:
        return self._metadata or None


def test_one_of_the_roles_is_enough(tmp_path: Path) -> None:
    """Without roles everybody may who has a token; with some, whoever has one of them."""
    file = tmp_path / "tokens.json"
    token = add_token(file, "ada", [Role.RATER])
    tokens, call = Tokens(file), Call(("x", "y"), ("authorization", f"Bearer {token}"))
    assert caller(tokens, call).name == "ada"
    assert caller(tokens, call, Role.OPERATOR, Role.RATER).name == "ada"
    with pytest.raises(Forbidden, match="ada has no role for this: it takes operator or reviewer"):
        caller(tokens, call, Role.OPERATOR, Role.REVIEWER)


@pytest.mark.parametrize("call", [Call(), Call(("x", "Bearer a")), Call(("authorization", b"Bearer a"))])
def test_nobody_is_let_in_without_a_token(call: Call, tmp_path: Path) -> None:
    """No metadata, none that matters, and bytes, which no token is."""
    add_token(tmp_path / "tokens.json", "ada", [Role.RATER])
    with pytest.raises(Unauthenticated):
        caller(Tokens(tmp_path / "tokens.json"), call)
