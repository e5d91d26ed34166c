"""The seams between the services and the machines they run on. Each has an embedded and a real adapter.

| port      | embedded                            | real                                   |
|-----------|-------------------------------------|----------------------------------------|
| Stream    | `sqlite:///state/stream.db`         | `kafka://host:9092`                    |
| Inference | `onnxruntime:model_repository`      | `triton://host:8001`                   |
| Database  | `sqlite:///state/madseg.db`         | `postgresql://...`                     |
| Blobs     | `file:state/blobs`                  | `s3://bucket/prefix`                   |
| Launcher  | `process:`                          | `kubernetes:?template=training`        |

Delivery, for everybody: **effect first, then commit**. A consumer may see a record twice and never misses one;
handlers are idempotent by key. Adapters raise only errors of `madseg.core.errors`: `Unavailable` where the same call
may succeed later (a broker gone, a disk full), `NotFound`, `Conflict`, `InvalidInput`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, MetaData

from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the product wants it.

    `retention_hours` bounds how long records stay; None keeps them for ever.
    A compacted topic keeps at least the last record of every key.
    """

    name: str
    partitions: int = 1
    compacted: bool = False
    retention_hours: int | None = None


@dataclass(frozen=True, slots=True)
class TopicIdentity:
    """What must not change under whoever keeps offsets: a rebuilt broker or topic would make them lies."""

    cluster_id: str
    topic_id: str
    partitions: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to publish. `value` None is a tombstone."""

    topic: str
    key: str
    value: bytes | None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """A record read. Offsets grow within a partition and may have gaps."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes | None
    headers: Mapping[str, str]


class Consumer(ABC):
    """Reads one topic, as a member of a group or alone. Not thread-safe."""

    @abstractmethod
    def poll(self, timeout: float, limit: int) -> list[Record]:
        """At most `limit` records of one partition, in offset order; waits up to `timeout` seconds for the first.

        An empty list says nothing came in time. Partitions take turns. Records are handed out once per assignment,
        whether committed or not; a partition that a member has before and after others come or go stays assigned.
        """

    @abstractmethod
    def commit(self, partition: int, offset: int) -> None:
        """Records that every record before `offset` has had its effect.

        An earlier offset changes nothing, nor does one of a partition that went to another member, nor any of a
        consumer without a group. It may be written a moment later, and is by `close`.
        """

    @abstractmethod
    def lag(self) -> int:
        """Records of the assigned partitions that `poll` has not handed out yet; gaps not yet passed count too.

        It may be a second old, but 0 is said only where all was handed out: until the first assignment every record of
        the topic counts. A member that the group has no partition for has nothing to wait for.
        """

    @property
    @abstractmethod
    def last_poll(self) -> float:
        """When the stream was last asked for records, on `time.monotonic()`: its age says whether reading goes on."""

    @abstractmethod
    def close(self) -> None:
        """Leaves the group; the next member goes on from the committed offsets."""


class Stream(ABC):
    """Ordered, durable, partitioned topics. Records with one key are in one partition, in the order published."""

    @abstractmethod
    def create(self, topic: Topic) -> None:
        """Makes the topic; one that is there already gets the settings wanted.

        Raises:
            Conflict: it is there with another number of partitions, or we may not.
        """

    @abstractmethod
    def check(self, topic: Topic) -> None:
        """Compares the topic that is there with the one wanted, and changes nothing.

        Raises:
            NotFound: there is no such topic.
            Conflict: it differs; the message says in what, and how to put it right.
        """

    @abstractmethod
    def identity(self, topic: str) -> TopicIdentity:
        """What the topic is.

        Raises:
            NotFound: there is no such topic.
        """

    @abstractmethod
    def publish(self, records: Sequence[Outgoing]) -> None:
        """Appends records; when it returns they are durable. All or an error, which may leave some appended.

        Raises:
            NotFound: a topic that isn't there.
            InvalidInput: a record that is too large to be delivered.
        """

    @abstractmethod
    def consume(self, topic: str, group: str | None = None, positions: Callable[[int], int] | None = None) -> Consumer:
        """Joins a group, whose members share the partitions of its one topic; without a group it reads all alone.

        `positions(partition)` gives the first offset wanted of an assigned partition, for those who keep offsets
        together with their effect; without it the group's committed offsets count, from the earliest at first.
        It is called by `poll` and `lag`, once per assignment. Records past their retention are passed over.

        Raises:
            NotFound: there is no such topic.
            Conflict: by `poll` and `lag`, where an offset wanted is past the end: the stream is older than it. By
                these and at once, where the topic isn't the one that it was when this stream first met it.
        """

    @abstractmethod
    def end_offsets(self, topic: str) -> Mapping[int, int]:
        """Per partition, the offset that the next record will have."""

    @abstractmethod
    def waiting(self, topic: str, group: str) -> int:
        """Records of a topic that a group has not committed yet, those that compaction took included.

        All that are left for a group that has never committed. Whoever publishes for a group can so stay near it.

        Raises:
            NotFound: there is no such topic.
        """

    @abstractmethod
    def close(self) -> None:
        """Closes the consumers and frees what is held; afterwards every call raises Conflict."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a network said: `labels` (H, W) uint8 on the canonical grid, and the mean entropy in nats or None."""

    labels: NDArray[np.uint8]
    mean_entropy: float | None


