"""Pictures and labels handed to a Triton on this host through /dev/shm, instead of through the connection.

Each request has a region of its own, which is registered with the server once and used again, picture after picture.
A region whose request had no definite end is never used again: the server might still write into it.

The file of a region is locked as long as its process lives, which the lock tells in containers too, where process
numbers don't. So whatever way a process ends, the next one removes what it left, here and on the server.
"""

import atexit
import fcntl
import mmap
import os
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from madseg.adapters.inference.triton_errors import translated
from madseg.core.errors import Conflict, MadsegError, Unavailable
from madseg.core.preprocess import Size

FOLDER = Path("/dev/shm")
"""Where the system keeps memory that processes share by name."""

PREFIX = "madseg-picture-"

CALL_SECONDS = 5.0
"""Deadline of what nobody waits for."""


@dataclass(frozen=True)
class Region:
    """Memory that the server knows by its file's name: `image` (H, W, 3) uint8, behind it `labels` (H, W) uint8."""

    path: Path
    file: int
    image: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    @property
    def name(self) -> str:
        """By which requests say it."""
        return self.path.name

    @property
    def grid(self) -> Size:
        """Of the pictures that it holds."""
        return Size(*self.labels.shape)

    def remove(self) -> None:
        """Takes the name away and lets go of the lock; the memory goes with the last who has it mapped."""
        self.path.unlink(missing_ok=True)
        os.close(self.file)


class Regions:
    """The regions of this process on one server. Thread-safe. `client` is tritonclient's."""

    def __init__(self, client: Any, folder: Path = FOLDER) -> None:
        self._client, self._folder = client, folder
        self._lock = threading.Lock()
        self._free: list[Region] = []
        self._all: dict[str, Region] = {}
        self._tidied = False
        self._chores = ThreadPoolExecutor(1, thread_name_prefix="triton-regions")
        atexit.register(self._remove_all)

    def take(self, grid: Size, seconds: float = CALL_SECONDS) -> Region:
        """A region that nobody else uses.

        Raises:
            Unavailable: no memory is left, or the server doesn't answer within `seconds`.
            Conflict: the server can't open this process's memory.
        """
        with self._lock:
            fitting = next((region for region in self._free if region.grid == grid), None)
            if fitting is not None:
                self._free.remove(fitting)
                return fitting
        return self._make(grid, seconds)

    def give_back(self, region: Region) -> None:
        """After a definite answer."""
        with self._lock:
            self._free.append(region)

    def discard(self, region: Region) -> None:
        """After anything else. The server is told meanwhile, and keeps the memory until no request uses it."""
        with self._lock:
            self._all.pop(region.name, None)
        region.remove()
        with suppress(RuntimeError):  # closed meanwhile
            self._chores.submit(self._unregister, region.name)

    def forget_free(self) -> None:
        """The server was started anew and knows none of those that wait."""
        with self._lock:
            lost, self._free = self._free, []
        for region in lost:
            self.discard(region)

    def close(self) -> None:
        """When no request is under way any more."""
        self._chores.shutdown(cancel_futures=True)
        atexit.unregister(self._remove_all)
        with self._lock:
            free, self._free = self._free, []
        self._remove_all()
        for region in free:
            if not self._unregister(region.name):
                break  # it hangs; the next process that shares memory tells it

    def _make(self, grid: Size, seconds: float) -> Region:
        self._tidy()
        region = _new_region(self._folder, grid)
        try:
            with translated("shared memory"):
                size = region.image.nbytes + region.labels.nbytes
                self._client.register_system_shared_memory(region.name, f"/{region.name}", size, client_timeout=seconds)
        except MadsegError as error:
            region.remove()
            if "Unable to open shared memory" not in str(error):
                raise
            raise Conflict(
                f"{error}: Triton and this process must share {self._folder}, and a user (or Triton be root); "
                "else leave shared_memory=system out of the URL"
            ) from error
        with self._lock:
            self._all[region.name] = region
        return region

    def _tidy(self) -> None:
        """Removes what killed processes have left, once."""
        with self._lock:
            first, self._tidied = not self._tidied, True
        if not first:
            return
        _remove_leftovers(self._folder)
        self._chores.submit(self._unregister_leftovers)

    def _unregister_leftovers(self) -> None:
        with suppress(MadsegError), translated("shared memory"):
            for name in self._client.get_system_shared_memory_status(client_timeout=CALL_SECONDS).regions:
                if name.startswith(PREFIX) and not (self._folder / name).exists():
                    self._unregister(name)

    def _unregister(self, name: str) -> bool:
        """True where the server has answered."""
        try:
            with translated(name):
                self._client.unregister_system_shared_memory(name, client_timeout=CALL_SECONDS)
        except MadsegError as error:
            return not isinstance(error, Unavailable)
        return True

    def _remove_all(self) -> None:
        with self._lock:
            left = list(self._all.values())
            self._all.clear()
        for region in left:
            region.remove()


def _remove_leftovers(folder: Path) -> None:
    """Removes the files of processes that have ended."""
    for path in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another user's, or gone meanwhile
            file = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held as long as its process lives
                path.unlink()
            finally:
                os.close(file)


def _new_region(folder: Path, grid: Size) -> Region:
    pixels = grid.height * grid.width
    path = folder / f"{PREFIX}{uuid.uuid4().hex}"
    try:
        # Nobody sees it before it is locked, so nobody takes it for a leftover.
        file = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            os.posix_fallocate(file, 0, 4 * pixels)  # a full /dev/shm is an error now, not a crash at the first write
            _name(file, path)
        except OSError:
            os.close(file)
            raise
    except OSError as error:
        raise Unavailable(f"no {4 * pixels} bytes of shared memory in {folder}: {error.strerror}") from error
    memory = mmap.mmap(file, 4 * pixels)
    image = np.frombuffer(memory, np.uint8, 3 * pixels).reshape(grid.height, grid.width, 3)
    labels = np.frombuffer(memory, np.uint8, pixels, 3 * pixels).reshape(grid.height, grid.width)
    return Region(path, file, image, labels)


def _name(file: int, path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # Python follows the link to the file only where it is given a folder.
        os.link(f"/proc/self/fd/{file}", path.name, dst_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)
