"""Rounds as they are kept: begun once, changed by whoever still finds them as they were read, approved, cancelled."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from madseg.client.values.rounds import RoundPlan
from madseg.core.errors import NotFound, NotReady
from madseg.core.messages import VersionRef
from madseg.core.rounds import Outcome, Step
from madseg.ports import Database
from madseg.requests import check_repeated
from madseg.rounds.plans import from_text, seeded, to_text
from madseg.rounds.tables import ROUNDS

BY_POLICY = "policy"
"""Who began a round that began by itself."""

_LAST = select(func.max(ROUNDS.c.serial)).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Record:
    """When a step began, and when it ended, None while it goes on; microseconds since the epoch."""

    step: Step
    began: int
    ended: int | None


@dataclass(frozen=True, slots=True)
class Round:
    """A round as it stands in its row; see `tables`."""

    id: str
    serial: int
    number: int
    target: VersionRef
    created_at: int
    changed_at: int
    revision: int
    started_by: str
    plan: RoundPlan
    step: Step
    outcome: Outcome | None
    notes: tuple[str, ...]
    steps: tuple[Record, ...]
    awaits: bool
    approved: bool
    despite: bool
    done: int
    total: int
    candidate_set_id: str
    campaign_id: str
    run_begun: bool
    run_id: str
    promoting: bool
    stopping: bool
    released: int | None
    candidates: int
    counterexamples: int
    test: int

    @property
    def key(self) -> str:
        """The idempotency key of all that is asked for it."""
        return f"round {self.id}"

    @property
    def goes_on(self) -> bool:
        """Whether something may still happen with it."""
        return self.step is not Step.ENDED


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a new round is made of. `target` is the version that stands now, `asked` what its key stands for."""

    id: str
    target: VersionRef
    plan: RoundPlan
    who: str
    key: str
    asked: bytes | None = None


def start(
    database: Database, key: str, begin: Callable[[], Beginning], now: int, *, asked: bytes | None = None
) -> Round:
    """Begins a round; the one that was begun with the same key, where there is one. `begin` is asked for a new one.

    `asked` is what the key stands for (`madseg.requests.asked_for`).

    Raises:
        AlreadyExists: the key stands for something else.
        NotReady: a round of the target goes on.
    """
    with database.snapshot() as tx:
        known = _keyed(tx, key, asked)
    if known is not None:
        return known
    wanted = begin()
    with database.write() as tx:
        return _keyed(tx, key, asked) or enter(tx, wanted, now)


def enter(tx: Connection, wanted: Beginning, now: int) -> Round:
    """Enters a round.

    Raises:
        NotReady: one of the target goes on.
    """
    going = _found(tx, ROUNDS.c.going_on == wanted.target.model)
    if going is not None:
        raise NotReady(
            f"round {going.number} of {wanted.target.model} goes on ({going.step}): wait for it, or cancel it with "
            f"`madseg round cancel {going.id}`"
        )
    try:
        tx.execute(insert(ROUNDS).values(_row(tx, wanted, now)))
    except IntegrityError as error:
        raise NotReady(f"another round of {wanted.target.model} has just begun") from error
    return round_of(tx, wanted.id)


def round_of(tx: Connection, round_id: str) -> Round:
    """The round of an id; the newest for "".

    Raises:
        NotFound: no such round.
    """
    found = _found(tx, ROUNDS.c.id == round_id if round_id else ROUNDS.c.serial == _LAST)
    if found is not None:
        return found
    if round_id:
        raise NotFound(f"no round {round_id[:100]!r}: `madseg round list` names those there are")
    raise NotFound("there is no round yet: `madseg round start` begins one")


def page(tx: Connection, model: str, before: int | None, size: int) -> list[Round]:
    """At most `size` rounds, newest first, of those with a serial number below `before`; of a model, or of all."""
    query = select(ROUNDS).order_by(ROUNDS.c.serial.desc()).limit(size)
    if model:
        query = query.where(ROUNDS.c.model == model)
    if before is not None:
        query = query.where(ROUNDS.c.serial < before)
    return [_round(row) for row in tx.execute(query)]


def of_model(tx: Connection, model: str) -> list[Round]:
    """All rounds of a model, oldest first."""
    return [_round(row) for row in tx.execute(select(ROUNDS).where(ROUNDS.c.model == model).order_by(ROUNDS.c.serial))]


def waiting(tx: Connection) -> list[Round]:
    """Rounds with something to be done, oldest first."""
    due = or_(ROUNDS.c.going_on.is_not(None), ROUNDS.c.stopping)
    return [_round(row) for row in tx.execute(select(ROUNDS).where(due).order_by(ROUNDS.c.serial))]


def change(database: Database, found: Round, now: int, **values: Any) -> bool:
    """Changes a round that nobody has changed since it was read; whether it was so."""
    as_read = (ROUNDS.c.id == found.id, ROUNDS.c.revision == found.revision)
    with database.write() as tx:
        done = update(ROUNDS).where(*as_read).values(**_stored(found, now, values))
        return tx.execute(done).rowcount == 1


