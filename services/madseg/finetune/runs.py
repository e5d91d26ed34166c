"""Runs as they are kept: begun once, changed by whoever still finds them as they were read, cancelled, promoted."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select, update

from madseg.core.errors import NotFound, NotReady
from madseg.core.messages import VersionRef
from madseg.finetune.bounds import Bounds
from madseg.finetune.sources import TorchSource
from madseg.finetune.tables import RUNS
from madseg.ports import Database
from madseg.requests import check_repeated, foreign_token

PREPARING, TRAINING, PASSED = "preparing", "training", "passed"
REFUSED, CANCELLED, RELEASED = "refused", "cancelled", "released"

STATES = (PREPARING, TRAINING, PASSED, REFUSED, CANCELLED, RELEASED)

_LAST = select(func.max(RUNS.c.number)).scalar_subquery()

GOING_ON = (PREPARING, TRAINING)
"""What is carried out, one run after the other."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to do. `s0` and `t0` are folders, "" for none; `changes` are settings of the recipe.

    `network` is the torch network that learns, None where the target's ONNX file does.
    """

    target: VersionRef
    campaign_ids: tuple[str, ...] = ()
    s0: str = ""
    t0: str = ""
    recipe: str = "modern"
    changes: Mapping[str, Any] = field(default_factory=dict)
    bounds: Bounds = field(default_factory=Bounds)
    seed: int = 0
    promote: bool = False
    network: TorchSource | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stands in its row; see `tables`."""

    id: str
    number: int
    created_at: int
    changed_at: int
    started_by: str
    plan: Plan
    state: str
    examples: Mapping[str, int]
    reasons: tuple[str, ...]
    result: Mapping[str, Any] | None
    launches: int
    mark: str
    stopping: bool
    releasing: bool
    released: int | None
    promoted_by: str | None
    waits_for: str

    @property
    def goes_on(self) -> bool:
        """Whether something will still happen with it by itself."""
        return self.state in GOING_ON or self.releasing

    @property
    def made_a_version(self) -> bool:
        """Whether training came to an end with a network."""
        return self.result is not None and "checks" in self.result


def start(
    database: Database,
    run_id: str,
    who: str,
    key: str,
    plan: Callable[[], Plan],
    now: int,
    *,
    asked: bytes | None = None,
) -> Run:
    """Begins a run; the one that was begun with the same key, where there is one. `plan` is asked for a new one.

    `asked` is what the key stands for (`madseg.requests.asked_for`).

    Raises:
        AlreadyExists: the key stands for something else.
    """
    with database.snapshot() as tx:
        known = _keyed(tx, key, asked)
    if known is not None:
        return known
    wanted = plan()
    with database.write() as tx:
        known = _keyed(tx, key, asked)
        if known is None:
            tx.execute(insert(RUNS).values(_row(tx, run_id, who, (key, asked), wanted, now)))
    with database.snapshot() as tx:
        return known or run(tx, run_id)


def run(tx: Connection, run_id: str) -> Run:
    """The run of an id; the newest for "".

    Raises:
        NotFound: no such run.
    """
    found = _found(tx, RUNS.c.id == run_id if run_id else RUNS.c.number == _LAST)
    if found is not None:
        return found
    if run_id:
        raise NotFound(f"no run {run_id[:100]!r}: `madseg finetune list` names those there are")
    raise NotFound("there is no run yet: `madseg finetune start` begins one")


def page(tx: Connection, state: str | None, before: int | None, size: int) -> list[Run]:
    """At most `size` runs, newest first, of those with a number below `before`.

    Raises:
        InvalidInput: no number of a run can be as large as `before`, so no page ended there.
    """
    if before is not None and not 0 <= before < 1 << 63:
        raise foreign_token()
    query = select(RUNS).order_by(RUNS.c.number.desc()).limit(size)
    if state is not None:
        query = query.where(RUNS.c.state == state)
    if before is not None:
        query = query.where(RUNS.c.number < before)
    return [_run(row) for row in tx.execute(query)]


def released_as(tx: Connection, version: VersionRef) -> Run | None:
    """The run that a version came about by; None where none did."""
    query = select(RUNS).where(RUNS.c.released == version.version).order_by(RUNS.c.number.desc())
    return next((found for found in map(_run, tx.execute(query)) if found.plan.target.model == version.model), None)


def waiting(tx: Connection) -> list[Run]:
    """Runs with something to be done, oldest first."""
    due = or_(RUNS.c.state.in_(GOING_ON), RUNS.c.stopping, RUNS.c.releasing)
    return [_run(row) for row in tx.execute(select(RUNS).where(due).order_by(RUNS.c.number))]


