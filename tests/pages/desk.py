"""A reader at a desk: a folder with networks and pictures, a shell in it, and `madseg up` in a second terminal.

Commands are typed as the pages have them. Only two things are otherwise: ports that a page names are those that were
free, and what goes on until Ctrl-C gets one.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from madseg.client import Client, ContestState, Endpoints
from madseg.client.endpoints import from_file
from tests.pages.blocks import Block
from tests.pipeline.running import Up, until

SECONDS = 120
"""How long the commands of a block may take on a busy machine."""

_PORTS = {"http": 8080, "intake": 7001, "models": 7002, "selector": 7003, "labelling": 7004, "finetune": 7005}

_UP = re.compile(r"^((?:\w+=\S+ +)*)madseg up\b(.*)$")

_WHOLE = """set -aeu
[ ! -e {kept} ] || . {kept}
cd {where}
{text}
export -p > {kept}
pwd > {kept}.where
"""


class Desk:
    """`folder` is where the reader begins. Leaving the `with` block ends what still runs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.where = folder, folder
        self._kept = folder.parent / f"{folder.name}.shell"
        self._bin = folder.parent / f"{folder.name}.bin"
        self._bin.mkdir(exist_ok=True)
        self.put("madseg", f"{shlex.quote(sys.executable)} -m madseg")
        self.put("python", shlex.quote(sys.executable))
        self._up: Up | None = None

    @property
    def up(self) -> Up:
        """What runs in the second terminal."""
        assert self._up is not None, "`madseg up` was never started"
        return self._up

    @property
    def client(self) -> Client:
        """As an operator on the same machine."""
        return self.up.client

    @property
    def endpoints(self) -> Endpoints:
        """Where the services listen."""
        return from_file(self.up.endpoints)

    def start(self, words: str = "", **settings: str) -> None:
        """`madseg up` with options; one that runs is stopped before."""
        self.stop()
        options = dict(re.findall(r"--(\w+)[ =](\S+)", words))
        state = self.where / options.pop("state", "state")
        repository = self.where / options.pop("repository", "model_repository")
        assert not options, f"options that nobody follows here: {options}"
        free = {f"MADSEG_{name.upper()}": "127.0.0.1:0" for name in (*_PORTS, "rounds")}
        self._up = Up(state.resolve(), {**free, "MADSEG_REPOSITORY": str(repository.resolve()), **settings})
        self._up.start()

    def stop(self) -> None:
        """Ctrl-C in the second terminal."""
        if self._up is not None and self._up.running:
            assert self._up.terminate() == 0, self._up.tail()

    def run(self, block: Block, meanwhile: Callable[[], object] | None = None) -> str:
        """Types a block's commands, and fails where one of them does; what they print.

        `meanwhile` is what happens while a command goes on that is ended by Ctrl-C; by default everything settles.
        """
        waits = [line for line in block.text.splitlines() if "Ctrl-C" in line and not _UP.match(line)]
        if not waits and not any(_UP.match(line) for line in block.commands):
            return self.shell(block.text, block.place)
        printed = ""
        ended = [line.partition("#")[0].strip() for line in waits]
        for command in block.commands:
            if found := _UP.match(command):
                self.start(found[2], **dict(item.split("=", 1) for item in shlex.split(found[1])))
            elif command in ended:
                printed += self._interrupted(command, meanwhile or self.settle)
            else:
                printed += self.shell(command, block.place)
        return printed

    def shell(self, text: str, place: str = "") -> str:
        """Runs a piece of shell in the folder, with the variables of what was typed before."""
        script = _WHOLE.format(
            kept=shlex.quote(str(self._kept)), where=shlex.quote(str(self.where)), text=self._here(text)
        )
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.where,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        said = f"{place}\n{text}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        assert done.returncode == 0, said
        self.where = Path(Path(f"{self._kept}.where").read_text().strip())
        return done.stdout

    def settle(self) -> None:
        """Waits until every contest has answered for every image that is in."""

        deadline = time.monotonic() + SECONDS
        while lacking := self._unsettled():
            assert time.monotonic() < deadline, lacking
            time.sleep(0.1)

    def _unsettled(self) -> str:
        """What is still to be done; empty where all is."""
        status, contests = self.client.selector_status(), self.client.contests()
        unknown = self.client.find_unknown(list(self.client.images())[:1000])
        through = not (status.lag or status.replays or unknown)
        done = through and all(item.state == ContestState.COMPLETE for item in contests)
        return "" if done else f"{status}\n{contests}\n{len(unknown)} unknown"

    @property
    def environment(self) -> Mapping[str, str]:
        """A shell's, in which nothing of madseg is set."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("MADSEG_")}
        return {**ours, "PATH": f"{self._bin}:{ours['PATH']}", "COLUMNS": "100"}

    def _interrupted(self, command: str, meanwhile: Callable[[], object]) -> str:
        with subprocess.Popen(
            ["bash", "-c", f"exec {self._here(command)}"],
            cwd=self.where,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                until(lambda: _has_connected(process.pid), SECONDS)
                meanwhile()
            finally:
                process.send_signal(signal.SIGINT)
                printed, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, f"{command}\n{printed}"
        return printed

    def _here(self, text: str) -> str:
        """The text with the ports that are in use here."""
        if self._up is None or not self._up.running:
            return text
        found = self.endpoints
        for name, port in _PORTS.items():
            address: str | None = getattr(found, name)
            text = text.replace(f"127.0.0.1:{port}", (address or "").removeprefix("http://").rstrip("/"))
        return text

    def put(self, name: str, command: str) -> None:
        """A program on the reader's PATH that runs a command with whatever words follow."""
        path = self._bin / name
        path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        path.chmod(0o755)

    def __enter__(self) -> "Desk":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._up is not None:
            self._up.__exit__(kind, error, trace)


def _has_connected(pid: int) -> bool:
    """True once a process has a socket: before that a command is being loaded, and Ctrl-C would break it off."""
    try:
        return any(str(link.readlink()).startswith("socket:") for link in Path(f"/proc/{pid}/fd").iterdir())
    except FileNotFoundError:
        return False
