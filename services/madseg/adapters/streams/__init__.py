"""Adapters of the stream."""

from madseg.adapters.locations import database_file, scheme
from madseg.core.errors import InvalidInput
from madseg.ports import Stream


def open_stream(url: str) -> Stream:
    """The stream at a URL.

    `sqlite:///state/stream.db` is a log in one file for the processes of one machine, `kafka://host:9092` a cluster;
    `kafka_url` has its options.

    Raises:
        InvalidInput: a URL of no known kind, or an option that can't be.
        Unavailable: the file can't be opened now, or no broker answers.
        Conflict: the file is something else, or damaged; the brokers let us do nothing.
    """
    match scheme(url):
        case "sqlite":
            from madseg.adapters.streams.sqlite import SqliteStream

            return SqliteStream(database_file(url))
        case "kafka":
            from madseg.adapters.streams.kafka import KafkaStream
            from madseg.adapters.streams.kafka_url import parse

            return KafkaStream(parse(url))
        case other:
            raise InvalidInput(
                f"no stream is known by {other!r}: use sqlite:///state/stream.db or kafka://host:9092, got {url!r}"
            )
