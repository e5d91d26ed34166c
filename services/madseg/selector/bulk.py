"""Many rows at once into one table.

SQLAlchemy's handling of parameters costs more than the database's work on a row, so rows go to the driver as they are:
to PostgreSQL by COPY.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table

Row = tuple[Any, ...]


def insert_rows(tx: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Inserts rows whose values stand in the order of the table's columns and have the driver's own types."""
    if not rows:
        return
    names = ", ".join(column.name for column in table.columns)  # named: a later release may have added some
    if tx.dialect.name == "sqlite":
        marks = ", ".join("?" * len(table.columns))
        tx.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", list(rows))
        return
    types = [column.type.compile(tx.dialect).partition("(")[0].lower() for column in table.columns]
    statement = f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)"
    driver: Any = tx.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
