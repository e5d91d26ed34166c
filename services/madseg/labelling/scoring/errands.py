"""What the selector has to be told, kept until it has answered: an outbox.

An errand is written in the transaction that makes it necessary, and carried out after it: a kill in between loses
nothing. Errands go out in the order of their making; those that are carried out twice have no other effect. Several
processes may do so at once: one that finds that it was overtaken has the last word said again.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from madseg.labelling.neighbours import Neighbours
from madseg.labelling.scoring.standing import COUNTEREXAMPLE, TEST
from madseg.labelling.scoring.tables import ERRANDS
from madseg.ports import Database


class Act(StrEnum):
    """What the selector is to do with an image."""

    EXCLUDE = "exclude"
    RESTORE = "restore"


class Reason(StrEnum):
    """Why an image is kept out. The selector counts exclusions by their reasons: what is taken back for another one
    than it was told for stays out for ever."""

    VETO = "veto"
    TRAINING = "training"
    TEST = "test"


REASON_OF: Mapping[str, Reason] = {COUNTEREXAMPLE: Reason.TRAINING, TEST: Reason.TEST}
"""Why images of S and of T are kept out, by their purpose."""

BATCH = 1000
"""Errands carried out between two looks at the table."""


def ask(tx: Connection, images: Sequence[bytes], act: Act, reason: Reason, now: int) -> None:
    """Has the selector told to exclude or restore images for a reason."""
    rows = [{"image_id": image, "act": act.value, "reason": reason.value, "asked_at": now} for image in images]
    if rows:
        tx.execute(insert(ERRANDS), rows)


def waiting(tx: Connection) -> int:
    """Errands that aren't through."""
    return int(tx.execute(select(func.count()).where(ERRANDS.c.done_at.is_(None))).scalar_one())


class Errands:
    """Carries out what waits."""

    def __init__(self, database: Database, neighbours: Neighbours, clock: Callable[[], int]) -> None:
        self._database, self._neighbours, self._clock = database, neighbours, clock

    def __call__(self) -> bool:
        """Carries out some; True where more may wait.

        Raises:
            Unavailable: the selector doesn't answer: what is left is carried out next time.
        """
        with self._database.snapshot() as tx:
            query = select(ERRANDS).where(ERRANDS.c.done_at.is_(None)).order_by(ERRANDS.c.number).limit(BATCH)
            rows = tx.execute(query).all()
        for (act, reason), some in groupby(rows, key=lambda row: (row.act, row.reason)):
            together = list(some)
            self._tell(act, [row.image_id.hex() for row in together], reason)
            self._done(together)
        return len(rows) == BATCH

    def _tell(self, act: str, images: Sequence[str], reason: str) -> None:
        tell = self._neighbours.exclude if act == Act.EXCLUDE else self._neighbours.restore
        tell(list(dict.fromkeys(images)), reason)

    def _done(self, rows: Sequence[Any]) -> None:
        with self._database.write() as tx:
            for at in range(0, len(rows), 500):
                some = rows[at : at + 500]
                numbers = ERRANDS.c.number.in_([row.number for row in some])
                tx.execute(update(ERRANDS).where(numbers).values(done_at=self._clock()))
                _say_again(tx, some, self._clock())


def _say_again(tx: Connection, told: Sequence[Any], now: int) -> None:
    """Asks once more for what others have carried out of later errands: what was told just now may have come after."""
    last = {(row.image_id, row.reason): row for row in told}
    done = select(ERRANDS).where(ERRANDS.c.image_id.in_([row.image_id for row in told]), ERRANDS.c.done_at.is_not(None))
    for row in tx.execute(done.where(ERRANDS.c.number > min(row.number for row in told))).all():
        before = last.get((row.image_id, row.reason), row)
        if row.number > before.number:
            last[row.image_id, row.reason] = row
    overtaken = set(last.values()) - set(told)
    for row in sorted(overtaken, key=lambda row: int(row.number)):
        tx.execute(insert(ERRANDS), {"image_id": row.image_id, "act": row.act, "reason": row.reason, "asked_at": now})
