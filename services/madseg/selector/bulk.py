"""Many rows at once into one table.

SQLAlchemy's handling of parameters costs more than SQLite's work on a row, so rows go to the driver as they are.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, insert

Row = tuple[Any, ...]


def insert_rows(tx: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Inserts rows whose values stand in the order of the table's columns and have the driver's own types."""
    if not rows:
        return
    if tx.dialect.name == "sqlite":
        marks = ", ".join("?" * len(table.columns))
        tx.exec_driver_sql(f"INSERT INTO {table.name} VALUES ({marks})", list(rows))
    else:
        names = table.columns.keys()
        tx.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])
