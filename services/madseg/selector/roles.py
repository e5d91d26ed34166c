"""From the models topic to versions, roles and opened contests."""

from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import Connection, delete, update

from madseg.core.competition import Competition, ContestRef
from madseg.core.messages import RoleChanged, VersionPublished
from madseg.ports import Database, Record
from madseg.runtime import Handler
from madseg.selector.criteria import Criteria
from madseg.selector.layout import Layout, load_layout, open_contests, version_id
from madseg.selector.offsets import advance, bump, held_offset
from madseg.selector.tables import ROLES, SWEEPS, VERSIONS
from madseg.selector.upsert import upsert
from madseg.wire import decode_model_event

log = structlog.get_logger("madseg.selector")

PARTITION = 0
"""The models topic has no other."""


class LearnRoles(Handler):
    """Handles the records of the models topic, each of them once: the offset moves with the effect, so neither a start
    nor a selector that lags behind another one takes the roles back to what they were."""

    def __init__(self, database: Database, topic: str, criteria: Criteria, announce: Callable[[], None]) -> None:
        self._database, self._topic, self._criteria, self._announce = database, topic, criteria, announce

    def handle(self, records: Sequence[Record]) -> None:
        read = [(record.offset, record.value) for record in records if record.value is not None]
        events = [(offset, decode_model_event(value), value) for offset, value in read]
        with self._database.write() as tx:
            before = load_layout(tx, self._criteria).competition
            start = held_offset(tx, self._topic, PARTITION)
            if records[-1].offset < start:
                return
            for offset, event, value in events:
                if offset >= start:
                    _learn(tx, self._criteria, event, value)
            opened = self._follow(tx, before)
            advance(tx, self._topic, PARTITION, records[-1].offset + 1)
        for ref in opened:
            log.info("contest_opened", target=str(ref.target), competitor=str(ref.competitor))
        if opened:
            self._announce()

    def skip(self, record: Record) -> None:
        with self._database.write() as tx:
            advance(tx, self._topic, PARTITION, record.offset + 1)

    def _follow(self, tx: Connection, before: Competition) -> list[ContestRef]:
        """Does what follows from the roles as they are now; the contests that were opened."""
        layout = load_layout(tx, self._criteria)
        if layout.competition != before:
            bump(tx, "layout")
            bump(tx, "edits")
        self._take_sweeps_back(tx, layout)
        self._warn(layout.competition)
        return open_contests(tx, layout, self._criteria)

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
