"""What fine-tuning shows to Prometheus is what its table holds."""

from madseg.core.messages import VersionRef
from madseg.finetune import runs
from madseg.finetune.bounds import DROP
from madseg.finetune.figures import RUNS_BY_STATE, T0_DROP, T0_DROP_ALLOWED, figures
from madseg.finetune.runs import Plan, Run
from madseg.observing.readings import Figure
from madseg.ports import Database


def begun(database: Database, run_id: str) -> Run:
    """A run that has just been begun."""
    return runs.start(database, run_id, "otto", "", lambda: Plan(VersionRef("ours", 3)), 5)


def judged(database: Database, run_id: str, drop: float, state: str) -> None:
    """A run whose gate found a drop."""
    checks = [{"name": "agreement", "found": 1.0, "allowed": 0.999, "passed": True, "sentence": ""}]
    checks.append({"name": DROP, "found": drop, "allowed": 0.01, "passed": drop <= 0.01, "sentence": ""})
    assert runs.change(database, begun(database, run_id), 6, state=state, result={"checks": checks})


def shown(database: Database, figure: Figure) -> dict[str, float]:
    """Values of a figure by their labels."""
    return {",".join(reading.labels): reading.value for reading in figures(database) if reading.figure == figure}


def test_runs_are_counted_by_their_state(database: Database) -> None:
    """All states, also those that no run is in."""
    begun(database, "a1")
    begun(database, "a2")
    judged(database, "a3", 0.0, runs.RELEASED)
    expected = {**dict.fromkeys(runs.STATES, 0), runs.PREPARING: 2, runs.RELEASED: 1}
    assert shown(database, RUNS_BY_STATE) == expected


def test_the_drop_is_that_of_the_gate_that_judged_last(database: Database) -> None:
    """None before the first; a run that goes on hides nothing."""
    begun(database, "a1")
    assert shown(database, T0_DROP) == shown(database, T0_DROP_ALLOWED) == {}
    judged(database, "a2", 0.03, runs.REFUSED)
    judged(database, "a3", -0.02, runs.RELEASED)
    begun(database, "a4")
    assert (shown(database, T0_DROP), shown(database, T0_DROP_ALLOWED)) == ({"": -0.02}, {"": 0.01})
