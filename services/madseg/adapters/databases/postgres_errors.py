"""What PostgreSQL's errors mean to the callers of a port."""

import psycopg

from madseg.core.errors import Conflict, MadsegError, Unavailable

_PASSING = {
    "08",  # the connection failed
    "25P03",  # thrown out: it did nothing in its transaction for too long
    "28",  # the password is another one
    "3D",  # no such database
    "40",  # two transactions in each other's way
    "53",  # no disk space, memory or connection left
    "55P03",  # a lock that didn't become free
    "57",  # shut down, starting, in recovery; a statement that took too long
    "58",  # the server's operating system
    "XX",  # the server's own mistake
}
"""Classes and codes of errors that the same call may not have later."""

_READ_ONLY = "25006"
_DAMAGED = {"XX001", "XX002"}
_FORBIDDEN = "42501"
_ABSENT = {"42P01", "42703"}
"""A table, a column."""


def translated(error: psycopg.Error, where: str, *, reading: bool) -> MadsegError | None:
    """The error that a port raises in place of PostgreSQL's; None where the statement itself is wrong.

    `reading` says that the transaction was a snapshot.
    """
    code = error.sqlstate or ""
    said = error.diag.message_primary or " ".join(str(error).split())
    if code == _READ_ONLY:
        if reading:
            return Conflict(f"{where}: {said}. Writing needs write()")
        return Unavailable(f"{where} takes no writes now, it is in recovery or a standby: {said}")
    if code == _FORBIDDEN:
        return Conflict(f"{where}: {said}. Give the role the right to do that")
    if code in _DAMAGED:
        return Conflict(f"{where} is damaged: {said}. Restore it from a backup")
    if code in _ABSENT:
        return Conflict(f"{where}: {said}. Tables or columns were taken away: `madseg migrate`, or restore a backup")
    lost = not code and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    if lost or code in _PASSING or code[:2] in _PASSING:
        return Unavailable(f"{where}: {said}")
    return None
