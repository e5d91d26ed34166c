"""What raters say: judged once, undone, never deleted.

What is said is acknowledged once it is committed. The same judgement of the same assignment may come again.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from madseg.core.errors import InvalidInput, NotFound, NotReady
from madseg.core.opinion import VetoReason
from madseg.labelling.scoring import draws, errands, kept
from madseg.labelling.scoring.adapting import adapt, due
from madseg.labelling.scoring.assignments import Assignment, Tally, owned, tally, working
from madseg.labelling.scoring.errands import Act, Reason
from madseg.labelling.scoring.kept import Campaign
from madseg.labelling.scoring.tables import ASSIGNMENTS, ITEMS, JUDGEMENTS
from madseg.ports import Database

REPEAT_AFTER, REPEAT_SPREAD = 8, 8
"""A repeat comes 8 to 15 judgements after the first time: late enough to be forgotten, early enough to be reached."""

MAX_TEXT = 1000
"""Characters of a veto's text."""


@dataclass(frozen=True, slots=True)
class Said:
    """A judgement: a grade 1..5, a veto with a reason (a `VetoReason`), or, with neither, an abstention.

    Raises:
        InvalidInput: another grade, an unknown reason, OTHER without a text, a text too long or with a NUL.
    """

    grade: int | None = None
    reason: str | None = None
    text: str = ""

    def __post_init__(self) -> None:
        if self.grade is not None and self.grade not in range(1, 6):
            raise InvalidInput(f"a grade must be 1 (bad) .. 5 (excellent), got {self.grade}", field="grade")
        if self.reason is None:
            return
        if self.reason not in tuple(VetoReason):
            raise InvalidInput(f"a veto needs a reason: one of {', '.join(VetoReason)}", field="veto.reason")
        if self.reason == VetoReason.OTHER and not self.text.strip():
            raise InvalidInput("a veto for another reason needs a text that says which", field="veto.text")
        if len(self.text) > MAX_TEXT or "\0" in self.text:
            raise InvalidInput(
                f"a veto's text must have at most {MAX_TEXT} characters and no NUL, got {len(self.text)}",
                field="veto.text",
            )

    @property
    def kind(self) -> str:
        """grade, veto or abstention."""
        return kept.GRADE if self.grade is not None else kept.ABSTENTION if self.reason is None else kept.VETO

    def told(self) -> str:
        """For messages."""
        return f"grade {self.grade}" if self.grade is not None else self.kind


def judge(database: Database, rater: str, assignment_id: str, said: Said, looked_ms: int, now: int) -> Tally:
    """Records a judgement; the rater's counts after it.

    Raises:
        NotFound: no such assignment.
        Forbidden: it is somebody else's.
        NotReady: it was judged otherwise, the campaign is closed, or the lease has ended and others have given what the
            image needed.
    """
    with database.write() as tx:
        row = owned(tx, assignment_id, rater)
        found = kept.campaign(tx, row.campaign_id)
        known = _known(tx, assignment_id)
        if known is not None:
            _must_equal(known, said)
            return tally(tx, found, rater)
        kept.must_go_on(found)
        if kept.lapse(tx, found, now):
            row = owned(tx, assignment_id, rater)
        item = _item(tx, found, row.position)
        if row.state != kept.LEASED and said.kind == kept.GRADE and not row.repeat and item.free < 1:
            raise NotReady(
                "the lease on this image has ended and others have judged it meanwhile, or are about to: "
                "nothing is needed of you, take the next one"
            )
        _record(tx, found, row, item, said, looked_ms, now)
        after = tally(tx, found, rater)
        if _asked_again(found, row, item, said):
            _plan_repeat(tx, row, after.judged)
            after = Tally(after.judged, after.left + 1)
        if due(found, row.position):
            adapt(tx, found)
        return after


def undo(database: Database, campaign_id: str, rater: str, now: int) -> Assignment:
    """Takes the rater's last judgement back and leases its image to the rater again.

    Raises:
        NotFound: no such campaign, or the rater has judged nothing in it.
        NotReady: it is closed.
    """
    with database.write() as tx:
        found = working(tx, campaign_id)
        kept.lapse(tx, found, now)
        last = _last(tx, found, rater)
        if last is None:
            raise NotFound("there is no judgement of yours in this campaign that could be undone")
        _change(tx, last, kept.UNDONE, rater, now)
        until = now + found.plan.lease_seconds * 1_000_000
        values = {"state": kept.LEASED, "taken_at": 0, "leased_until": until}  # before all else that the rater holds
        tx.execute(update(ASSIGNMENTS).where(ASSIGNMENTS.c.id == last.assignment_id).values(values))
        kept.settle(tx, found, [last.position])
        if last.kind == kept.VETO:
            lifted(tx, last.image_id, now)
        _undo_copies(tx, last, rater, now)
        adapt(tx, found)
        return Assignment(last.assignment_id, last.image_id.hex(), found.target, until)


def vetoed(tx: Connection, image: bytes, now: int) -> None:
    """An image was vetoed: no campaign asks about it, and the selector is told."""
    _everywhere(tx, image)
    errands.ask(tx, [image], Act.EXCLUDE, Reason.VETO, now)


