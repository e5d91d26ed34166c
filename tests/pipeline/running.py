"""`madseg up` as a process of its own, to be started, asked, killed and started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from madseg.client import Client

T = TypeVar("T")

READY_SECONDS = 60.0
"""How long a busy machine may take to start it."""

# The kernel ends it with the tests, however these end.
_BOOT = "import ctypes, signal; ctypes.CDLL(None).prctl(1, signal.SIGKILL); from madseg.__main__ import main; main()"


class Up:
    """One `madseg up` after the other on one state. Leaving the `with` block kills what still runs."""

    def __init__(self, state: Path, settings: Mapping[str, str]) -> None:
        self.state, self.settings = state, dict(settings)
        self.log = state.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None
        self._client: Client | None = None

    @property
    def endpoints(self) -> Path:
        """Where it says where it listens."""
        return self.state / "endpoints.json"

    @property
    def pid(self) -> int:
        """Of the process that was started last."""
        assert self.process is not None
        return self.process.pid

    @property
    def running(self) -> bool:
        """True until the process has ended."""
        return self.process is not None and self.process.poll() is None

    def spawn(self, **changes: str) -> None:
        """Starts the process and doesn't wait for it."""
        assert not self.running
        self._forget_client()
        self.endpoints.unlink(missing_ok=True)
        self.process = launched(self.state, {**self.settings, **changes}, self.log)

    def start(self, **changes: str) -> "Client":
        """Starts the process and waits until it is ready."""
        self.spawn(**changes)
        self.wait_ready()
        return self.client

    def wait_ready(self) -> None:
        """Waits until it has said where it listens."""
        until(lambda: self.endpoints.exists() or not self.running, READY_SECONDS)
        assert self.endpoints.exists(), self.tail()

    @property
    def client(self) -> Client:
        """A client of the process that runs."""
        if self._client is None:
            self._client = Client.from_endpoints(self.endpoints, timeout=20)
        return self._client

    def kill(self) -> None:
        """SIGKILL; returns when the process is gone. Threads may still hold the client: it learns by itself."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    def terminate(self, seconds: float = 30) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        self._forget_client()
        return code

    def tail(self) -> str:
        """The end of the log."""
        return self.log.read_text()[-3000:]

    def _forget_client(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None

    def __enter__(self) -> "Up":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._forget_client()
        if self.process is not None:
            if self.running:
                self.process.kill()
            self.process.wait(30)


def launched(state: Path, settings: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """`madseg up` on a state, its log appended to a file."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MADSEG_")}
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-c", _BOOT, "up", "--state", str(state)],
            env={**ours, **settings},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )


def until(holds: Callable[[], T], seconds: float = 30.0, every: float = 0.02) -> T:
    """What `holds` gives as soon as that is true; fails where it isn't within some seconds."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(every)
    return found
