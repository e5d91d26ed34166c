"""A member of a group, to be stopped and killed: `python -m tests.adapters.kafka_member URL TOPIC GROUP LEDGER`.

It does with records what a service does that keeps offsets with their effect: effect and offset move in one transaction
of a database, where the offset is compared and set.
"""

import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from madseg.adapters.streams import open_stream
from madseg.ports import Record
from madseg.runtime import Handler, Worker, configure_logging, run

BATCH = 20


class Ledger(Handler):
    """The effects of records in a SQLite file, and how far each partition is; several processes may have it open."""

    def __init__(self, file: Path) -> None:
        self.file = file
        with closing(self._open()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE IF NOT EXISTS effects (partition INTEGER, offset INTEGER, value TEXT)")
            connection.execute("CREATE TABLE IF NOT EXISTS places (partition INTEGER PRIMARY KEY, next INTEGER)")

    def position(self, partition: int) -> int:
        """Where a partition goes on."""
        with closing(self._open()) as connection:
            return self._next(connection, partition)

    def handle(self, records: Sequence[Record]) -> None:
        partition, end = records[0].partition, records[-1].offset + 1
        with closing(self._open()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            begin = self._next(connection, partition)
            rows = [(partition, item.offset, (item.value or b"").decode().strip()) for item in records]
            connection.executemany("INSERT INTO effects VALUES (?, ?, ?)", [row for row in rows if row[1] >= begin])
            connection.execute("INSERT OR IGNORE INTO places VALUES (?, 0)", (partition,))
            connection.execute("UPDATE places SET next = ? WHERE partition = ?", (max(begin, end), partition))
            connection.execute("COMMIT")

    def is_free(self) -> bool:
        """True where nobody is writing, or ends soon."""
        with closing(self._open(seconds=1.0)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            connection.execute("ROLLBACK")
            return True

    def count(self) -> int:
        """How many records have had their effect, those twice that had it twice."""
        return int(self._all("SELECT count(*) FROM effects")[0][0])

    def values(self) -> list[str]:
        """What has had its effect, every time that it had."""
        return [row[0] for row in self._all("SELECT value FROM effects")]

    def _all(self, query: str) -> list[tuple[str]]:
        with closing(self._open()) as connection:
            return connection.execute(query).fetchall()

    def _open(self, seconds: float = 30.0) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, timeout=seconds, isolation_level=None)
        connection.execute("PRAGMA synchronous = OFF")  # processes are killed here, not the machine
        return connection

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
