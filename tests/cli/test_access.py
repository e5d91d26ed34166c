"""`madseg access`."""

from pathlib import Path

from madseg.security.access import Role, Tokens
from tests.cli.terminal import Terminal


def test_people_are_added_listed_and_removed(tmp_path: Path) -> None:
    """The token alone is on standard output, once."""
    madseg = Terminal({"MADSEG_STATE": str(tmp_path)})
    added = madseg("access", "add", "ada", "--role", "rater", "--role", "annotator")
    assert added.code == 0
    assert "can't be shown again" in added.err
    assert Tokens(tmp_path / "tokens.json").identify(added.out).roles == {Role.RATER, Role.ANNOTATOR}
    assert madseg("access", "list").out.splitlines()[-1].split() == ["ada", "annotator,", "rater"]
    assert madseg("access", "list", "--json").json == [{"name": "ada", "roles": ["annotator", "rater"]}]
    assert madseg("access", "remove", "ada").code == 0
    assert madseg("access", "remove", "ada").code == 1
    assert madseg("access", "list", "--json").json == []


def test_a_link_that_signs_in_is_told_while_services_run(tmp_path: Path) -> None:
    """With the token in the fragment, where no server gets it."""
    (tmp_path / "endpoints.json").write_text('{"http": "http://127.0.0.1:8080"}')
    added = Terminal({"MADSEG_STATE": str(tmp_path)})("access", "add", "ada", "--role", "rater")
    assert f"A link that signs in as ada: http://127.0.0.1:8080/#/sign-in/{added.out.strip()}" in added.err


def test_a_file_that_is_new_is_told(tmp_path: Path) -> None:
    """It may be in the wrong folder: no service reads it then."""
    madseg = Terminal({"MADSEG_STATE": str(tmp_path)})
    first = madseg("access", "add", "ada", "--role", "rater")
    assert f"{tmp_path / 'tokens.json'} is new: tokens in it count for services that read it" in first.err
    assert "is new" not in madseg("access", "add", "ben", "--role", "rater").err


def test_once_leaves_a_token_that_is_there(tmp_path: Path) -> None:
    """So that a start that is repeated ends nobody's."""
    madseg = Terminal({"MADSEG_STATE": str(tmp_path)})
    first = madseg("access", "add", "ada", "--role", "rater", "--once").out
    again = madseg("access", "add", "ada", "--role", "rater", "--once")
    assert (again.code, again.out) == (0, "")
    assert "ada has a token already" in again.err
    assert Tokens(tmp_path / "tokens.json").identify(first).name == "ada"


def test_a_services_token_goes_into_a_file(tmp_path: Path) -> None:
    """It isn't shown; where that file is lost, `--once` makes another."""
    madseg = Terminal({"MADSEG_STATE": str(tmp_path)})
    words = ("access", "add", "gateway", "--role", "operator", "--once", "--into", tmp_path / "tokens" / "gateway")
    for kept in (False, True, False):
        before = (tmp_path / "tokens" / "gateway").read_text() if kept else ""
        answer = madseg(*words)
        written = (tmp_path / "tokens" / "gateway").read_text()
        assert (answer.code, answer.out) == (0, "")
        assert (written == before) == kept
        assert Tokens(tmp_path / "tokens.json").identify(written.strip()).name == "gateway"
        assert (tmp_path / "tokens" / "gateway").stat().st_mode & 0o777 == 0o600
        if kept:
            (tmp_path / "tokens" / "gateway").unlink()


def test_the_file_may_be_elsewhere(tmp_path: Path) -> None:
    """By option or variable; JSON has the token too."""
    path = tmp_path / "t.json"
    token = Terminal({"MADSEG_TOKENS": str(path)})("access", "add", "ada", "--role", "admin", "--json").json["token"]
    assert Tokens(path).identify(token).name == "ada"
    assert Terminal()("access", "list", "--tokens", path, "--json").json[0]["name"] == "ada"


def test_wrong_words_are_one_line(tmp_path: Path) -> None:
    """No role, an unknown one, no file, a name that can't be."""
    madseg = Terminal({"MADSEG_STATE": str(tmp_path)})
    for words, code in (
        (("add", "ada"), 2),
        (("add", "ada", "--role", "king"), 2),
        (("list",), 1),
        (("remove", "ada"), 1),
        (("add", "a\nb", "--role", "rater"), 1),
    ):
        answer = madseg("access", *words)
        assert (answer.code, answer.err.count("\n")) == (code, 1), answer.err
