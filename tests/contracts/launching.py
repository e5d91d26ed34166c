"""Launchers under test, and what they launch: it does what the file `does` in its folder says."""

import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path

from madseg.adapters.launchers.process import Options, ProcessLauncher
from madseg.core.errors import InvalidInput
from madseg.ports import Ended, Launcher, Running, Unknown

WORKER = """
import os, signal, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
does = (folder / "does").read_text().split()
if does[0] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with (folder / "began").open("a") as file:
    file.write(f"{os.getpid()} {sorted(name for name in os.environ if name.startswith('MADSEG_'))}\\n")
print("it says something", flush=True)
if does[0] == "exit":
    sys.exit(int(does[1]))
time.sleep(600)
"""


class FakeLauncher(Launcher):
    """Nothing is carried out; `runs` is what several of them share, as several processes share a machine."""

    def __init__(self, runs: dict[str, Running | Ended] | None = None) -> None:
        self.runs: dict[str, Running | Ended] = {} if runs is None else runs
        self.launched: list[str] = []
        self.stopped: list[str] = []

    def launch(self, run_id: str, folder: Path) -> None:
        _check(run_id)
        if not isinstance(self.runs.get(run_id), Running):
            does = (folder / "does").read_text().split() if (folder / "does").exists() else ["sleep"]
            self.runs[run_id] = Ended(int(does[1])) if does[0] == "exit" else Running()
            self.launched.append(run_id)
            with (folder / "began").open("a") as file:
                file.write("0 []\n")
            (folder / "log.txt").write_text("it says something\n")

    def state(self, run_id: str) -> Running | Ended | Unknown:
        _check(run_id)
        return self.runs.get(run_id, Unknown())

    def stop(self, run_id: str) -> None:
        _check(run_id)
        self.stopped.append(run_id)
        if isinstance(self.runs.get(run_id), Running):
            self.runs[run_id] = Ended(-15)

    def die(self, run_id: str, status: int = -9) -> None:
        """Training is killed."""
        self.runs[run_id] = Ended(status)


class LauncherPlace(ABC):
    """A machine that launchers run on."""

    def __init__(self) -> None:
        self._opened: list[Launcher] = []

    def open(self) -> Launcher:
        """A launcher, as a service that starts opens it."""
        self._opened.append(self._open())
        return self._opened[-1]

    def close(self, run_id: str) -> None:
        """Nothing goes on afterwards, and every launcher has seen that."""
        self.open().stop(run_id)
        for launcher in self._opened:
            launcher.state(run_id)

    @abstractmethod
    def _open(self) -> Launcher:
        """A new one."""


class FakePlace(LauncherPlace):
    """In memory."""

    def __init__(self, _folder: Path) -> None:
        super().__init__()
        self._runs: dict[str, Running | Ended] = {}

    def _open(self) -> Launcher:
        return FakeLauncher(self._runs)


class ProcessPlace(LauncherPlace):
    """Processes of this machine."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._kept = folder / "kept"
        code = folder / "code"
        code.mkdir()
        (code / "training_stand_in.py").write_text(WORKER)
        self.path = str(code)

    def _open(self) -> Launcher:
        return ProcessLauncher(self._kept, Options(), module="training_stand_in", grace=0.5)


def until_ended(launcher: Launcher, run_id: str) -> Ended:
    """What it is then."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found = launcher.state(run_id)
        if isinstance(found, Ended):
            return found
        time.sleep(0.02)
    raise AssertionError(f"{run_id} goes on: {sys.executable}")


def until_begun(folder: Path, times: int = 1) -> None:
    """Returns when it has been begun so often."""
    end = time.monotonic() + 30
    while not (folder / "began").exists() or len((folder / "began").read_text().splitlines()) < times:
        assert time.monotonic() < end
        time.sleep(0.02)


def _check(run_id: str) -> None:
    if not (run_id.isascii() and run_id.isalnum() and run_id == run_id.lower() and len(run_id) <= 64):
        raise InvalidInput(f"the id of a run must be 1..64 of a-z and 0-9, got {run_id!r}")
