"""INSERT ... ON CONFLICT, which SQLite and PostgreSQL spell alike and SQLAlchemy puts into their dialects."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, Table, bindparam, cast, func, select, text
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]], update: Sequence[str], add: Sequence[str] = ()
) -> None:
    """Inserts rows; where the primary key is there already, sets `update` columns anew and adds to `add` columns.

    No two of the rows have the same key.
    """
    if not rows:
        return
    statement, values = _insert(tx, table, rows)
    changed: dict[str, ColumnElement[Any]] = {name: statement.excluded[name] for name in update}
    changed |= {name: table.c[name] + statement.excluded[name] for name in add}
    tx.execute(statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed), values)


def insert_absent(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts the rows whose primary key isn't there yet."""
    if rows:
        statement, values = _insert(tx, table, rows)
        tx.execute(statement.on_conflict_do_nothing(), values)


def lock_rows(tx: Connection, table: Table) -> None:
    """Lets nobody else write to a table until the transaction's end; everybody may read it."""
    if tx.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        tx.execute(text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))


def _insert(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> tuple[Any, Any]:
    """The insertion of rows that all have the same columns, and what to execute it with."""
    if tx.dialect.name == "sqlite":
        return sqlite.insert(table), list(rows)
    # One array a column: one statement, and so one way to the server and back, for all rows.
    names = list(rows[0])
    columns = (func.unnest(cast(bindparam(name), ARRAY(table.c[name].type))) for name in names)
    values = {name: [row[name] for row in rows] for name in names}
    return postgresql.insert(table).from_select(names, select(*columns)), values
