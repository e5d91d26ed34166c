"""What lies between the thread that reads from the broker and the worker: records, places, commits."""

import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from madseg.core.errors import MadsegError
from madseg.ports import Record

EARLIEST = -1
"""A place: wherever the partition begins now."""

RECORD_BYTES = 1000
"""What a record takes beside its value, roughly."""


@dataclass
class _Share:
    """An assigned partition.

    `wanted` is where to begin, None while nobody has said; `placed` says that reading goes on from there. `position` is
    the offset that is read next, `end` the partition's end as last heard.
    """

    wanted: int | None = None
    placed: bool = False
    position: int = 0
    end: int = 0
    held: int = 0
    queue: deque[Record] = field(default_factory=deque)

    @property
    def next(self) -> int:
        """The first offset that was not handed out."""
        return self.queue[0].offset if self.queue else self.position


class Backlog:
    """Records of the assigned partitions that were read and not yet handed out. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._shares: dict[int, _Share] = {}
        self._commits: dict[int, int] = {}
        self._committed: dict[int, int] = {}
        self._assigned = False
        self._failure: MadsegError | None = None

    def assign(self, partitions: Iterable[int], *, keep: bool) -> list[int]:
        """Takes a new assignment; with `keep`, partitions had before go on as they are. Those that begin anew."""
        ours = set(partitions)
        with self._changed:
            kept = {number: share for number, share in self._shares.items() if keep and number in ours}
            fresh = sorted(ours - kept.keys())
            self._shares = {**kept, **{number: _Share() for number in fresh}}
            self._commits = {number: offset for number, offset in self._commits.items() if number in kept}
            self._committed = {number: offset for number, offset in self._committed.items() if number in kept}
            self._assigned = True
            self._changed.notify_all()
            return fresh

    def lose(self) -> None:
        """Takes every partition away, until there is another assignment."""
        with self._changed:
            self._shares, self._commits, self._committed, self._assigned = {}, {}, {}, False

    def fail(self, error: MadsegError) -> None:
        """Ends it: whoever asks for records gets the error."""
        with self._changed:
            self._failure = error
            self._changed.notify_all()

    # --- where to begin

    def unwanted(self) -> list[int]:
        """Partitions for which nobody has said yet where to begin."""
        with self._changed:
            return [number for number, share in self._shares.items() if share.wanted is None]

    def want(self, partition: int, offset: int) -> None:
        """Says where to begin; again, where reading can't go on from the place it is at."""
        with self._changed:
            if partition in self._shares:
                self._shares[partition].wanted, self._shares[partition].placed = offset, False

    def to_place(self) -> dict[int, int]:
        """Partitions that could begin now, and where."""
        with self._changed:
            shares = self._shares.items()
            return {number: share.wanted for number, share in shares if share.wanted is not None and not share.placed}

    def place(self, partition: int, offset: int, end: int) -> None:
        """Reading begins at an offset."""
        with self._changed:
            if partition in self._shares:
                share = self._shares[partition]
                share.placed, share.position, share.end = True, offset, end

    # --- records

    def put(self, partition: int, records: Sequence[Record]) -> None:
        """Takes records in, in their order."""
        with self._changed:
            share = self._shares.get(partition)
            if share is not None and records:
                share.queue.extend(records)
                share.held += sum(map(_weight, records))
                share.position = records[-1].offset + 1
                self._changed.notify_all()

    def reached(self, positions: Mapping[int, tuple[int, int]]) -> None:
        """Notes position and end of partitions as read: the position is past what compaction took away."""
        with self._changed:
            for number, (position, end) in positions.items():
                share = self._shares.get(number)
                if share is not None and share.placed:
                    share.position, share.end = max(share.position, position), max(share.end, end)

    def heard(self, ends: Mapping[int, int]) -> None:
        """Notes where partitions end."""
        with self._changed:
            for number, end in ends.items():
                if number in self._shares:
                    self._shares[number].end = max(self._shares[number].end, end)

    def take(self, limit: int) -> list[Record]:
        """At most `limit` records of the first partition that has any; it goes to the end of the line.

        Raises what `fail` was given.
        """
        with self._changed:
            self._raise()
            for number, share in self._shares.items():
                if share.queue:
                    records = [share.queue.popleft() for _ in range(min(limit, len(share.queue)))]
                    share.held -= sum(map(_weight, records))
                    self._shares[number] = self._shares.pop(number)
                    return records
            return []

    def wait(self, seconds: float, *, for_places: bool) -> None:
        """Returns once there are records, a failure, or with `for_places` a partition nobody has placed."""

        def ready() -> bool:
            shares = self._shares.values()
            return self._failure is not None or any(
                share.queue or (for_places and share.wanted is None) for share in shares
            )

        with self._changed:
            self._changed.wait_for(ready, seconds)

    def placing(self) -> bool:
        """True while a partition isn't placed yet."""
        with self._changed:
            return not all(share.placed for share in self._shares.values())

    def held(self) -> dict[int, int]:
        """Bytes held per placed partition."""
        with self._changed:
            return {number: share.held for number, share in self._shares.items() if share.placed}

    # --- how far it is

    def places(self) -> dict[int, int | None] | None:
        """Per partition the first offset not handed out, None where it isn't known; None without an assignment.

        Raises what `fail` was given.
        """
        with self._changed:
            self._raise()
            if not self._assigned:
                return None
            shares = self._shares.items()
            return {number: share.next if share.placed else _known(share.wanted) for number, share in shares}

    def lag(self) -> int:
        """Records known to be waiting in placed partitions, as last heard."""
        with self._changed:
            return sum(max(0, share.end - share.next) for share in self._shares.values() if share.placed)

    # --- commits

    def commit(self, partition: int, offset: int) -> None:
        """Notes that everything before an offset has had its effect, where the partition is still ours."""
        with self._changed:
            if partition in self._shares and offset > self._committed.get(partition, -1):
                self._committed[partition] = self._commits[partition] = offset

    def uncommitted(self) -> dict[int, int]:
        """What the broker is to be told; it counts as told from now on."""
        with self._changed:
            commits, self._commits = self._commits, {}
            return commits

    def effects(self) -> dict[int, int]:
        """All that was noted of partitions that are ours, told or not."""
        with self._changed:
            return dict(self._committed)

    def put_back(self, commits: Mapping[int, int]) -> None:
        """The broker didn't take these: they are to be told again, where nothing newer is."""
        with self._changed:
            ours = {number: offset for number, offset in commits.items() if number in self._shares}
            self._commits = {**ours, **self._commits}

    def _raise(self) -> None:
        if self._failure is not None:
            raise type(self._failure)(str(self._failure)) from self._failure


def _weight(record: Record) -> int:
    return RECORD_BYTES + len(record.value or b"")


def _known(wanted: int | None) -> int | None:
    return None if wanted == EARLIEST else wanted
