"""Adapters of the database."""

from madseg.adapters.locations import database_file, scheme
from madseg.core.errors import InvalidInput
from madseg.ports import Database


def open_database(url: str, service: str = "", prefix: str = "madseg") -> Database:
    """The database at a URL: `sqlite:///state/madseg.db`, or `postgresql://user:password@host:5432/database`.

    On a server `prefix` is the schema of the project's tables, and the writes of each `service` take turns.

    Raises:
        InvalidInput: a URL of no known kind; the message doesn't repeat it, as it may have a password.
        Unavailable: the file can't be opened now, the server doesn't answer.
        Conflict: the file is no database, or damaged.
    """
    match scheme(url):
        case "sqlite":
            from madseg.adapters.databases.sqlite import SqliteDatabase

            return SqliteDatabase(database_file(url))
        case "postgresql" | "postgres":
            from madseg.adapters.databases.postgres import PostgresDatabase

            return PostgresDatabase(url, service, prefix)
        case other:
            raise InvalidInput(
                f"no database is known by {other!r}: use sqlite:///state/madseg.db or "
                "postgresql://user:password@host:5432/database"
            )
