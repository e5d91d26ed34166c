"""`madseg up`: one process per state, and what it says of itself."""

import json
import os
from pathlib import Path

import pytest

from madseg.core.errors import Conflict, InvalidInput
from madseg.rpc import Server, Service
from madseg.up import Announced, Holding, Lock, build
from tests.contracts.fakes import FakeBlobs, FakeStream


def test_a_state_is_locked_by_one_process(tmp_path: Path) -> None:
    """The second is told which one has it; afterwards the state is free."""
    first = Lock(tmp_path / "state")
    with pytest.raises(Conflict, match=rf"state is in use by process {os.getpid()}: stop that one"):
        Lock(tmp_path / "state")
    first.close()
    Lock(tmp_path / "state").close()


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
    announced = Announced(tmp_path, [server])
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


def test_settings_of_every_service_are_checked_before_anything_is_made(tmp_path: Path) -> None:
    """An unknown one, and one of the wrong type."""
    with pytest.raises(InvalidInput, match="MADSEG_GRIT is no setting"):
        build(tmp_path, {"MADSEG_GRIT": "9x9"})
    with pytest.raises(InvalidInput, match="MADSEG_WINDOW must be a whole number"):
        build(tmp_path, {"MADSEG_WINDOW": "wide"})
    assert list(tmp_path.iterdir()) == []
