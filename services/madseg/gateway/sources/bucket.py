"""Pictures below a prefix of an object store, in the order of their keys, so that a run can go on after any of them.

The list comes a page at a time, objects are read a few ahead of the sender, and nothing else is held. What is an
object's fault refuses it; an outage is waited out.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from madseg.core.errors import InvalidInput, MadsegError, NotFound, Unavailable
from madseg.gateway.decode import LIMITS
from madseg.gateway.upload import ImageUpload, Refused, printable

TRIES = 3
"""Of an object that can't be read while the store answers otherwise."""


class Objects(Protocol):
    """What is read from."""

    name: str

    def listed(self, after: str = "") -> Iterator[tuple[str, int]]:
        """(key, size in bytes) of the objects whose key is greater than `after`, in the order of the keys.

        Raises InvalidInput for a key that can't be named, Unavailable where the store doesn't answer.
        """

    def read(self, key: str, limit: int) -> bytes:
        """An object whole.

        Raises NotFound where it is gone, InvalidInput for one of more than `limit` bytes or one that may not be read,
        Unavailable where the store doesn't answer.
        """

    def check(self) -> None:
        """Raises Unavailable where the store doesn't answer."""


@dataclass(frozen=True)
class Reading:
    """How objects are read. Bytes, seconds; `patience` is how long an outage is waited out, `at_once` bounds memory."""

    max_bytes: int = LIMITS.max_bytes
    at_once: int = 8
    patience: float = 300.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


def bucket(
    objects: Objects,
    *,
    after: str = "",
    source: str = "bucket",
    tags: Mapping[str, str] | None = None,
    reading: Reading = Reading(),
) -> Iterator[tuple[str, ImageUpload | Refused]]:
    """(key, picture or refusal) of every object after the key `after`; the key is where a later run may go on.

    Hidden objects (a part of the key begins with a full stop) and the empty ones that stand for folders are left out.

    Raises:
        InvalidInput: a key that can't be listed past.
        Unavailable: the store has been away for longer than `reading.patience`; all before it was yielded.
    """
    outage = _Outage(reading, objects.name)
    one = _One(objects, reading, outage, source, dict(tags or {}))
    found = _listed(objects, after, outage)
    running: deque[tuple[str, Future[ImageUpload | Refused | None]]] = deque()
    failure: MadsegError | None = None
    listing = True
    with ThreadPoolExecutor(reading.at_once, thread_name_prefix="read") as pool, outage:
        while listing or running:
            try:
                while listing and len(running) < reading.at_once:
                    key, size = next(found)
                    running.append((key, pool.submit(one.get, key, size)))
            except StopIteration:
                listing = False
            except MadsegError as error:  # told after what was read before it
                listing, failure = False, error
            if running:
                key, done = running.popleft()
                item = done.result()
                if item is not None:
                    yield key, item
    if failure is not None:
        raise failure


def _listed(objects: Objects, after: str, outage: "_Outage") -> Iterator[tuple[str, int]]:
    """The list, begun anew behind its last key where the store was away."""
    while True:
        try:
            for key, size in objects.listed(after):
                after = key
                outage.over()
                if not any(part.startswith(".") for part in key.split("/")):
                    yield key, size
            return
        except Unavailable as error:
            outage.wait(error)


@dataclass(frozen=True)
class _One:
    objects: Objects
    reading: Reading
    outage: "_Outage"
    source: str
    tags: Mapping[str, str]

    def get(self, key: str, size: int) -> ImageUpload | Refused | None:
        """None for what stands for a folder."""
        name, limit = printable(key), self.reading.max_bytes
        if size > limit:
            return Refused(name, f"the object has {size} bytes, at most {limit} are taken: make it smaller")
        try:
            content = self._read(key)
        except NotFound:
            # The list shows `folder/` without its stroke, and under that name there is nothing.
            return Refused(name, "it is gone since it was listed") if size else None
        except (InvalidInput, _Broken) as error:
            return Refused(name, str(error))
        if not content:
            return Refused(name, "the object is empty")
        return ImageUpload(content, name, self.source, tags=self.tags)

    def _read(self, key: str) -> bytes:
        failures = 0
        while True:
            try:
                content = self.objects.read(key, self.reading.max_bytes)
            except Unavailable as error:
                failures += self._answers()
                if failures == TRIES:
                    raise _Broken(f"it can't be read: {error}") from error
                self.outage.wait(error)
            else:
                self.outage.over()
                return content

    def _answers(self) -> bool:
        try:
            self.objects.check()
        except Unavailable:
            return False
        return True


class _Broken(Exception):
    """An object that can't be read though its store answers."""


class _Outage:
    """The time since the store last answered, over all threads."""

    def __init__(self, reading: Reading, name: str) -> None:
        self._reading, self._name = reading, name
        self._lock = threading.Lock()
        self._since: float | None = None
        self._left = False

    def __enter__(self) -> None:
        """The block is what waits."""

    def __exit__(self, *_: object) -> None:
        """Nobody waits for the store any more."""
        self._left = True

    def over(self) -> None:
        """The store has answered."""
        self._since = None

    def wait(self, error: Unavailable) -> None:
        """Pauses, longer as the outage lasts.

        Raises:
            Unavailable: it has lasted for longer than it is waited for, or nobody waits any more.
        """
        with self._lock:
            now = self._reading.clock()
            if self._since is None:
                self._since = now
            lasted = now - self._since
        if self._left or lasted > self._reading.patience:
            raise Unavailable(f"{self._name} hasn't answered for {lasted:.0f} seconds: {error}") from error
        self._reading.sleep(min(0.5 + lasted / 4, 5.0))
