"""Pictures that appear in a folder, together with those that are in it already.

A file is taken when it is complete: moved in, or unchanged for a while. Should a writer pause for longer, the gateway
refuses the half as truncated and the rest of the writing brings the file up again. The system's notices are a hint:
they get lost when many come at once, so the folder is also listed from time to time.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from watchfiles import Change, watch

from madseg.core.errors import NotFound
from madseg.gateway.decode import LIMITS
from madseg.gateway.sources.folder import files, read
from madseg.gateway.upload import ImageUpload, Refused


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: how long a file must be unchanged, and between two listings of the whole folder."""

    settle: float = 1.0
    listing: float = 60.0
    tick: float = 0.2


Stamp = tuple[int, int]
"""Size in bytes and time of the last change in nanoseconds: what tells two states of a file apart."""


def watched(
    root: Path,
    stopping: Event,
    *,
    source: str = "watch",
    tags: Mapping[str, str] | None = None,
    max_bytes: int = LIMITS.max_bytes,
    pace: Pace = Pace(),
    polling: bool | None = None,
    clock: Callable[[], float] = time.time,
) -> Iterator[ImageUpload | Refused]:
    """Every complete file below `root`, once for each of its states, until `stopping` is set.

    `polling` True looks at every file instead of asking the system, for network drives. `clock` gives seconds since
    1970. Memory: about 200 bytes a file.

    Raises:
        NotFound: `root` is no folder that can be read.
    """
    if not root.is_dir():
        raise NotFound(f"folder {root} isn't there")
    # Changes come with absolute paths.
    root = root.absolute()
    seen = _Seen(pace.settle)
    refused: set[Refused] = set()
    next_listing = 0.0
    for changes in watch(
        root,
        watch_filter=None,
        debounce=int(pace.tick * 1000),
        step=max(1, int(pace.tick * 500)),
        rust_timeout=int(pace.tick * 1000),
        yield_on_timeout=True,
        stop_event=stopping,
        raise_interrupt=False,
        force_polling=polling,
    ):
        # The first round comes before any change, with the watch in place: nothing falls between it and the listing.
        if clock() >= next_listing:
            for found in files(root):
                if not isinstance(found, Refused):
                    seen.notice(found, clock())
                elif found not in refused:
                    refused.add(found)
                    yield found
            next_listing = clock() + pace.listing
        for change, changed in changes:
            if change != Change.deleted and _ours(root, Path(changed)):
                seen.notice(Path(changed), clock())
        for path in seen.complete(clock()):
            item = read(root, path, source, tags or {}, max_bytes)
            if path.exists():
                yield item


def _ours(root: Path, path: Path) -> bool:
    return not any(part.startswith(".") for part in path.relative_to(root).parts)


@dataclass(slots=True)
class _Seen:
    """Which states of which files were taken, and which wait to be complete."""

    settle: float
    taken: dict[str, Stamp] = field(default_factory=dict)
    waiting: dict[str, tuple[Stamp, float]] = field(default_factory=dict)

    def notice(self, path: Path, now: float) -> None:
        """Something may be new about a file."""
        stamp = _stamp(path)
        key = str(path)
        if stamp is not None and self.taken.get(key) != stamp and key not in self.waiting:
            self.waiting[key] = (stamp, now)

    def complete(self, now: float) -> Iterator[Path]:
        """Files that have been unchanged for long enough, each marked as taken."""
        for key, (before, since) in list(self.waiting.items()):
            stamp = _stamp(Path(key))
            if stamp is None:
                del self.waiting[key]
            elif stamp != before:
                self.waiting[key] = (stamp, now)
            # An old time of change says as much: a file that was moved in, or lay there before.
            elif now - since >= self.settle or now - stamp[1] / 1e9 >= self.settle:
                del self.waiting[key]
                self.taken[key] = stamp
                yield Path(key)


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns) if path.is_file() else None
