"""Whoever adds a network: has the process ready, gives it the job, and takes what it answers for data alone."""

import json
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from madseg.core.errors import InvalidModel, Unavailable

if TYPE_CHECKING:  # what runs networks takes half a second to load: the process loads it meanwhile
    from madseg.core.taxonomy import Taxonomy
    from madseg.predictor.card import ModelCard
    from madseg.predictor.check import Report
    from madseg.predictor.reference import Bytes

MEMORY_BYTES, SECONDS = 8 << 30, 600
"""What reading and checking a network may take by default; the largest real ones come to a tenth of either."""

MAX_SERVED = 2**31 - 1
"""Bytes of a served form that are taken: ONNX itself ends there."""

MAX_HEAD = 1 << 20
"""Bytes of the line that an answer begins with."""

_KEPT = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "HOME", "LANG", "TMPDIR")
"""Variables that the process is given: tokens and passwords aren't among them."""


class Apart:
    """Verifies networks as `madseg.predictor.add.verified` does, each in a process of its own. Thread-safe.

    A process takes most of a second to load what it needs; so with `keep`, once the first network has come, one waits
    for the next, in 70 MB. It is a part of the service: stopping it ends the one that waits.
    """

    def __init__(self, memory: int = MEMORY_BYTES, seconds: int = SECONDS, *, keep: bool = False) -> None:
        self._memory, self._seconds, self._keep = memory, seconds, keep
        self._waiting: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begins nothing: most services never get a network."""

    def stop(self) -> None:
        """Ends the process that waits, if one does."""
        with self._lock:
            waiting, self._waiting, self._keep = self._waiting, None, False
        if waiting is not None:
            _end(waiting)

    def ready(self) -> None:
        """Has a process wait for the next network; returns at once."""
        with self._lock:
            if self._waiting is None:
                self._waiting = _started()

    def __enter__(self) -> "Apart":
        self.ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __call__(
        self,
        source: Path,
        card: "ModelCard",
        taxonomy: "Taxonomy",
        grid: tuple[int, int],
        images: "Sequence[Bytes] | None" = None,
    ) -> "tuple[bytes, Report]":
        """The served form of a network and how it compared. Arguments as `verified`.

        Raises:
            InvalidModel: as `verified`; or it takes too much memory or time, or crashes what reads it.
            Unavailable: no process can be started.
        """
        process = self._taken()
        try:
            job = pickle.dumps((self._memory, self._seconds, (source.absolute(), card, taxonomy, grid, images)))
            return _outcome(process, job, self._memory, self._seconds)
        finally:
            _end(process)
            if self._keep:
                self.ready()

    def _taken(self) -> subprocess.Popen[bytes]:
        """The process that waited, else a new one."""
        with self._lock:
            process, self._waiting = self._waiting, None
        if process is not None and process.poll() is not None:
            _end(process)  # it didn't live to see a network
            process = None
        return process or _started()


def _started() -> subprocess.Popen[bytes]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "madseg.predictor.apart"],
            env={**kept, "MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise Unavailable(f"no process can be started to read the network in: {error}") from error


def _outcome(process: subprocess.Popen[bytes], job: bytes, memory: int, seconds: int) -> "tuple[bytes, Report]":
    assert process.stdin is not None
    assert process.stdout is not None
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        with suppress(BrokenPipeError):  # it has ended: why, its exit code says
            process.stdin.write(struct.pack("Q", len(job)) + job)
            process.stdin.close()
        head = process.stdout.readline(MAX_HEAD)
        served = process.stdout.read(MAX_SERVED)
        code = process.wait()
    finally:
        timer.cancel()
    if late.is_set() or code == -signal.SIGXCPU:
        raise InvalidModel(f"the network takes longer than {seconds} s to read and check")
    if code or not head:
        raise InvalidModel(
            f"the network makes what reads it crash ({_ending(code)}), or takes more than {memory} bytes of memory"
        )
    return _read(head, served)


def _read(head: bytes, served: bytes) -> "tuple[bytes, Report]":
    """What the process answered. Raises InvalidModel where that is a refusal, or no answer."""
    from madseg.predictor.check import Report

    try:
        said: dict[str, Any] = json.loads(head)
        refused, found = said.get("refused"), said.get("report", {})
        fields: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in found.items()
        }
        report = None if refused else Report(**fields)
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidModel("the network makes what reads it answer nonsense") from error
    if report is None:
        raise InvalidModel(str(refused))
    return served, report


def _ending(code: int) -> str:
    """How a process ended, in words."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kills a process, if it still runs, and closes what led to it."""
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    process.wait()
