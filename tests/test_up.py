"""`madseg up`: one process per state, and what it says of itself."""

import json
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from madseg.core.errors import Conflict, InvalidInput
from madseg.project import remember
from madseg.rpc import Server, Service
from madseg.security.access import Role, Tokens, add_token
from madseg.up import OPERATOR, build, make_tokens
from madseg.up.configuring import configured
from madseg.up.parts import Announced, Holding, Lock
from tests.cli.terminal import Terminal
from tests.contracts.fakes import FakeBlobs, FakeStream


def test_a_state_is_locked_by_one_process(tmp_path: Path) -> None:
    """The second is told which one has it; afterwards the state is free."""
    first = Lock(tmp_path / "state")
    with pytest.raises(Conflict, match=rf"state is in use by process {os.getpid()}: stop that one"):
        Lock(tmp_path / "state")
    first.close()
    Lock(tmp_path / "state").close()


def test_a_state_that_can_be_no_folder_is_one_line(tmp_path: Path) -> None:
    """A file, and what would be below one."""
    (tmp_path / "file").touch()
    for state, why in ((tmp_path / "file", "File exists"), (tmp_path / "file" / "state", "Not a directory")):
        answer = Terminal()("up", "--state", state)
        expected = f"madseg: error: {state} can't be the folder of the state: {why}; `--state` or MADSEG_STATE names"
        assert answer.code == 1
        assert answer.err == f"{expected} another\n"


def test_a_lock_says_who_has_it_now(tmp_path: Path) -> None:
    """Not who had it before."""
    (tmp_path / "lock").write_text("4194304000")
    lock = Lock(tmp_path)
    assert (tmp_path / "lock").read_text() == str(os.getpid())
    lock.close()


def test_addresses_are_announced_while_it_runs(tmp_path: Path) -> None:
    """By service, whole, and gone after the stop."""
    service = Service("madseg.v1.ModelsService", object(), lambda *_: None)
    server = Server([service], "127.0.0.1:0")
    server.start()
    announced = Announced(tmp_path, [server], insecure=False)
    announced.start()
    assert {"models": server.reachable} == json.loads((tmp_path / "endpoints.json").read_text()) == announced.found
    announced.stop()
    server.stop()
    assert list(tmp_path.iterdir()) == []


def test_what_others_use_is_closed_last() -> None:
    """By the part that starts first."""
    stream, blobs = FakeStream(), FakeBlobs()
    holding = Holding(stream, blobs)
    holding.start()
    blobs.put("a", b"1")
    holding.stop()
    for act in (lambda: blobs.put("a", b"1"), lambda: stream.end_offsets("t")):
        with pytest.raises(Conflict, match="closed"):
            act()


def test_what_was_set_is_told_in_one_line(tmp_path: Path) -> None:
    """Neither defaults nor what follows from the state folder."""
    with capture_logs() as lines:
        configured(tmp_path, {"MADSEG_GRID": "24x32"}, {"http": "127.0.0.1:0"})
    expected = {"MADSEG_GRID": "24x32", "MADSEG_HTTP": "127.0.0.1:0", "state": str(tmp_path)}
    assert [{"event": "configured", "log_level": "info", **expected}] == lines


def test_settings_of_every_service_are_checked_before_anything_is_made(tmp_path: Path) -> None:
    """An unknown one, and one of the wrong type."""
    with pytest.raises(InvalidInput, match="MADSEG_GRIT is no setting"):
        build(tmp_path, {"MADSEG_GRIT": "9x9"})
    with pytest.raises(InvalidInput, match="MADSEG_WINDOW must be a whole number"):
        build(tmp_path, {"MADSEG_WINDOW": "wide"})
    assert list(tmp_path.iterdir()) == []


def test_settings_of_a_state_hold_where_no_other_says_otherwise(tmp_path: Path) -> None:
    """The environment wins over them."""
    remember(tmp_path, {"MADSEG_WINDOW": "wide"})
    with pytest.raises(InvalidInput, match="MADSEG_WINDOW must be a whole number"):
        build(tmp_path, {})
    with pytest.raises(InvalidInput, match="MADSEG_GRIT is no setting"):
        build(tmp_path, {"MADSEG_WINDOW": "8", "MADSEG_GRIT": "9x9"})


def test_the_first_start_makes_a_token_for_the_commands_of_this_machine(tmp_path: Path) -> None:
    """For this user alone; a later start leaves the tokens as they are."""
    state = tmp_path / "state"
    make_tokens(state, state / "tokens.json")
    token = (state / OPERATOR).read_text().strip()
    assert (state / OPERATOR).stat().st_mode & 0o777 == 0o600
    assert Tokens(state / "tokens.json").identify(token).may(Role.OPERATOR)
    make_tokens(state, state / "tokens.json")
    assert (state / OPERATOR).read_text().strip() == token


def test_a_start_after_the_first_person_was_added_makes_that_token_too(tmp_path: Path) -> None:
    """Unless somebody may do everything already, or has its name."""
    for number, (role, missing) in enumerate([(Role.RATER, True), (Role.ADMIN, False)]):
        state = tmp_path / str(number)
        theirs = add_token(state / "tokens.json", "ada", [role])
        make_tokens(state, state / "tokens.json")
        assert (state / OPERATOR).exists() is missing
        assert Tokens(state / "tokens.json").identify(theirs).name == "ada"
    theirs = add_token(tmp_path / "tokens.json", "operator", [Role.READER])
    make_tokens(tmp_path, tmp_path / "tokens.json")
    assert Tokens(tmp_path / "tokens.json").identify(theirs).roles == {Role.READER}


def test_without_tokens_no_other_machine_can_call(tmp_path: Path) -> None:
    """It is refused before anything is made."""
    for name in ("INTAKE", "MODELS", "SELECTOR", "LABELLING", "FINETUNE", "ROUNDS", "HTTP"):
        with pytest.raises(InvalidInput, match=r"on this machine alone, not on 0\.0\.0\.0:7009"):
            build(tmp_path, {f"MADSEG_{name}": "0.0.0.0:7009", "MADSEG_INSECURE": "true"})
    assert list(tmp_path.iterdir()) == []
