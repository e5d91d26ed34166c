"""A member of a group, to be stopped and killed: `python -m tests.adapters.kafka_member URL TOPIC GROUP LEDGER`.

It does with records what a service does that keeps offsets with their effect: effect and offset move in one transaction
of a database, where the offset is compared and set.
"""

import fcntl
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

from madseg.adapters.streams import open_stream
from madseg.ports import Record
from madseg.runtime import Handler, Worker, configure_logging, run

BATCH = 20


class Ledger(Handler):
    """The effects of records in a SQLite file, and how far each partition is.

    Several processes have it in turns, by the lock of a file beside it. SQLite's own locks don't do: one that is
    stopped while it opens or closes a database keeps the others out of it, and nobody can tell.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        with self._turn() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS effects (partition INTEGER, offset INTEGER, value TEXT)")
            connection.execute("CREATE TABLE IF NOT EXISTS places (partition INTEGER PRIMARY KEY, next INTEGER)")

    def position(self, partition: int) -> int:
        """Where a partition goes on."""
        with self._turn() as connection:
            return self._next(connection, partition)

    def handle(self, records: Sequence[Record]) -> None:
        partition, end = records[0].partition, records[-1].offset + 1
        with self._turn() as connection:
            connection.execute("BEGIN IMMEDIATE")
            begin = self._next(connection, partition)
            rows = [(partition, item.offset, (item.value or b"").decode().strip()) for item in records]
            connection.executemany("INSERT INTO effects VALUES (?, ?, ?)", [row for row in rows if row[1] >= begin])
            connection.execute("INSERT OR IGNORE INTO places VALUES (?, 0)", (partition,))
            connection.execute("UPDATE places SET next = ? WHERE partition = ?", (max(begin, end), partition))
            connection.execute("COMMIT")

    def is_free(self) -> bool:
        """True where whoever has it now gives it back within a second."""
        ends = time.monotonic() + 1.0
        with self._lock_file() as lock:
            while time.monotonic() < ends:
                with suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return True
                time.sleep(0.01)
        return False

    def count(self) -> int:
        """How many records have had their effect, those twice that had it twice."""
        return int(self._all("SELECT count(*) FROM effects")[0][0])

    def values(self) -> list[str]:
        """What has had its effect, every time that it had."""
        return [row[0] for row in self._all("SELECT value FROM effects")]

    def _all(self, query: str) -> list[tuple[str]]:
        with self._turn() as connection:
            return connection.execute(query).fetchall()

    def _lock_file(self) -> IO[bytes]:
        return self.file.with_suffix(".lock").open("ab")

    @contextmanager
    def _turn(self) -> Iterator[sqlite3.Connection]:
        """The database, for this process and thread alone."""
        with self._lock_file() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with closing(sqlite3.connect(self.file, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = OFF")  # processes are killed here, not the machine
                yield connection

    @staticmethod
    def _next(connection: sqlite3.Connection, partition: int) -> int:
        row = connection.execute("SELECT next FROM places WHERE partition = ?", (partition,)).fetchone()
        return 0 if row is None else int(row[0])


def main(url: str, topic: str, group: str, file: str) -> None:
    """Works until it is told to stop."""
    configure_logging(json=True)
    stream, ledger = open_stream(url), Ledger(Path(file))
    worker = Worker("member", stream, lambda: stream.consume(topic, group, ledger.position), ledger, BATCH)
    run([worker], ready=lambda: print("ready", flush=True))
    stream.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
