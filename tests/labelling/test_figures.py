"""What labelling shows to Prometheus is what its tables hold."""

from typing import Any

from madseg.labelling.figures import ACTIVE_SECONDS, FIGURES, KNOWN_SECONDS, figures
from madseg.labelling.masking import tasks
from madseg.labelling.scoring.judgements import Said
from madseg.ports import Database
from tests.labelling.fakes import neighbours
from tests.labelling.scoring.desk import SECOND, Desk


def shown(database: Database, now: int) -> dict[tuple[Any, ...], float]:
    """Values by name, without what begins all of them, and labels."""
    read = list(figures(database, lambda: now))
    assert {reading.figure for reading in read} == set(FIGURES)
    return {(reading.figure.name.removeprefix("madseg_labelling_"), *reading.labels): reading.value for reading in read}


def test_nothing_is_zero(database: Database) -> None:
    """Every series is there before anything is."""
    assert set(shown(database, 0).values()) == {0}


def test_a_campaign_is_counted_as_it_goes_on(database: Database) -> None:
    """Grades missing, leases, judgements in force by kind."""
    desk = Desk(database, neighbours(6))
    desk.open(raters=2)
    held = desk.take("ada", 3)
    desk.grade("ada", held[0], 4)
    desk.veto("ada", held[1])
    desk.take("bob", 1)
    desk.undo("ada")
    found = shown(database, desk.now)
    assert found["campaigns", "open"] == 1
    assert (found["grades_missing",], found["leases",]) == (11, 3)
    assert (found["judgements", "grade"], found["judgements", "veto"]) == (1, 0)
    held = desk.take("ada", 3)
    desk.say("ada", held[0], Said())
    assert shown(database, desk.now)["judgements", "abstention"] == 1


def test_raters_are_active_then_idle_then_forgotten(database: Database) -> None:
    """By when they judged last, as long as their campaign is open."""
    desk = Desk(database, neighbours(6))
    desk.open(raters=2)
    for rater in ("ada", "bob"):
        desk.grade(rater, desk.take(rater)[0])

    def raters(after: int) -> tuple[float, float]:
        found = shown(database, desk.now + after * SECOND)
        return found["raters", "active"], found["raters", "idle"]

    assert [raters(after) for after in (0, ACTIVE_SECONDS - 1, ACTIVE_SECONDS, KNOWN_SECONDS + 1)] == [
        (2, 0), (1, 1), (0, 2), (0, 0),
    ]  # fmt: skip
    assert shown(database, desk.now + 3600 * 24 * SECOND)["leases",] == 0


def test_masks_are_counted_by_their_state(database: Database) -> None:
    """All states, also those that no task is in."""
    found = shown(database, 0)
    assert {labels[1] for labels in found if labels[0] == "mask_tasks"} == set(tasks.STATES)
