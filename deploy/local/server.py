"""One server as a process of its own: its data, log and state in one folder, on a free port, found again by anybody."""

import fcntl
import json
import os
import random
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

TOOLS = Path(os.environ.get("MADSEG_TEST_TOOLS", "build/tools")).absolute()
"""What was fetched or built, shared by all servers of this checkout."""

PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""The first and the last port that Linux gives by itself."""

LOWEST_PORT = 20000
"""Below it are those that well-known servers listen on by themselves."""


class Failed(Exception):
    """A server couldn't be fetched, started or reached; the message says what to do about it."""


class Lacking(Failed):
    """A prerequisite of the machine is absent; the message is the one line that installs it."""


@dataclass(frozen=True)
class Running:
    """A started process: `began` is its start time in clock ticks, which tells it from a later one of the same id."""

    pid: int
    began: int


class Server(ABC):
    """A server over one folder. A second object over the same folder, in any process, is the same server."""

    name: ClassVar[str]
    start_seconds: ClassVar[float] = 60.0
    """How long it may take until it answers."""
    stop_seconds: ClassVar[float] = 15.0
    """How long it may take to end when asked, before it is killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @property
    @abstractmethod
    def url(self) -> str:
        """By which madseg reaches it, once it has been started."""

    @abstractmethod
    def prepare(self) -> None:
        """Fetches or builds what it runs on, once per machine.

        Raises:
            Lacking: a prerequisite is absent.
        """

    @abstractmethod
    def command(self) -> Sequence[str]:
        """The command line; makes the folder's contents where they aren't there yet."""

    @abstractmethod
    def answers(self) -> bool:
        """True once it serves requests."""

    def environment(self) -> Mapping[str, str]:
        """Variables of its process beside those of this one."""
        return {}

    def user(self) -> str | None:
        """The account it runs under; None: the caller's."""
        return None

    def start(self) -> None:
        """Starts it, and returns when it answers; does nothing where it runs.

        Raises:
            Lacking: a prerequisite is absent.
            Failed: it ended, or didn't answer in time; the message has the end of its log.
        """
        self.prepare()
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder / ".lock"):
            if not self.running:
                self._launch()
        deadline = time.monotonic() + self.start_seconds
        while not self.answers():
            if not self.running:
                raise Failed(f"{self.name} ended while starting; the end of {self.log}:\n{self._tail()}")
            if time.monotonic() > deadline:
                raise Failed(f"{self.name} didn't answer in {self.start_seconds:g} s; {self.log} ends:\n{self._tail()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends it in order and waits; does nothing where it doesn't run."""
        self.signal(signal.SIGTERM)
        if not self._ended(self.stop_seconds):
            self.kill()
        self.state.unlink(missing_ok=True)

    def kill(self) -> None:
        """kill -9, and waits until it is gone."""
        self.signal(signal.SIGKILL)
        if not self._ended(30.0):
            raise Failed(f"{self.name} is still there after kill -9")

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to its process group: SIGSTOP and SIGCONT make a server that hangs."""
        found = self._running()
        if found is not None:
            with suppress(ProcessLookupError):
                os.killpg(found.pid, number)

    @property
    def running(self) -> bool:
        """True while its process is there."""
        return self._running() is not None

    @property
    def log(self) -> Path:
        """What it wrote on its standard output and error."""
        return self.folder / "log"

    @property
    def state(self) -> Path:
        """Which process it is."""
        return self.folder / "process.json"

    def port(self, what: str = "port") -> int:
        """A port that was free when first asked for, and stays this server's over restarts."""
        path = self.folder / "ports.json"
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder / ".ports"):
            ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
            if what not in ports:
                ports[what] = free_port()
                path.write_text(json.dumps(ports))
        return ports[what]

    def _launch(self) -> None:
        user = self.user()
        command = self.command()
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**os.environ, **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )
        began = _began(process.pid)
        process.returncode = 0  # it is found by its id from now on; Popen would complain that it still runs
        if began is not None:
            self.state.write_text(json.dumps(asdict(Running(process.pid, began))))

    def _running(self) -> Running | None:
        try:
            found = Running(**json.loads(self.state.read_text()))
        except (FileNotFoundError, ValueError):
            return None
        return found if _began(found.pid) == found.began else None

    def _ended(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.running:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _tail(self) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])
        except FileNotFoundError:
            return "(nothing)"


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now.

    Below those that the kernel gives to connections and to whoever listens on "any", where there are such: so it
    stays free while its server is away for a moment.
    """
    low = int(PORT_RANGE.read_text().split()[0]) if PORT_RANGE.exists() else 0
    chosen = random.SystemRandom()
    for _ in range(100 if low > LOWEST_PORT else 0):
        port = chosen.randrange(LOWEST_PORT, low)
        if _is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds a lock file, which a killed process lets go of."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _began(pid: int) -> int | None:
    """The start time of a living process; None for one that is gone, or dead and not yet waited for."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])
