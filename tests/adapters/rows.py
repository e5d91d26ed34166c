"""A table in PostgreSQL, for the tests of its adapter."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, Table, insert, select

from madseg.adapters.databases.postgres import PostgresDatabase

META = MetaData()
ROWS = Table("rows", META, Column("id", Integer, primary_key=True), Column("content", LargeBinary))


@contextmanager
def made(url: str) -> Iterator[PostgresDatabase]:
    """A database at a URL, opened for a service, with the table."""
    opened = PostgresDatabase(url, "selector", "madseg")
    try:
        with opened.write() as connection:
            META.create_all(connection)
        yield opened
    finally:
        opened.close()


def add(connection: Connection, *numbers: int) -> None:
    """Inserts rows."""
    connection.execute(insert(ROWS), [{"id": number, "content": b"x"} for number in numbers])


def numbers(database: PostgresDatabase) -> list[int]:
    """The rows that are there."""
    with database.snapshot() as snapshot:
        return list(snapshot.execute(select(ROWS.c.id).order_by(ROWS.c.id)).scalars())
