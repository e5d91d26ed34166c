"""Tokens, roles, and the file that holds them."""

import json
import threading
from pathlib import Path

import pytest

from madseg.core.errors import Forbidden, InvalidInput, NotFound, Unauthenticated, Unavailable
from madseg.security.access import (
    Principal,
    Role,
    Tokens,
    add_token,
    bearer,
    checked_name,
    principals,
    remove_token,
)
from madseg.security.entrance import AccessSettings, open_access


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where no file of tokens is yet."""
    return tmp_path / "state" / "tokens.json"


def test_a_token_tells_who_somebody_is(path: Path) -> None:
    """With their roles; another token is nobody's."""
    token = add_token(path, "ada", [Role.RATER, Role.ANNOTATOR])
    access = Tokens(path)
    assert access.identify(token) == Principal("ada", frozenset({Role.RATER, Role.ANNOTATOR}))
    for wrong in (None, "", token[:-1], token + "A", "x" * 10_000, "\x00", "Zoë"):
        with pytest.raises(Unauthenticated):
            access.identify(wrong)
    with pytest.raises(Unauthenticated, match="set MADSEG_TOKEN, send `authorization: Bearer <token>`, or sign in"):
        access.identify(None)


def test_the_file_gives_no_token_away(path: Path) -> None:
    """It holds a hash, and only its owner reads it."""
    token = add_token(path, "ada", [Role.RATER])
    assert token not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_second_token_ends_the_first(path: Path) -> None:
    """Each person has one."""
    first = add_token(path, "ada", [Role.RATER])
    access = Tokens(path)
    second = add_token(path, "ada", [Role.REVIEWER])
    assert access.identify(second).roles == {Role.REVIEWER}
    with pytest.raises(Unauthenticated):
        access.identify(first)
    assert [item.name for item in principals(path)] == ["ada"]


def test_a_removed_token_ends_at_once(path: Path) -> None:
    """Without a restart; nobody is removed twice."""
    token = add_token(path, "ada", [Role.ADMIN])
    access = Tokens(path)
    remove_token(path, "ada")
    with pytest.raises(Unauthenticated):
        access.identify(token)
    with pytest.raises(NotFound, match="'ada'"):
        remove_token(path, "ada")


def test_a_file_that_breaks_lets_nobody_in(path: Path) -> None:
    """Whoever asks is told to come back; mended, it works on."""
    token = add_token(path, "ada", [Role.RATER])
    access, whole = Tokens(path), path.read_text()
    for broken in ("", "[]", '{"tokens": [{}]}', '{"tokens": [{"name": "ada", "roles": ["king"], "sha256": "0"}]}'):
        path.write_text(broken)
        with pytest.raises(Unavailable, match="can't be read"):
            access.identify(token)
    path.unlink()
    with pytest.raises(Unavailable, match="madseg access add"):
        access.identify(token)
    path.write_text(whole)
    assert access.identify(token).name == "ada"


def test_without_a_file_there_is_no_access(path: Path) -> None:
    """The message says what makes one."""
    with pytest.raises(InvalidInput, match="madseg access add"):
        open_access(AccessSettings(tokens=str(path)))
    with pytest.raises(InvalidInput, match="madseg access add"):
        remove_token(path, "ada")
    with pytest.raises(InvalidInput, match="madseg access add"):
        principals(path)


@pytest.mark.parametrize("name", ["", " ada", "a\nb", "a" * 65, "\u202eada"])
def test_names_can_be_shown(path: Path, name: str) -> None:
    """A name that can't be makes no file either."""
    with pytest.raises(InvalidInput, match="name"):
        add_token(path, name, [Role.RATER])
    assert not path.exists()


def test_a_token_has_a_role(path: Path) -> None:
    """At least one."""
    with pytest.raises(InvalidInput, match="rater, annotator"):
        add_token(path, "ada", [])


def test_an_admin_may_do_everything() -> None:
    """Others what their roles say; what takes no role anybody may."""
    rater, admin = (Principal("p", frozenset({role})) for role in (Role.RATER, Role.ADMIN))
    assert all(rater.may(*roles) for roles in ((), (Role.RATER,), (Role.REVIEWER, Role.RATER)))
    assert all(admin.may(role) for role in Role)
    assert not rater.may(Role.OPERATOR)
    with pytest.raises(Forbidden, match="it takes reviewer or operator"):
        rater.must(Role.REVIEWER, Role.OPERATOR)


def test_insecure_is_for_one_machine() -> None:
    """The token is then a name, and everybody may do everything."""
    for address in ("0.0.0.0:8080", "[::]:8080", "10.0.0.3:1", "example.org:80", "127.example.org:80", ":80"):
        with pytest.raises(InvalidInput, match="this machine alone"):
            open_access(AccessSettings(insecure=True), [address])
    access = open_access(AccessSettings(insecure=True), ["127.0.0.1:80", "[::1]:80", "localhost:0"])
    assert access.identify("ada") == Principal("ada", frozenset(Role))
    assert access.identify(None).name == "somebody"
    for name in ("Zoë", "a\nb"):
        with pytest.raises(InvalidInput, match="name"):
            access.identify(name)


def test_a_header_bears_a_token() -> None:
    """Another scheme is refused."""
    assert [bearer(text) for text in (None, "", "Bearer abc", "bearer  abc ")] == [None, None, "abc", "abc"]
    with pytest.raises(Unauthenticated, match="'Basic'"):
        bearer("Basic YWRhOng=")


def test_changes_side_by_side_lose_nothing(path: Path) -> None:
    """Everybody who was added is in."""
    names = [f"p{number:02}" for number in range(16)]
    threads = [threading.Thread(target=add_token, args=(path, name, [Role.RATER])) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [item.name for item in principals(path)] == names
    assert len(json.loads(path.read_text())["tokens"]) == 16


def test_names_come_back_as_they_are() -> None:
    """Also those of other scripts."""
    assert [checked_name(name) for name in ("Zoë", "林 美", "o'Neil <b>")] == ["Zoë", "林 美", "o'Neil <b>"]
