"""From the models topic to versions, roles and opened contests."""

from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import Connection, delete, update

from madseg.core.competition import Competition
from madseg.core.messages import RoleChanged, VersionPublished
from madseg.ports import Database, Record
from madseg.runtime import Handler
from madseg.selector.criteria import Criteria
from madseg.selector.layout import Layout, load_layout, open_contests, version_id
from madseg.selector.offsets import bump
from madseg.selector.tables import ROLES, SWEEPS, VERSIONS
from madseg.selector.upsert import upsert
from madseg.wire import decode_model_event

log = structlog.get_logger("madseg.selector")


class LearnRoles(Handler):
    """Handles the records of the models topic. It is small and compacted: read from its start at every start."""

    def __init__(self, database: Database, criteria: Criteria, announce: Callable[[], None]) -> None:
        self._database, self._criteria, self._announce = database, criteria, announce

    def handle(self, records: Sequence[Record]) -> None:
        events = [(decode_model_event(record.value), record.value) for record in records if record.value is not None]
        with self._database.write() as tx:
            before = load_layout(tx, self._criteria).competition
            for event, value in events:
                _learn(tx, self._criteria, event, value)
            layout = load_layout(tx, self._criteria)
            if layout.competition != before:
                bump(tx, "layout")
                bump(tx, "edits")
            self._take_sweeps_back(tx, layout)
            opened = open_contests(tx, layout, self._criteria)
            self._warn(layout.competition)
        for ref in opened:
            log.info("contest_opened", target=str(ref.target), competitor=str(ref.competitor))
        if opened:
            self._announce()

    def _take_sweeps_back(self, tx: Connection, layout: Layout) -> None:
        """A version that is asked no longer is taken over the images from the first one on if it ever comes back:
        what was still requested of it is passed over."""
        wanted = layout.competition.asked(self._criteria.taxonomy.id, self._criteria.grid)
        kept = [layout.version_ids[ref] for ref in wanted]
        tx.execute(delete(SWEEPS).where(SWEEPS.c.version_id.not_in(kept)))

    def _warn(self, competition: Competition) -> None:
        for ref in competition.serving():
            other = competition.versions[ref].taxonomy_id
            if other != self._criteria.taxonomy.id:
                log.warning("version_of_another_taxonomy", version=str(ref), taxonomy=other)


def _learn(tx: Connection, criteria: Criteria, event: VersionPublished | RoleChanged, value: bytes) -> None:
    if isinstance(event, RoleChanged):
        upsert(tx, ROLES, [{"model": event.model, "event": value}], update=("event",))
        return
    number = version_id(tx, load_layout(tx, criteria), event.ref)
    unpublished = (VERSIONS.c.id == number) & VERSIONS.c.event.is_(None)
    tx.execute(update(VERSIONS).where(unpublished).values(event=value))
