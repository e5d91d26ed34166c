"""A `madseg up` of its own for as long as it is needed: a child process, as a user would start it."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from madseg.client import Client
from madseg.core.errors import Conflict

READY_SECONDS = 60
"""Longest wait for the services: a first start on a cold disk compiles and loads everything."""

STOP_SECONDS = 30
"""Longest wait for the services to finish what is under way."""


class Running:
    """Starts `madseg up` on a state directory and free ports, and stops it at the end.

    `settings` are MADSEG_* variables. The log goes to `<state>/up.log`.
    """

    def __init__(self, state: Path, settings: Mapping[str, str]) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self._state, self.log = state, state / "up.log"
        ports = {
            f"MADSEG_{name}": "127.0.0.1:0"
            for name in ("HTTP", "INTAKE", "MODELS", "SELECTOR", "LABELLING", "FINETUNE", "ROUNDS")
        }
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MADSEG_")}
        self._environment = {**clean, **ports, "MADSEG_STATE": str(state), **settings}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process, while it runs."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Client:
        """A client of the services, once they answer.

        Raises:
            Conflict: they ended instead; the message has the end of their log.
        """
        endpoints = self._state / "endpoints.json"
        endpoints.unlink(missing_ok=True)  # left by one that was killed
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "madseg.up"]
            # A session of its own: Ctrl-C is for whoever started it, who then stops it in order.
            self._process = subprocess.Popen(
                command, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + READY_SECONDS
        while not endpoints.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._stop()
                end = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
                raise Conflict(f"the services did not start; the end of {self.log}:\n{end}")
            time.sleep(0.05)
        return Client.from_endpoints(endpoints)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