def approve(database: Database, round_id: str, step: Step, now: int, *, despite: bool) -> Round:
    """Lets a round go on that waits at a step; does nothing where that was said already.

    Scoring may be ended before its time, by `despite` for the step behind it.

    Raises:
        NotFound: no such round.
        NotReady: it doesn't wait there.
    """
    with database.write() as tx:
        found = round_of(tx, round_id)
        early = despite and step is Step.CHOOSING and found.step is Step.SCORING
        if (found.step is step or early) and found.approved and found.despite >= despite:
            return found
        if not early and (found.step is not step or not found.awaits):
            told = f"it is at {found.step}" + (" and goes on by itself" if found.goes_on and not found.awaits else "")
            raise NotReady(f"round {found.id} doesn't wait for a word at {step}: {told}")
        values = _stored(found, now, {"approved": True, "despite": despite, "awaits": False})
        tx.execute(update(ROUNDS).where(ROUNDS.c.id == found.id).values(**values))
        return round_of(tx, found.id)


def cancel(database: Database, round_id: str, who: str, now: int) -> Round:
    """Ends a round that goes on; one that is cancelled stays so.

    Raises:
        NotFound: no such round.
        NotReady: it has ended otherwise, or its version is being released.
    """
    with database.write() as tx:
        found = round_of(tx, round_id)
        if found.outcome is Outcome.CANCELLED:
            return found
        if not found.goes_on or (found.promoting and found.step is Step.TRAINING):
            told = f"it has ended ({found.outcome})" if not found.goes_on else "its version is being released"
            raise NotReady(f"round {found.id} can't be cancelled: {told}")
        ending = {
            "step": Step.ENDED,
            "outcome": Outcome.CANCELLED,
            "notes": (f"cancelled by {who}",),
            "stopping": bool(found.candidate_set_id),
        }
        tx.execute(update(ROUNDS).where(ROUNDS.c.id == found.id).values(**_stored(found, now, ending)))
        return round_of(tx, found.id)


def _stored(found: Round, now: int, values: dict[str, Any]) -> dict[str, Any]:
    """The columns of a change. With a new step the old one ends, and nobody has said anything about the new one yet."""
    made = {"changed_at": now, "revision": found.revision + 1, **values}
    if "notes" in made:
        made["notes"] = json.dumps(made["notes"])
    if "plan" in made:
        made["plan"] = to_text(made["plan"])
    step = values.get("step")
    if step is not None:
        made |= {"steps": _steps(found.steps, step, now), "awaits": False, "done": 0, "total": 0}
        made |= {name: values.get(name, False) for name in ("approved", "despite")}
        made |= {"going_on": None} if step is Step.ENDED else {}
        made.setdefault("notes", "[]")
    return made


def _steps(before: Sequence[Record], step: Step, now: int) -> str:
    ended = [[item.step, item.began, item.ended or now] for item in before]
    return json.dumps([*ended, [step, now, now if step is Step.ENDED else None]])


def _found(tx: Connection, which: ColumnElement[bool]) -> Round | None:
    row = tx.execute(select(ROUNDS).where(which)).one_or_none()
    return None if row is None else _round(row)


def _keyed(tx: Connection, key: str, asked: bytes | None) -> Round | None:
    row = tx.execute(select(ROUNDS).where(ROUNDS.c.idempotency_key == key)).one_or_none() if key else None
    if row is None:
        return None
    check_repeated(key, f"round {row.id}", row.asked_sha256, asked)
    return _round(row)


def _row(tx: Connection, wanted: Beginning, now: int) -> dict[str, Any]:
    model = wanted.target.model
    number = select(func.max(ROUNDS.c.number)).where(ROUNDS.c.model == model)
    return {
        "id": wanted.id,
        "serial": (tx.execute(select(func.max(ROUNDS.c.serial))).scalar_one() or 0) + 1,
        "model": model,
        "number": (tx.execute(number).scalar_one() or 0) + 1,
        "version": wanted.target.version,
        "created_at": now,
        "changed_at": now,
        "revision": 1,
        "started_by": wanted.who,
        "idempotency_key": wanted.key or None,
        "asked_sha256": wanted.asked,
        "going_on": model,
        "plan": to_text(seeded(wanted.plan, wanted.id)),
        "step": Step.MINING,
        "notes": "[]",
        "steps": json.dumps([[Step.MINING, now, None]]),
        **dict.fromkeys(("awaits", "approved", "despite", "run_begun", "promoting", "stopping"), False),
        **dict.fromkeys(("done", "total", "candidates", "counterexamples", "test"), 0),
        **dict.fromkeys(("candidate_set_id", "campaign_id", "run_id"), ""),
    }


def _round(row: Row[Any]) -> Round:
    values = dict(row._mapping)
    target = VersionRef(values.pop("model"), values.pop("version"))
    for name in ("idempotency_key", "asked_sha256", "going_on"):
        del values[name]
    return Round(
        **{
            **values,
            "target": target,
            "plan": from_text(values["plan"]),
            "step": Step(values["step"]),
            "outcome": Outcome(values["outcome"]) if values["outcome"] else None,
            "notes": tuple(json.loads(values["notes"])),
            "steps": tuple(Record(Step(step), began, ended) for step, began, ended in json.loads(values["steps"])),
        }
    )
