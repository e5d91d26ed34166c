"""Errors, exit codes, help."""

import subprocess
import sys
import time

import pytest

from madseg import __version__
from madseg.cli.failures import explained
from madseg.client import MaskPurpose
from tests.cli.terminal import Terminal


def test_nobody_there_says_how_to_start(utc: None) -> None:
    """One line with the address, the command and the variable."""
    answer = Terminal({"MADSEG_SELECTOR": "127.0.0.1:1"})("contests")
    assert answer.code == 1
    assert answer.err == (
        "madseg: error: nothing answers at 127.0.0.1:1; start it with `madseg up`, or set MADSEG_SELECTOR\n"
    )


def test_no_address_says_how_to_give_one(utc: None) -> None:
    """Without variable and without file."""
    answer = Terminal()("contests")
    assert answer.err == (
        "madseg: error: no address of the selector is known: run this in the folder of `madseg up`, or set "
        "MADSEG_STATE or MADSEG_SELECTOR\n"
    )


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("rankings --since yesterday", "--since"),
        ("rankings --tag k", "KEY=VALUE"),
        ("rankings --defender both", "--defender"),
        ("why", "missing argument 'image'"),
        ("forget 00", "missing option"),
        ("import-predictions --model ours", "NAME=DIR"),
        ("constraint . --method mean", "quartiles or deviation"),
    ],
)
def test_wrong_usage_is_one_line(madseg: Terminal, words: str, part: str) -> None:
    """It names the option and where help is, and ends with 2."""
    answer = madseg(*words.split())
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert answer.err.startswith("madseg: error: ")
    assert part in answer.err
    assert f"`madseg {words.split()[0]} --help`" in answer.err


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("matrix --target ours/4294967296", "name or name/3"),
        ("candidates cut --seed 18446744073709551616", "seed must be 0..18446744073709551615"),
        ("model serve ours 4294967296", "each of versions must be 0..4294967295"),
        ("evaluation compare --round 4294967296", "round must be 0..4294967295"),
    ],
)
def test_what_no_message_holds_is_one_line(madseg: Terminal, words: str, part: str) -> None:
    """And no traceback."""
    answer = madseg(*words.split())
    assert answer.code in (1, 2)
    assert answer.err.startswith("madseg: error: ")
    assert (part in answer.err, answer.err.count("\n")) == (True, 1)


def test_a_moment_that_utc_does_not_have_is_wrong_usage(madseg: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """West of it the last hours of the year 9999."""
    monkeypatch.setenv("TZ", "EST5")
    time.tzset()
    answer = madseg("rankings", "--class", "bus", "--since", "9999-12-31T23:59")
    assert (answer.code, "--since" in answer.err) == (2, True)


@pytest.mark.parametrize("words", ["frob", "why --frob", "model frob"])
def test_unknown_words_are_wrong_usage(madseg: Terminal, words: str) -> None:
    """Commands and options."""
    assert madseg(*words.split()).code == 2


def test_a_missing_library_names_the_way_to_get_it() -> None:
    """The extra `cli` alone has no numpy; a missing part of madseg is a defect and stays a traceback."""
    missing = ModuleNotFoundError("No module named 'numpy'", name="numpy")
    expected = 'this command needs numpy, which isn\'t installed: in the checkout, pip install ".[up]"'
    assert explained(missing) == expected
    assert explained(ModuleNotFoundError("No module named 'madseg.none'", name="madseg.none")) is None


def test_the_way_back_from_a_backup_asks_the_copy(madseg: Terminal) -> None:
    """In the second terminal, too."""
    told = madseg("backup", "--help").out
    assert "madseg up --state TARGET --repository TARGET/model_repository" in " ".join(told.split())
    assert "MADSEG_STATE=TARGET madseg reconcile" in told


def test_masks_are_exported_by_every_purpose(madseg: Terminal) -> None:
    """As the help says."""
    told = madseg("labels", "export", "--help").out
    assert [item for item in MaskPurpose if item is not MaskPurpose.UNKNOWN and item not in told] == []


def test_the_version_is_told(madseg: Terminal) -> None:
    """To people and machines."""
    assert madseg("version").out.startswith(f"madseg {__version__}")
    assert madseg("version", "--json").json["madseg"] == __version__


def test_every_setting_is_listed(madseg: Terminal) -> None:
    """With default and meaning."""
    found = {item["variable"]: item for item in madseg("settings", "--json").json}
    assert found["MADSEG_GRID"]["default"] == "513x513"
    assert "MADSEG_SELECTOR" in madseg("settings").out


def test_help_answers_at_once() -> None:
    """Neither gRPC nor numpy is loaded for it: a third of a second each."""
    code = (
        "import sys; sys.argv = ['madseg', '--help']\n"
        "from madseg.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('grpc', 'numpy', 'numba', 'onnxruntime', 'PIL') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "[]"
