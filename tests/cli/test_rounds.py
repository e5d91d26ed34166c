"""`madseg round` and `madseg standings` against a real rounds service."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.cli.terminal import Terminal
from tests.rounds.fakes import FakeNeighbours
from tests.rounds.serving import Served, serving

START = ("round", "start", "--t0", "/srv/t0", "--s0", "/srv/s0", "--per-ranking", "5", "--counterexamples", "4")
SIZES = ("--test-reserved", "3", "--test-reported", "3", "--raters", "1")


@pytest.fixture
def around() -> FakeNeighbours:
    """Neighbours that get on by themselves."""
    return FakeNeighbours()


@pytest.fixture
def served(tmp_path: Path, around: FakeNeighbours) -> Iterator[Served]:
    """The service, running; its log stays out of what commands print."""
    with capture_logs(), serving(tmp_path, around) as running:
        yield running


@pytest.fixture
def madseg(served: Served, tmp_path: Path, utc: None) -> Terminal:
    """Runs commands with the admin's token, which stands in a file."""
    (tmp_path / "token").write_text(served.tokens["root"])
    return Terminal({"MADSEG_ROUNDS": served.address, "MADSEG_TOKEN_FILE": str(tmp_path / "token")})


def until(holds: Callable[[], bool]) -> None:
    """Waits for it."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_whole_way_and_table_one(madseg: Terminal) -> None:
    """Started, watched, shown, listed; Table 1 has figures with intervals; nothing is wider than the terminal."""
    made = madseg(*START, *SIZES, "--change", "epochs=4", "--json")
    assert made.code == 0, made.err
    assert made.json["plan"]["training"]["changes"] == {"epochs": 4}
    watched = madseg("round", "watch")
    assert watched.code == 0, watched.err
    assert "Round 1 of small: released; " in watched.out
    assert "M 10, S 4, T 3." in watched.out
    assert "Released small/2." in watched.out
    listed = madseg("round", "list")
    assert (made.json["id"] in listed.out, "small/2" in listed.out) == (True, True)
    found = madseg("standings")
    assert "T(1): 3 images, drawn against small/1" in found.out
    assert "Random lane: 5 images" in found.out
    assert "T0-report: 5 images" in found.out
    assert "small/2 – small/1" in found.out
    for answer in (watched, listed, found):
        assert all(len(line) <= 120 for line in answer.out.splitlines()), answer.out
    assert [item["kind"] for item in madseg("standings", "--json").json["sets"]] == [
        "round",
        "random_lane",
        "t0_report",
    ]


def test_one_that_is_waited_for_says_by_its_status_what_came_of_it(madseg: Terminal, around: FakeNeighbours) -> None:
    """3 where it was refused, with the reasons."""
    around.passes = False
    ended = madseg(*START, *SIZES, "--wait")
    assert (ended.code, "MIoU on T0-report falls by 0.2." in ended.out) == (3, True)
    assert madseg("round", "watch", "--json").lines[-1]["outcome"] == "refused"


def test_a_word_is_given(madseg: Terminal) -> None:
    """Where the round is; the screen says that it waits, and how to give it."""
    made = madseg(*START, *SIZES, "--approve-choice", "--json").json["id"]
    until(lambda: bool(madseg("round", "show", "--json").json["awaits_approval"]))
    assert f"`madseg round approve {made}`" in madseg("round", "show").out
    assert madseg("round", "approve", made, "--json").json["awaits_approval"] is False
    until(lambda: madseg("round", "show", "--json").json["outcome"] == "released")


def test_rounds_are_cancelled(madseg: Terminal, around: FakeNeighbours) -> None:
    """And another one is refused as long as one goes on."""
    around.by_itself = False
    made = madseg(*START, "--json").json["id"]
    assert "round 1 of small goes on" in madseg(*START).err
    assert "Cancelled by root." in madseg("round", "cancel", made).out


def test_the_policy(madseg: Terminal) -> None:
    """Shown, set, switched off."""
    assert "no round begins by itself" in madseg("round", "policy").out
    put = madseg("round", "policy", "--candidates", "5000", "--days", "7", "--rounds", "3", "--t0", "/srv/t0")
    assert "a round begins once M would have 5,000 images or 7 days after the last one, 3 in a row" in put.out
    assert madseg("round", "policy", "--json").json["seconds"] == 7 * 86400
    assert "no round begins by itself" in madseg("round", "policy", "--off").out


def test_what_lacks_is_said(madseg: Terminal) -> None:
    """No round, no T0, no mask yet."""
    assert "madseg round start" in madseg("round", "list").out
    assert "there is no round yet" in madseg("round", "show").err
    assert "T0 must be a folder (`--t0`)" in madseg("round", "start").err
    assert "T0-report" not in madseg("standings").out
    assert "no address of the rounds" in Terminal()("round", "list").err