def lifted(tx: Connection, image: bytes, now: int) -> None:
    """A veto was taken back: where it was the last one, campaigns ask on and the selector is told."""
    _everywhere(tx, image)
    if not kept.is_vetoed(tx, image):
        errands.ask(tx, [image], Act.RESTORE, Reason.VETO, now)


def _everywhere(tx: Connection, image: bytes) -> None:
    """Counts an image anew in every campaign that isn't closed: vetoes belong to the image."""
    for found, position in kept.elsewhere(tx, image):
        kept.settle(tx, found, [position])
        adapt(tx, found)


def _known(tx: Connection, assignment_id: str) -> Any:
    return tx.execute(_KNOWN, {"assignment": assignment_id}).one_or_none()


def _must_equal(known: Any, said: Said) -> None:
    before = Said(known.grade, known.reason, known.text)
    if before != said:
        raise NotReady(f"this assignment was judged already ({before.told()}): undo that first, then judge it anew")


def _item(tx: Connection, found: Campaign, position: int) -> Any:
    return tx.execute(_ITEM, {"campaign": found.id, "position": position}).one()


def _record(tx: Connection, found: Campaign, row: Any, item: Any, said: Said, looked_ms: int, now: int) -> None:
    values = {
        "assignment_id": row.id,
        "campaign_id": row.campaign_id,
        "position": row.position,
        "image_id": item.image_id,
        "map_sha256": item.map_sha256,
        "rater": row.rater,
        "repeat": row.repeat,
        "kind": said.kind,
        "grade": said.grade,
        "reason": said.reason,
        "text": said.text,
        "looked_ms": looked_ms,
        "given_at": now,
        "state": kept.IN_FORCE,
    }
    tx.execute(_NEW, values)
    tx.execute(_NOW_JUDGED, {"assignment": row.id})
    kept.settle(tx, found, [row.position])
    if said.kind == kept.VETO:
        vetoed(tx, item.image_id, now)


def _asked_again(found: Campaign, row: Any, item: Any, said: Said) -> bool:
    """Whether the image is to be shown to the rater a second time."""
    drawn = draws.chance(found.plan.seed, "repeat", row.rater, item.image_id.hex()) < found.plan.repeat_share
    return drawn and said.kind == kept.GRADE and not row.repeat


def _plan_repeat(tx: Connection, row: Any, judged: int) -> None:
    there = select(ASSIGNMENTS.c.id).where(
        ASSIGNMENTS.c.campaign_id == row.campaign_id,
        ASSIGNMENTS.c.position == row.position,
        ASSIGNMENTS.c.rater == row.rater,
        ASSIGNMENTS.c.repeat,
    )
    if tx.execute(there).first() is None:
        values = {
            "id": uuid.uuid4().hex,
            "campaign_id": row.campaign_id,
            "position": row.position,
            "rater": row.rater,
            "repeat": True,
            "state": kept.PLANNED,
            "taken_at": 0,
            "leased_until": 0,
            "due": judged + REPEAT_AFTER + row.position % REPEAT_SPREAD,
        }
        tx.execute(insert(ASSIGNMENTS), values)


def _last(tx: Connection, found: Campaign, rater: str) -> Any:
    query = select(JUDGEMENTS).where(
        JUDGEMENTS.c.campaign_id == found.id,
        JUDGEMENTS.c.rater == rater,
        JUDGEMENTS.c.state == kept.IN_FORCE,
        JUDGEMENTS.c.origin.is_(None),
        JUDGEMENTS.c.assignment_id.is_not(None),
    )
    return tx.execute(query.order_by(JUDGEMENTS.c.number.desc()).limit(1)).one_or_none()


def _change(tx: Connection, row: Any, state: str, who: str, now: int) -> None:
    values = {"state": state, "changed_at": now, "changed_by": who}
    tx.execute(update(JUDGEMENTS).where(JUDGEMENTS.c.number == row.number).values(values))


def _undo_copies(tx: Connection, row: Any, who: str, now: int) -> None:
    """A grade that was undone leaves the campaigns that it came over to, unless they are closed."""
    for found, position in kept.elsewhere(tx, row.image_id):
        query = select(JUDGEMENTS).where(
            JUDGEMENTS.c.campaign_id == found.id, JUDGEMENTS.c.origin == row.number, JUDGEMENTS.c.position == position
        )
        for copy in tx.execute(query.where(JUDGEMENTS.c.state == kept.IN_FORCE)).all():
            _change(tx, copy, kept.UNDONE, who, now)
            tx.execute(update(ASSIGNMENTS).where(ASSIGNMENTS.c.id == copy.assignment_id).values(state=kept.RETURNED))
            kept.settle(tx, found, [position])


_KNOWN = (
    select(JUDGEMENTS)
    .where(JUDGEMENTS.c.assignment_id == bindparam("assignment"), JUDGEMENTS.c.origin.is_(None))
    .where(JUDGEMENTS.c.state != kept.UNDONE)
    .order_by(JUDGEMENTS.c.number.desc())
    .limit(1)
)

_ITEM = select(ITEMS).where(ITEMS.c.campaign_id == bindparam("campaign"), ITEMS.c.position == bindparam("position"))

_NEW = insert(JUDGEMENTS).inline()

_NOW_JUDGED = update(ASSIGNMENTS).where(ASSIGNMENTS.c.id == bindparam("assignment")).values(state=kept.JUDGED)
