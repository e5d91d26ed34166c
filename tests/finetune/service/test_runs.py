"""Runs in their table, in every kind of database."""

import threading

import pytest

from madseg.core.errors import AlreadyExists, NotFound
from madseg.core.messages import VersionRef
from madseg.finetune import runs
from madseg.finetune.bounds import Bounds
from madseg.finetune.runs import Plan, Run
from madseg.ports import Database

PLAN = Plan(
    VersionRef("ours", 3),
    ("c1", "c2"),
    "/s0",
    "/t0",
    "paper2021",
    {"epochs": 3, "flip": True},
    Bounds(drop=0.5),
    9,
    True,
)


def start(database: Database, run_id: str, key: str = "", plan: Plan = PLAN, asked: bytes | None = None) -> Run:
    """Begins a run."""
    return runs.start(database, run_id, "otto", key, lambda: plan, 5, asked=asked)


def test_a_run_comes_back_as_it_was_begun(database: Database) -> None:
    """With its whole plan."""
    made = start(database, "a1")
    with database.snapshot() as tx:
        assert runs.run(tx, "a1") == runs.run(tx, "") == made
    assert (made.plan, made.state, made.created_at, made.started_by) == (PLAN, runs.PREPARING, 5, "otto")


def test_the_same_key_is_the_same_run(database: Database) -> None:
    """Also for those who ask at once; the plan isn't even made."""
    made: list[Run] = []
    threads = [threading.Thread(target=lambda n=n: made.append(start(database, f"a{n}", "key"))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({run.id for run in made}) == 1
    again = runs.start(database, "b", "otto", "key", lambda: 1 / 0, 5)  # type: ignore[arg-type, return-value]
    assert again == made[0]
    assert len({start(database, f"c{n}").id for n in range(2)}) == 2


def test_a_key_that_asks_for_something_else_is_refused(database: Database) -> None:
    """Unless nobody knows what it asked for before, as of runs that an earlier release began."""
    first = start(database, "a", "once", asked=b"1" * 32)
    assert start(database, "b", "once", asked=b"1" * 32) == first
    with pytest.raises(AlreadyExists, match="made run a: a new call needs a new key"):
        start(database, "b", "once", asked=b"2" * 32)
    assert start(database, "b", "", asked=b"2" * 32).id == "b"
    unknown = start(database, "c", "twice")
    assert start(database, "d", "twice", asked=b"2" * 32) == unknown


def test_of_two_calls_at_once_with_one_key_the_second_is_checked(database: Database) -> None:
    """Neither finds a run of the key, and one of them begins it meanwhile."""

    def overtaken() -> Plan:
        start(database, "a", "key", asked=b"1" * 32)
        return PLAN

    with pytest.raises(AlreadyExists, match="made run a"):
        runs.start(database, "b", "otto", "key", overtaken, 5, asked=b"2" * 32)


def test_a_change_finds_the_run_as_it_was_read(database: Database) -> None:
    """Or does nothing: somebody cancelled it."""
    read = start(database, "a1")
    assert runs.change(database, read, 7, state=runs.TRAINING, examples={"s": 3}, reasons=["none"])
    with database.snapshot() as tx:
        now = runs.run(tx, "a1")
    assert (now.state, now.examples, now.reasons, now.changed_at) == (runs.TRAINING, {"s": 3}, ("none",), 7)
    runs.cancel(database, "a1", 8)
    assert not runs.change(database, now, 9, state=runs.PASSED)
    with database.snapshot() as tx:
        assert (runs.run(tx, "a1").state, runs.run(tx, "a1").stopping) == (runs.CANCELLED, True)


def test_runs_come_newest_first(database: Database) -> None:
    """By state, and in pages."""
    for number in range(5):
        start(database, f"a{number}")
    runs.cancel(database, "a2", 6)
    with database.snapshot() as tx:
        assert [run.id for run in runs.page(tx, None, None, 3)] == ["a4", "a3", "a2"]
        assert [run.id for run in runs.page(tx, None, 3, 3)] == ["a1", "a0"]
        assert [run.id for run in runs.page(tx, runs.CANCELLED, None, 3)] == ["a2"]
        assert [run.id for run in runs.waiting(tx)] == ["a0", "a1", "a2", "a3", "a4"]


def test_what_is_not_there_is_said(database: Database) -> None:
    """With the way to find out what there is."""
    with database.snapshot() as tx:
        with pytest.raises(NotFound, match="there is no run yet"):
            runs.run(tx, "")
        with pytest.raises(NotFound, match="no run 'a1': `madseg finetune list`"):
            runs.run(tx, "a1")
