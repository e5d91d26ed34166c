"""Brings a service's tables up to date. Each service has revisions and a table `<service>_revision` of its own.

A revision is an era and a step, `1.2`: see CONTRIBUTING.md for how to add one.
"""

from importlib import import_module
from pathlib import Path

import structlog
from sqlalchemy import Connection, column, inspect, select, table

from madseg.core.errors import Conflict
from madseg.ports import Tables

log = structlog.get_logger("madseg.database")


def behind(connection: Connection, tables: Tables) -> bool:
    """True where the tables lack revisions of this release.

    Raises:
        Conflict: they are of a later era, which this release can't work with.
    """
    found = revision(connection, tables)
    if found is None:
        return True
    there, ours = _parts(found), _parts(tables.head)
    if there[0] > ours[0]:
        raise Conflict(
            f"the tables of the {tables.service} are of revision {found}, this release knows them up to {tables.head}: "
            "run the release that made them, or restore the backup from before it"
        )
    return there < ours


def revision(connection: Connection, tables: Tables) -> str | None:
    """The last revision that was carried out; None where there was none yet."""
    name = _table(tables)
    if not inspect(connection).has_table(name):
        return None
    found: str | None = connection.execute(select(column("version_num")).select_from(table(name))).scalar_one_or_none()
    return found


def migrate(connection: Connection, tables: Tables, to: str = "head") -> None:
    """Carries out the revisions that are missing, within the caller's transaction."""
    # Loaded only where there is something to do: it takes a quarter of a second.
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(Path(str(import_module(tables.migrations).__file__)).parent))
    context = MigrationContext.configure(connection, opts={"version_table": _table(tables)})
    before = revision(connection, tables)
    if before is None and _made_by_hand(connection, tables):
        before = script.get_base()
    missing = list(script.iterate_revisions(to, before or "base"))
    with Operations.context(context):
        for step in reversed(missing):
            step.module.upgrade()
            context.stamp(script, step.revision)
    log.info("tables_migrated", service=tables.service, before=before, after=script.as_revision_number(to))


def _made_by_hand(connection: Connection, tables: Tables) -> bool:
    """True for tables of madseg 0.1 before it kept revisions: they are as the first one makes them."""
    return not {item.name for item in tables.definition.sorted_tables}.isdisjoint(inspect(connection).get_table_names())


def _table(tables: Tables) -> str:
    return f"{tables.service}_revision"


def _parts(text: str) -> tuple[int, int]:
    era, _, step = text.partition(".")
    return int(era), int(step)
