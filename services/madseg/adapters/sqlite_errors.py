"""What SQLite's errors mean to the callers of a port."""

import sqlite3
from pathlib import Path

from madseg.core.errors import Conflict, MadsegError, Unavailable

_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
}
"""A full disk, a lock held elsewhere, an I/O error: whoever removes the cause makes the same call succeed."""

_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}


def translated(error: sqlite3.Error, file: Path) -> MadsegError | None:
    """The error that a port raises in place of SQLite's; None where the statement itself is wrong."""
    # The lower byte is the primary code; the higher ones say which kind of I/O error it was.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _PASSING:
        return Unavailable(f"{file}: {error}")
    if code in _BROKEN:
        return Conflict(f"{file} is no SQLite database or is damaged: {error}. Restore it, or move it away")
    if code == sqlite3.SQLITE_READONLY:
        return Conflict(f"{file}: {error}. Writing needs write() and a file that this user may write")
    return None
