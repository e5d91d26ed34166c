"""Adapters of the stream."""

from madseg.adapters.locations import database_file, scheme
from madseg.core.errors import InvalidInput
from madseg.ports import Stream


def open_stream(url: str) -> Stream:
    """The stream at a URL: `sqlite:///state/stream.db`, a log in one file for the processes of one machine.

    Raises:
        InvalidInput: a URL of no known kind.
        Unavailable: the file can't be opened now.
        Conflict: the file is something else, or damaged.
    """
    match scheme(url):
        case "sqlite":
            from madseg.adapters.streams.sqlite import SqliteStream

            return SqliteStream(database_file(url))
        case other:
            raise InvalidInput(f"no stream is known by {other!r}: use sqlite:///state/stream.db, got {url!r}")
