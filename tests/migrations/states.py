"""States of earlier releases: `frozen/` has what their own code made of some images, and what they ranked then."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, LargeBinary, MetaData, Table, insert, text

FROZEN = Path(__file__).parent / "frozen"

Key = tuple[str, str, int]


def write_file(service: str, file: Path) -> None:
    """The embedded database of a service as madseg 0.1 left it."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(_script(service))


def copy_rows(service: str, to: Connection) -> None:
    """The same rows in tables of that revision, in any database."""
    there = MetaData()
    there.reflect(to)
    with closing(sqlite3.connect(":memory:")) as frozen:
        frozen.executescript(_script(service))
        for table in there.sorted_tables:
            rows = frozen.execute(f"SELECT * FROM {table.name}") if _has(frozen, table.name) else None
            if rows is not None and (values := rows.fetchall()):
                names = [column[0] for column in rows.description]
                to.execute(insert(table), [_typed(table, dict(zip(names, row, strict=True))) for row in values])
                _count_on(table, to)


def rankings() -> dict[Key, list[tuple[float, str]]]:
    """What madseg 0.1 ranked: (discrepancy, image id) by competitor, defender and label."""
    found = json.loads((FROZEN / "selector-0.1.0.json").read_text())
    return {_key(name): [(float(d), image) for d, image in rows] for name, rows in found.items()}


def _script(service: str) -> str:
    return (FROZEN / f"{service}-0.1.0.sql").read_text()


def _has(connection: sqlite3.Connection, table: str) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone())


def _typed(table: Table, row: dict[str, object]) -> dict[str, object]:
    """SQLite has no type of its own for truth values."""
    kinds = {name: table.c[name].type.python_type for name in row if not isinstance(table.c[name].type, LargeBinary)}
    return {name: bool(value) if kinds.get(name) is bool else value for name, value in row.items()}


def _count_on(table: Table, connection: Connection) -> None:
    """Numbers that PostgreSQL gives begin behind those that were put in."""
    (first, *_) = table.primary_key.columns
    if connection.dialect.name == "postgresql" and first.server_default is not None:
        last = f"(SELECT max({first.name}) FROM {table.name})"
        connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table.name}', '{first.name}'), {last})"))


def _key(name: str) -> Key:
    competitor, defender, label = name.split("/")
    return competitor, defender, int(label)
