"""INSERT ... ON CONFLICT, which SQLite and PostgreSQL spell alike and SQLAlchemy puts into their dialects."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]], update: Sequence[str], add: Sequence[str] = ()
) -> None:
    """Inserts rows; where the primary key is there already, sets `update` columns anew and adds to `add` columns."""
    if not rows:
        return
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table)
    values: dict[str, ColumnElement[Any]] = {name: statement.excluded[name] for name in update}
    values |= {name: table.c[name] + statement.excluded[name] for name in add}
    tx.execute(statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=values), list(rows))


def insert_absent(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts the rows whose primary key isn't there yet."""
    if rows:
        insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
        tx.execute(insert(table).on_conflict_do_nothing(), list(rows))
