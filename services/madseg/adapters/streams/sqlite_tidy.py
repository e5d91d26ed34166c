"""What leaves the embedded stream: overtaken records, old tombstones, and records past their topic's retention."""

import sqlite3

from madseg.adapters.streams.sqlite_file import transaction

TOMBSTONE_SECONDS = 24 * 3600.0
"""How long a tombstone stays in a compacted topic, so that whoever was away for a night still sees it."""


def tidy(connection: sqlite3.Connection, now: float) -> None:
    """One short transaction per partition; `now` in seconds since 1970. Offsets are never given out again."""
    places = connection.execute(
        "SELECT topic, partition, compacted, retention_hours, next, tidied "
        "FROM partitions JOIN topics ON topics.number = partitions.topic"
    ).fetchall()
    for topic, partition, compacted, retention_hours, end, tidied in places:
        with transaction(connection):
            if retention_hours is not None:
                _drop_old(connection, topic, partition, now - retention_hours * 3600.0)
            if compacted:
                if end > tidied:
                    _keep_last_of_keys(connection, topic, partition, end)
                _drop_tombstones(connection, topic, partition, now - TOMBSTONE_SECONDS)


def _drop_old(connection: sqlite3.Connection, topic: int, partition: int, before: float) -> None:
    """From the oldest record to the first that is young enough: costs what it deletes, not what there is."""
    young = connection.execute(
        "SELECT offset FROM records WHERE topic = ? AND partition = ? AND timestamp >= ? ORDER BY offset LIMIT 1",
        (topic, partition, before),
    ).fetchone()
    connection.execute(
        "DELETE FROM records WHERE topic = ? AND partition = ? AND offset < ?",
        (topic, partition, young[0] if young else 1 << 62),
    )


def _keep_last_of_keys(connection: sqlite3.Connection, topic: int, partition: int, end: int) -> None:
    connection.execute(
        "DELETE FROM records WHERE topic = :topic AND partition = :partition AND offset < :end AND offset NOT IN "
        "(SELECT max(offset) FROM records WHERE topic = :topic AND partition = :partition GROUP BY key)",
        {"topic": topic, "partition": partition, "end": end},
    )
    connection.execute(
        "UPDATE partitions SET tidied = ? WHERE topic = ? AND partition = ?",
        (end, topic, partition),
    )


def _drop_tombstones(connection: sqlite3.Connection, topic: int, partition: int, before: float) -> None:
    """Only the last record of a key is left by now, so a tombstone hides nothing that its removal would bring back."""
    connection.execute(
        "DELETE FROM records WHERE topic = ? AND partition = ? AND value IS NULL AND timestamp < ?",
        (topic, partition, before),
    )
