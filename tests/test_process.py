"""A service's process waits for its servers, and ends with a line where waiting doesn't help."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from madseg import process
from madseg.core.errors import Conflict, Unavailable
from madseg.runtime import Part
from madseg.settings import setting


@dataclass(frozen=True)
class Config:
    """One setting."""

    number: int = setting("MADSEG_NUMBER", 1, "A number")


class Once(Part):
    """Has the process told to stop as soon as it runs."""

    def __init__(self) -> None:
        self.stopped = False

    def start(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture(autouse=True)
def _signals() -> object:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_server_that_is_not_there_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was opened before it is closed and opened anew, and closed at the end after the parts have stopped."""
    monkeypatch.setattr(process, "BACKOFF_SECONDS", (0.0,))
    events: list[str] = []
    part = Once()

    def assemble(config: Config, held: ExitStack) -> list[Part]:
        held.callback(lambda: events.append(f"closed, stopped: {part.stopped}"))
        events.append("opened")
        if len(events) < 4:
            raise Unavailable("no broker answers")
        return [part]

    process.serve("test", Config, assemble)
    assert events == ["opened", "closed, stopped: False"] * 2 + ["opened", "closed, stopped: True"]


def test_what_waiting_does_not_mend_ends_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line that says why, and the exit status 1."""

    def assemble(config: Config, held: ExitStack) -> list[Part]:
        raise Conflict("the tables are of a later release")

    for environment, reason in (("1", "the tables are of a later release"), ("two", "MADSEG_NUMBER")):
        monkeypatch.setenv("MADSEG_NUMBER", environment)
        with pytest.raises(SystemExit) as ended:
            process.serve("test", Config, assemble)
        assert ended.value.code == 1
        last = capsys.readouterr().err.splitlines()[-1]
        assert '"event": "ended"' in last
        assert reason in last


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes connections and says nothing on them."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(60)
        yield listening


@contextmanager
def gateway(brokers: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A real one, which is gone afterwards."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MADSEG_")}
    told = {"STREAM": f"kafka://{brokers}", "BLOBS": f"file:{folder}", "INSECURE": "true"}
    environment |= {f"MADSEG_{name}": value for name, value in told.items()}
    command = [sys.executable, "-m", "madseg.gateway"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_service_ends_at_once_between_two_tries(number: int, tmp_path: Path) -> None:
    """With 0: as the first process of a container it would never hear of a signal that it has no handler for."""
    with gateway("127.0.0.1:1", tmp_path) as process:
        assert process.stderr is not None
        assert any('"event": "waiting"' in line for line in process.stderr)
        process.send_signal(number)
        assert process.wait(10) == 0
        assert "Traceback" not in process.stderr.read()


def test_a_service_ends_at_once_while_it_waits_for_an_answer(silent: socket.socket, tmp_path: Path) -> None:
    """Of a server that hangs."""
    with gateway(f"127.0.0.1:{silent.getsockname()[1]}", tmp_path) as process:
        connection, _ = silent.accept()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        connection.close()
