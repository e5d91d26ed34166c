"""From prediction records to rows, exactly once: maps, pairs, rankings and the offset move in one transaction.

The first stored prediction of an image by a version wins; a failure gives way to a prediction that comes later.
So the rows depend on what was predicted, not on order, duplicates or restarts.

Selectors write beside each other, as an image is in one partition and its rows are nobody else's. What they share:

- *Offsets.* The partition's row is held for the whole transaction, so a second holder of the same records waits, and
  then finds that they are in.
- *The layout.* Whatever changes it has the tables alone and raises its counter, which is read here in the transaction.
  So one that was loaded under the same number is right in all but floors, which may have risen, and in versions, which
  may have been added; each says how it takes that.
- *Leaders.* An entry is left out only where it doesn't precede a floor that was committed, and floors don't fall while
  anybody absorbs: so it doesn't precede the floor that is in force at the end either.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from madseg.observing.ranking import ranked
from madseg.ports import Database, Record
from madseg.runtime import Handler
from madseg.selector.batch import Batch
from madseg.selector.chores import Chores
from madseg.selector.criteria import Criteria
from madseg.selector.layout import Layout, load_layout
from madseg.selector.offsets import advance, bump, counter, held_offset
from madseg.selector.packing import compressor
from madseg.wire import decode_predictions


class Absorb(Handler):
    """Handles the records of the predictions topic.

    `chores` runs between batches, in the worker's thread: what keeps the caches in shape.
    """

    def __init__(
        self,
        database: Database,
        topic: str,
        criteria: Criteria,
        capacity: int,
        chores: Chores,
    ) -> None:
        self._database, self._topic, self._criteria, self._capacity = database, topic, criteria, capacity
        self._chores = chores
        self._compressor = compressor()
        self._layout: tuple[int, Layout] | None = None

    def handle(self, records: Sequence[Record]) -> None:
        partition = records[0].partition
        events = [(record.offset, decode_predictions(record.value)) for record in records if record.value is not None]
        try:
            with self._database.write(beside=True) as tx:
                start = held_offset(tx, self._topic, partition)
                if records[-1].offset < start:
                    return
                layout = self._current_layout(tx)
                batch = Batch(tx, self._topic, partition, layout, self._criteria, self._compressor)
                batch.absorb([event for offset, event in events if offset >= start])
                batch.entering.trim(self._capacity)
                advance(tx, self._topic, partition, records[-1].offset + 1)
        except BaseException:
            self._layout = None  # what it counted was rolled back
            raise
        ranked(batch.new_images, batch.entering.entered)

    def skip(self, record: Record) -> None:
        with self._database.write(beside=True) as tx:
            if advance(tx, self._topic, record.partition, record.offset + 1):
                bump(tx, "dead_letters")

    def idle(self) -> None:
        self._chores()

    def busy(self) -> bool:
        return self._chores.due

    def _current_layout(self, tx: Connection) -> Layout:
        number = counter(tx, "layout")
        if self._layout is None or self._layout[0] != number:
            self._layout = number, load_layout(tx, self._criteria)
        return self._layout[1]
