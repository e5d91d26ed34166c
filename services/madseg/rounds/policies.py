"""Policies as they are kept, and the rounds that begin by them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from madseg.client.values.rounds import RoundPlan
from madseg.core.errors import NotReady
from madseg.core.messages import VersionRef
from madseg.core.rounds import Due, Past, Policy
from madseg.ports import Database
from madseg.rounds.plans import from_text, to_text
from madseg.rounds.rounds import BY_POLICY, Beginning, Round, enter
from madseg.rounds.tables import POLICIES, ROUNDS


@dataclass(frozen=True, slots=True)
class Kept:
    """A policy with its plan; `begun` and `evaluated` count since `set_at`, microseconds since the epoch."""

    model: str
    policy: Policy
    plan: RoundPlan
    set_at: int
    begun: int
    evaluated: bool


def policy(tx: Connection, model: str) -> Kept | None:
    """The policy of a target; None where none was set."""
    row = tx.execute(select(POLICIES).where(POLICIES.c.model == model)).one_or_none()
    return None if row is None else _kept(row)


def enabled(tx: Connection) -> list[Kept]:
    """The policies by which rounds may begin, by model."""
    query = select(POLICIES).where(POLICIES.c.enabled).order_by(POLICIES.c.model)
    return [_kept(row) for row in tx.execute(query)]


def put(database: Database, model: str, wanted: Policy, plan: RoundPlan, now: int) -> Kept:
    """Sets the policy of a target; a new row of rounds begins with it."""
    values = {
        "enabled": wanted.enabled,
        "candidates": wanted.candidates,
        "seconds": wanted.seconds,
        "rounds": wanted.rounds,
        "plan": to_text(plan),
        "set_at": now,
        "begun": 0,
        "evaluated": False,
    }
    with database.write() as tx:
        if policy(tx, model) is None:
            tx.execute(insert(POLICIES).values(model=model, **values))
        else:
            tx.execute(update(POLICIES).where(POLICIES.c.model == model).values(**values))
    return Kept(model, wanted, plan, now, 0, False)


def past(tx: Connection, kept: Kept, now: int) -> Past:
    """What the target's rounds have been."""
    here = ROUNDS.c.model == kept.model
    going = tx.execute(select(ROUNDS.c.id).where(ROUNDS.c.going_on == kept.model)).first() is not None
    last = tx.execute(select(func.max(ROUNDS.c.changed_at)).where(here)).scalar_one() or 0
    return Past(going, kept.begun, kept.evaluated, (now - max(last, kept.set_at)) / 1e6)


def begin(
    database: Database, kept: Kept, due: Due, target: VersionRef, new_id: Callable[[], str], now: int
) -> Round | None:
    """Begins the round that is due, and counts it, in one transaction; None where others were faster."""
    plan = replace(kept.plan, evaluate_only=kept.plan.evaluate_only or due is Due.EVALUATION)
    as_read = (POLICIES.c.model == kept.model, POLICIES.c.set_at == kept.set_at, POLICIES.c.begun == kept.begun)
    counted = {"begun": kept.begun + (due is Due.ROUND), "evaluated": kept.evaluated or due is Due.EVALUATION}
    with database.write() as tx:
        if tx.execute(update(POLICIES).where(*as_read, POLICIES.c.enabled).values(**counted)).rowcount != 1:
            return None
        try:
            return enter(tx, Beginning(new_id(), target, plan, BY_POLICY, ""), now)
        except NotReady:
            tx.execute(update(POLICIES).where(*as_read[:2]).values(begun=kept.begun, evaluated=kept.evaluated))
            return None


def _kept(row: Row[Any]) -> Kept:
    found = Policy(row.enabled, row.candidates, row.seconds, row.rounds)
    return Kept(row.model, found, from_text(row.plan), row.set_at, row.begun, row.evaluated)
