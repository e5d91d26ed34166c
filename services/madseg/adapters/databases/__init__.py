"""Adapters of the database."""

from madseg.adapters.locations import database_file, scheme
from madseg.core.errors import InvalidInput
from madseg.ports import Database


def open_database(url: str) -> Database:
    """The database at a URL: `sqlite:///state/madseg.db`.

    Raises:
        InvalidInput: a URL of no known kind.
        Unavailable: the file can't be opened now.
        Conflict: the file is no database, or damaged.
    """
    match scheme(url):
        case "sqlite":
            from madseg.adapters.databases.sqlite import SqliteDatabase

            return SqliteDatabase(database_file(url))
        case other:
            raise InvalidInput(f"no database is known by {other!r}: use sqlite:///state/madseg.db, got {url!r}")
