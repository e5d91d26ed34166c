"""Training in a process of this machine, in a session of its own, so that it outlives the service.

    <kept>/<run>.lock     held by every process of the training for as long as it lives
    <kept>/<run>.pid      their process group

The lock is taken here and inherited; the kernel frees it with the last process that has it, so a service that comes
back is told the truth whatever was killed, and can't launch a second training beside one whose launch was cut off. A
process's id with its start time would say as much, but for that cut. Several processes are started by
`madseg.finetune.ranks`, which leaves them the lock and the group.
"""

import fcntl
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from madseg.adapters.launchers.ids import checked_id
from madseg.adapters.locations import make_folder
from madseg.core.errors import InvalidInput, NotReady, Unavailable
from madseg.ports import Ended, Launcher, Running, Unknown

GRACE_SECONDS = 10.0
"""How long training may take to end after SIGTERM; then it is killed."""

POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Options:
    """`processes` that share a run's work, one a GPU; `nice` is 0..19."""

    processes: int = 1
    nice: int = 5


def parse_options(url: str) -> Options:
    """The options of `process:?processes=4&nice=10`.

    Raises:
        InvalidInput: one that is unknown or can't be.
    """
    place, _, query = url.removeprefix("process:").partition("?")
    bounds = {"processes": (1, 64), "nice": (0, 19)}
    given: dict[str, int] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        low, high = bounds.get(name, (1, 0))
        if not value.isdigit() or not low <= int(value) <= high:
            raise InvalidInput(f"{url!r}: processes must be 1..64 and nice 0..19, and there is no other option")
        given[name] = int(value)
    if place:
        raise InvalidInput(f"{url!r} must be process: with options after a question mark")
    return Options(**given)


class ProcessLauncher(Launcher):
    """See the module. `grace` in seconds; `module` is run as `python -m MODULE FOLDER`, by each process, and `needs` a
    package that not every installation has.
    """

    def __init__(
        self,
        kept: Path,
        options: Options = Options(),
        *,
        module: str = "madseg.finetune.run",
        needs: str = "torch",
        grace: float = GRACE_SECONDS,
    ) -> None:
        self._kept, self._options, self._module, self._grace = kept.absolute(), options, module, grace
        self._needs = needs
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def launch(self, run_id: str, folder: Path) -> None:
        if importlib.util.find_spec(self._needs) is None:
            raise NotReady(f"training needs {self._needs}, which this service lacks: pip install '.[finetune]' for it")
        with self._lock:
            self._reap(run_id)
            make_folder(self._kept)
            try:
                held = self._hold(run_id)
                if held is not None:
                    try:
                        self._begin(run_id, folder.absolute(), held)
                    finally:
                        os.close(held)  # from now on it is the child's alone
            except OSError as error:
                raise Unavailable(f"training can't be begun: {error}") from error

    def state(self, run_id: str) -> Running | Ended | Unknown:
        with self._lock:
            self._reap(run_id)
            if self._runs(run_id):
                return Running()
            child = self._children.get(run_id)
            if child is not None:
                # The kernel frees the lock of a process that ends a little before its parent can ask for its status.
                return Ended(child.wait(GRACE_SECONDS))
            return Ended(None) if self._path(run_id, "pid").exists() else Unknown()

    def stop(self, run_id: str) -> None:
        with self._lock:
            for number, seconds in ((signal.SIGTERM, self._grace), (signal.SIGKILL, GRACE_SECONDS)):
                if self._ended(run_id, number, seconds):
                    return
        raise Unavailable(f"the training of run {run_id} doesn't end")

    def _begin(self, run_id: str, folder: Path, held: int) -> None:
        pid = self._path(run_id, "pid")
        pid.unlink(missing_ok=True)
        with (folder / "log.txt").open("ab") as log:
            # The shell writes the id and becomes the training: whoever finds the lock held finds the id too.
            line = 'echo $$ > "$1.part" && mv "$1.part" "$1" && shift && exec "$@"'
            self._children[run_id] = subprocess.Popen(
                ["/bin/sh", "-c", line, "sh", str(pid), "nice", "-n", str(self._options.nice), *self._command(folder)],
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(held,),
            )

    def _command(self, folder: Path) -> list[str]:
        several = ["madseg.finetune.ranks", str(self._options.processes)]
        return [sys.executable, "-m", *(several if self._options.processes > 1 else []), self._module, str(folder)]

    def _ended(self, run_id: str, number: int, seconds: float) -> bool:
        """Whether it has ended, within some seconds after a signal."""
        ends = time.monotonic() + seconds
        told = False
        while True:
            self._reap(run_id)
            if not self._runs(run_id):
                return True
            if not told:
                told = self._tell(run_id, number)
            if time.monotonic() >= ends:
                return False
            time.sleep(POLL_SECONDS)

    def _tell(self, run_id: str, number: int) -> bool:
        """Sends a signal to all its processes; False where it hasn't written its id yet."""
        try:
            group = int(self._path(run_id, "pid").read_text())
        except (OSError, ValueError):
            return False
        with suppress(ProcessLookupError):
            os.killpg(group, number)
        return True

    def _runs(self, run_id: str) -> bool:
        if not self._path(run_id, "lock").exists():
            return False
        held = self._hold(run_id)
        if held is None:
            return True
        os.close(held)
        return False

    def _hold(self, run_id: str) -> int | None:
        """The lock of a run; None where its training has it."""
        descriptor = os.open(self._path(run_id, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _reap(self, run_id: str) -> None:
        child = self._children.get(run_id)
        if child is not None:
            child.poll()

    def _path(self, run_id: str, kind: str) -> Path:
        return self._kept / f"{checked_id(run_id)}.{kind}"


def _environment() -> dict[str, str]:
    """Without our settings, some of which are secrets: training needs none."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MADSEG_")}
