"""What holds a process of all services together: its lock, what they share, and the file that says where they are."""

import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path

from madseg.client.endpoints import EVERYBODY
from madseg.client.tls import PUBLIC
from madseg.core.errors import Conflict, InvalidInput
from madseg.files import replace_file
from madseg.gateway.http_server import HttpServer
from madseg.observing.exposing import Exposed
from madseg.ports import Blobs, Database, Inference, Stream
from madseg.rpc import Server
from madseg.runtime import Part
from madseg.security.tls import TlsSettings
from madseg.up.neighbourhood import ENDPOINTS


class Holding:
    """A part that holds what others use: starts first, and closes when all of them have stopped."""

    def __init__(self, *held: Stream | Blobs | Database | Inference) -> None:
        self._held = held

    def start(self) -> None:
        """Nothing: what it holds is open already."""

    def stop(self) -> None:
        for item in self._held:
            item.close()


class Lock:
    """Keeps a second process from the same state."""

    def __init__(self, state: Path) -> None:
        """Raises Conflict where another process has it, InvalidInput where it can't be a folder of ours."""
        try:
            state.mkdir(parents=True, exist_ok=True)
            self._file = (state / "lock").open("a+")
        except OSError as error:
            raise InvalidInput(
                f"{state} can't be the folder of the state: {error.strerror}; `--state` or MADSEG_STATE names another"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise Conflict(
                f"{state} is in use by process {holder}: stop that one, or give this one a state of its own"
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def close(self) -> None:
        """Lets the next process in."""
        self._file.close()


class Announced:
    """A part that starts last and says in `endpoints.json` where the others listen; `found` says it to the caller.

    It also says whose calls are taken, so that commands don't show a token of another start to whoever takes all.
    With `tls` it names the files by which a command of this machine speaks to the services.
    """

    def __init__(self, state: Path, parts: Sequence[Part], *, insecure: bool, tls: TlsSettings | None = None) -> None:
        self._path, self._parts = state / "endpoints.json", parts
        self._path.unlink(missing_ok=True)  # left by one that was killed
        self.found: dict[str, str] = {"access": EVERYBODY} if insecure else {}
        if tls is not None and tls.tls_certificate:
            self.found |= _files(tls)

    def start(self) -> None:
        for part in self._parts:
            if isinstance(part, Server):
                self.found |= {ENDPOINTS[name]: part.reachable for name in part.names}
            elif isinstance(part, HttpServer):
                self.found["http"] = part.url
            elif isinstance(part, Exposed):
                self.found["metrics"] = part.url
        replace_file(self._path, (json.dumps(self.found, indent=1) + "\n").encode())

    def stop(self) -> None:
        self._path.unlink(missing_ok=True)


def _files(tls: TlsSettings) -> dict[str, str]:
    """Absolute: commands may run in another folder. Our certificate only where callers must have one."""
    found = {"tls_authority": tls.tls_authority}
    if tls.tls_client_authority:
        found |= {"tls_certificate": tls.tls_certificate, "tls_key": tls.tls_key}
    named = {"tls_name": tls.tls_name} if tls.tls_name else {}
    return {key: file if file == PUBLIC else str(Path(file).absolute()) for key, file in found.items()} | named