class Inference(ABC):
    """Runs served networks. Thread-safe.

    Where a server runs them for several processes, each loads what it asks, and the one that owns the model repository
    says by `keep` what may go.
    """

    @abstractmethod
    def load(self, version: VersionRef, grid: Size) -> None:
        """Makes a version ready and checks its signature; does nothing where it is ready.

        Raises:
            NotFound: no such version.
            InvalidModel: it doesn't have the served signature for this grid.
            Unavailable: the server doesn't answer, or loads it by itself and hasn't yet.
        """

    @abstractmethod
    def unload(self, version: VersionRef) -> None:
        """This process asks the version no more; does nothing where it isn't loaded."""

    @abstractmethod
    def keep(self, model: str, numbers: Sequence[int]) -> None:
        """Frees all but these versions of a model, for every process; without numbers, the whole model.

        Only for the owner of the model repository, whose files say so already. What is under way is answered.
        """

    @abstractmethod
    def submit(self, version: VersionRef, picture: NDArray[np.uint8]) -> Future[Answer]:
        """Asks one version about one (H, W, 3) uint8 RGB picture on the canonical grid.

        The future fails with NotFound (not loaded), InvalidInput (not on the grid), Unavailable (ask again later) or
        MadsegError (the network failed on this picture). It isn't running while the picture waits for its turn in this
        process. Callers bound how much they submit at once; where a server has enough to do, `submit` waits until it
        has answered something.
        """

    @abstractmethod
    def describe(self) -> str:
        """One line for the start-up log: which runtime, which device, and why."""

    @abstractmethod
    def close(self) -> None:
        """Waits for what is running and frees everything."""


@dataclass(frozen=True, slots=True)
class Tables:
    """A service's tables as this release wants them.

    `migrations` is the package whose `versions` make them, one revision after the other; `head` is the last of these.
    A revision is an era and a step, `1.2`. Steps of an era only add, so a release runs on tables that are ahead of it
    within its era.
    """

    service: str
    definition: MetaData
    migrations: str
    head: str


class Database(ABC):
    """A relational database, spoken to with SQLAlchemy Core, opened for one service. Thread-safe."""

    @abstractmethod
    def prepare(self, tables: Tables, *, upgrade: bool = False) -> None:
        """Makes sure that the tables are as this release wants them. Costs one small query where they are.

        An embedded database is brought up to date; one that serves several processes only where `upgrade` is given.

        Raises:
            NotReady: they are older than this release, or not there; the message says what to run.
            Conflict: they are of a later era.
        """

    @abstractmethod
    def write(self, *, beside: bool = False) -> AbstractContextManager[Connection]:
        """A transaction that reads what is committed and writes: committed at the end, rolled back on an error.

        It waits for every other write of the service, in this process and in others, and they wait for it: what it
        has read stays so until its end. With `beside` it may run at once with others that have it too, and waits only
        for those that haven't: for transactions that write rows of their own each. Turns are taken in the order of
        asking. One inside another waits in vain. A constraint that is broken comes out as SQLAlchemy's IntegrityError.

        Raises:
            Unavailable: the turn didn't come in time, or the database is away, full or busy: nothing was done. Where
                it went away during the commit itself, all may have been done, so the same write must be harmless.
        """

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[Connection]:
        """A read-only transaction in which every statement sees the state at its beginning (repeatable read).

        Raises:
            Conflict: by the block, where a statement writes.
            Unavailable: as `write`.
        """

    @abstractmethod
    def close(self) -> None:
        """Closes every connection."""


class Blobs(ABC):
    """Files by key. Keys are relative paths of [a-zA-Z0-9._-] segments joined by slashes."""

    @abstractmethod
    def put(self, key: str, content: bytes, media_type: str = "") -> str:
        """Stores a file whole or not at all, over one that is there, and returns its URI.

        `media_type` (`image/png`) is kept where the store has a place for it, for those who look into it.
        """

    @abstractmethod
    def uri(self, key: str) -> str:
        """The URI that `put` returns for a key, whether a file is there or not."""

    @abstractmethod
    def get(self, uri: str) -> bytes:
        """The file of a URI of this store.

        Raises:
            NotFound: it is not there (any more).
            InvalidInput: a URI of another store.
        """

    @abstractmethod
    def delete(self, uri: str) -> None:
        """Removes a file; does nothing where it is gone."""

    @abstractmethod
    def close(self) -> None:
        """Frees what is held."""


@dataclass(frozen=True, slots=True)
class Running:
    """Training goes on."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Training was launched and has ended. `status` is its exit status, below 0 the signal that ended it; None where
    nobody was there to see it."""

    status: int | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing was launched for this run, as far as is known."""


class Launcher(ABC):
    """Carries training out somewhere else than in the service: `madseg.finetune.run` over the folder of a run.

    What it launches outlives the service, and one that is opened later finds it. A run has one training at a time, also
    where the service was killed in the middle of a launch. One service uses it at a time. Thread-safe.
    """

    @abstractmethod
    def launch(self, run_id: str, folder: Path) -> None:
        """Begins training over a run's folder; does nothing where it goes on already. It writes its log to `log.txt`.

        Raises:
            InvalidInput: an id that isn't 1..64 of a-z and 0-9.
            NotReady: what training needs isn't installed.
            Unavailable: it can't be begun now.
        """

    @abstractmethod
    def state(self, run_id: str) -> Running | Ended | Unknown:
        """What has become of what was launched last for a run.

        Raises:
            InvalidInput: as `launch`.
        """

    @abstractmethod
    def stop(self, run_id: str) -> None:
        """Ends training, gently at first, and returns when it has ended; does nothing where none goes on.

        Raises:
            InvalidInput: as `launch`.
            Unavailable: it goes on all the same.
        """