def ended(tx: Connection) -> list[Run]:
    """Runs with nothing left to be done, which nobody waits for; the last to change first."""
    over = RUNS.c.state.in_((REFUSED, CANCELLED, RELEASED))
    query = select(RUNS).where(over, RUNS.c.stopping.is_(False), RUNS.c.releasing.is_(False))
    return [_run(row) for row in tx.execute(query.order_by(RUNS.c.changed_at.desc(), RUNS.c.number.desc()))]


def change(database: Database, run: Run, now: int, **values: Any) -> bool:
    """Changes a run that is still in the state in which it was read; whether it was."""
    for name in ("examples", "reasons", "result"):
        if name in values:
            values[name] = json.dumps(values[name])
    as_read = (RUNS.c.id == run.id, RUNS.c.state == run.state, RUNS.c.releasing == run.releasing)
    with database.write() as tx:
        return tx.execute(update(RUNS).where(*as_read).values(changed_at=now, **values)).rowcount == 1


def cancel(database: Database, run_id: str, now: int) -> Run:
    """Ends a run that goes on, or that waits to be promoted; one that is cancelled stays so.

    Raises:
        NotFound: no such run.
        NotReady: it has ended otherwise, or its version is being released.
    """
    with database.write() as tx:
        found = run(tx, run_id)
        if found.releasing or found.state in (REFUSED, RELEASED):
            told = "its version is being released" if found.releasing else f"it is {found.state}"
            raise NotReady(f"run {found.id} can't be cancelled: {told}")
        if found.state != CANCELLED:
            tx.execute(_of(found).values(changed_at=now, state=CANCELLED, stopping=True, waits_for=""))
        return run(tx, found.id)


def promote(database: Database, run_id: str, who: str, now: int, *, despite_gate: bool) -> Run:
    """Has the version of a run released; does nothing where it is, or is being.

    Raises:
        NotFound: no such run.
        NotReady: it made no version yet or at all, or the gate refused it and `despite_gate` isn't given.
    """
    with database.write() as tx:
        found = run(tx, run_id)
        if found.releasing or found.state == RELEASED:
            return found
        if found.state == REFUSED and found.made_a_version and not despite_gate:
            raise NotReady(f"the gate refused run {found.id}: {'; '.join(found.reasons)}")
        if found.state not in (PASSED, REFUSED) or not found.made_a_version:
            raise NotReady(f"run {found.id} is {found.state} and has no version to release")
        tx.execute(_of(found).values(changed_at=now, releasing=True, promoted_by=who))
        return run(tx, found.id)


def _of(found: Run) -> Any:
    return update(RUNS).where(RUNS.c.id == found.id)


def _found(tx: Connection, which: ColumnElement[bool]) -> Run | None:
    row = tx.execute(select(RUNS).where(which)).one_or_none()
    return None if row is None else _run(row)


def _keyed(tx: Connection, key: str, asked: bytes | None) -> Run | None:
    row = tx.execute(select(RUNS).where(RUNS.c.idempotency_key == key)).one_or_none() if key else None
    if row is None:
        return None
    check_repeated(key, f"run {row.id}", row.asked_sha256, asked)
    return _run(row)


def _row(
    tx: Connection, run_id: str, who: str, keyed: tuple[str, bytes | None], plan: Plan, now: int
) -> dict[str, Any]:
    key, asked = keyed
    last = tx.execute(select(func.max(RUNS.c.number))).scalar_one() or 0
    return {
        "id": run_id,
        "number": last + 1,
        "created_at": now,
        "changed_at": now,
        "started_by": who,
        "idempotency_key": key or None,
        "asked_sha256": asked,
        "plan": json.dumps(asdict(plan)),
        "state": PREPARING,
        "examples": "{}",
        "reasons": "[]",
        "launches": 0,
        "mark": "",
        "stopping": False,
        "releasing": False,
        "release_begun": False,
    }


def _run(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    del values["idempotency_key"], values["asked_sha256"], values["release_begun"]
    told = json.loads(values["plan"])
    plan = {
        **told,
        "target": VersionRef(**told["target"]),
        "campaign_ids": tuple(told["campaign_ids"]),
        "bounds": Bounds(**told["bounds"]),
        "network": TorchSource(**told["network"]) if told.get("network") else None,
    }
    return Run(
        **{
            **values,
            "plan": Plan(**plan),
            "examples": json.loads(values["examples"]),
            "reasons": tuple(json.loads(values["reasons"])),
            "result": json.loads(values["result"]) if values["result"] else None,
            "waits_for": values["waits_for"] or "",
        }
    )
