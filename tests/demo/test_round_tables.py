"""What the demo prints of its rounds, from values made by hand."""

import io

import pytest
from rich.console import Console
from rich.table import Table

from madseg.client import Version
from madseg.client.values.finetune import Figure
from madseg.client.values.rounds import Result, Standing, Standings, TieGroup
from madseg.client.values.rounds import TestKind as Kind
from madseg.client.values.rounds import TestSet as Set
from madseg.demo.changes import change, paired_change, report_change
from madseg.demo.round_tables import changes, hours, modes_before_after, reading, table_one
from madseg.demo.versions import Answers

OLD, NEW, RIVAL = Version("unet", 1), Version("unet", 2), Version("overview", 1)
LANE = Set(Kind.RANDOM_LANE, 0, 40, None, 1)
T = Set(Kind.ROUND, 1, 30, OLD, 0)
T0 = Set(Kind.T0_REPORT, 0, 150, None, 0)


def figure(value: float) -> Figure:
    return Figure(value, value - 0.05, value + 0.05, 30)


def standings(*, clean: bool = True) -> Standings:
    """Two versions and a competitor on T(1); the target's alone on T0-report."""
    found = (
        Standing(0, OLD, figure(0.2), True),
        Standing(0, NEW, figure(0.4), clean),
        Standing(0, RIVAL, figure(0.45), True),
        Standing(1, OLD, figure(0.81), True),
        Standing(1, NEW, figure(0.82), True),
    )
    return Standings((T, T0), found, (TieGroup(0, (RIVAL, NEW)), TieGroup(0, (OLD,))), (), ())


def printed(table: Table, width: int = 80) -> str:
    screen = Console(file=io.StringIO(), width=width)
    screen.print(table)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_table_one_has_figures_with_intervals_and_letters() -> None:
    """Those who can't be told apart share a letter; who wasn't measured has a dash."""
    lines = printed(table_one(standings())).splitlines()
    rows = {name: next(line for line in lines if name in line) for name in ("unet/2", "overview/1")}
    assert "0.400 a" in rows["unet/2"]
    assert "0.450 a" in rows["overview/1"]
    assert "–" in rows["overview/1"]
    assert any("0.200 b" in line for line in lines)
    assert any("[0.35, 0.45]" in line for line in lines)


@pytest.mark.parametrize("width", [80, 120])
def test_table_one_fits_a_terminal_with_the_sets_of_two_rounds(width: int) -> None:
    """No figure and no interval is broken."""
    sets = (*(Set(Kind.ROUND, number, 30, NEW, 0) for number in (1, 2, 3)), LANE, T0)
    found = tuple(Standing(place, version, figure(0.5), True) for place in range(5) for version in (OLD, RIVAL))
    text = printed(table_one(Standings(sets, found, (), (), ())), width)
    assert text.count("[0.45, 0.55]") == 10
    assert text.count("overview/1") == 1
    assert max(map(len, text.splitlines())) <= width


def test_who_learned_from_a_set_is_marked() -> None:
    """And the mark is explained only then."""
    assert "0.400 a*" in printed(table_one(standings(clean=False)))
    assert any(line.startswith("*") for line in reading(standings(clean=False)))
    assert not any(line.startswith("*") for line in reading(standings()))
    assert "adversarial" in reading(standings())[0]


def test_the_random_lane_is_compared_image_by_image() -> None:
    """On the images that both have."""
    results = [Result(f"{n}", OLD, 0.5) for n in range(20)] + [Result(f"{n}", NEW, 0.7) for n in range(19)]
    found = paired_change("random lane", results, OLD, NEW)
    assert found is not None
    assert (found.what, found.better, found.worse) == ("random lane", 19, 0)
    assert found.comparison is not None
    assert found.comparison.gain.value == pytest.approx(0.2)
    assert paired_change("random lane", results, OLD, RIVAL) is None


def test_t0_report_is_compared_as_a_whole() -> None:
    """Its figures come from the runs; one of who wasn't measured is no figure."""
    found = report_change(standings(), OLD, NEW)
    assert found is not None
    assert (found.old, found.new, found.comparison) == (0.81, 0.82, None)
    assert report_change(standings(), OLD, RIVAL) is None


def test_changes_are_shown_with_their_interval() -> None:
    """A gain without an interval stands alone."""
    report = report_change(standings(), OLD, NEW)
    assert report is not None
    text = printed(changes(OLD, NEW, [change("the lane", [0.5, 0.6, 0.4], [0.7, 0.8, 0.6]), report]))
    assert "+0.200 [0.200, 0.200]" in text
    assert "+0.010" in text


def test_modes_are_shown_before_and_after() -> None:
    """A line each, and one for all of them."""
    old, new = Answers({}, {"a": 0.2, "b": 0.8}), Answers({}, {"a": 0.6, "b": 0.8})
    rows = {" ".join(row[:-6]): row[-6:] for line in printed(modes_before_after(old, new, {"a": "night", "b": "snow"}))
            .splitlines() if (row := line.split()) and len(row) > 6}  # fmt: skip
    assert rows["night"] == ["1", "0.200", "0.600", "+0.400", "100.0%", "0.0%"]
    assert rows["the whole stream"] == ["2", "0.500", "0.700", "+0.200", "50.0%", "0.0%"]


def test_hours_are_told_by_what_they_went_into() -> None:
    """7 s a grade, 135 s a mask."""
    assert hours(1800, 80, 40, 7, 135).startswith("People would have spent 8.0 h: 3.5 h on 1,800 grades at 7 s, 3.0 h")
