"""Databases for tests: the embedded kind and the real one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import postgres

KINDS = ("postgresql", "sqlite")


@contextmanager
def empty_database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database of a kind, gone at the end of the block."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/madseg.db"
    else:
        with postgres.database() as url:
            yield url
