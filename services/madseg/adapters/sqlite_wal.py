"""Write-ahead logging: readers and one writer don't wait for each other."""

import sqlite3
import time

PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 0.02


def use_wal(connection: sqlite3.Connection) -> None:
    """Switches the file over, once for all; does nothing where it is.

    The switch wants the file for itself, and SQLite fails it at once where another process is at the same:
    several services that start together on a new file.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(PAUSE_SECONDS)
