"""Figures that are read at a scrape."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from madseg.observing.exposing import Exposed
from madseg.observing.readings import Figure, Reading, Readings
from madseg.runtime import Part
from tests.observing.scraping import Scraped, scrape

DOORS = Figure("test_doors", "Doors by their state", ("state",))
WINDOWS = Figure("test_windows", "Windows")


@contextmanager
def scraped(*readings: Readings) -> Iterator[Scraped]:
    """One look while these run."""
    page = Exposed("127.0.0.1:0")
    parts: list[Part] = [page, *readings]
    for part in parts:
        part.start()
    try:
        yield scrape(page.url)
    finally:
        for part in reversed(parts):
            part.stop()


def test_each_label_has_its_value() -> None:
    """Readings of one figure make one family, also where two services give them."""
    first = Readings("first", lambda: [DOORS.at(2, "open"), DOORS.at(3, "shut")])
    second = Readings("second", lambda: [DOORS.at(1, "locked"), WINDOWS.at(0.5)])
    with scraped(first, second) as found:
        assert {state: found.at("test_doors", state=state) for state in ("open", "shut", "locked")} == {
            "open": 2, "shut": 3, "locked": 1,
        }  # fmt: skip
        assert found.at("test_windows") == 0.5


def test_one_that_fails_leaves_the_others() -> None:
    """Its own figures are left out of the scrape."""

    def broken() -> Iterator[Reading]:
        yield WINDOWS.at(1)
        raise RuntimeError("the tables are gone")

    with scraped(Readings("broken", broken), Readings("whole", lambda: [DOORS.at(1, "open")])) as found:
        assert (found.at("test_windows"), found.at("test_doors")) == (0, 1)


def test_one_that_does_not_answer_holds_up_nobody() -> None:
    """A scrape goes on without it, and asks it once at a time."""
    going, asked = threading.Event(), []

    def slow() -> list[Reading]:
        asked.append(True)
        going.wait()
        return [WINDOWS.at(1)]

    readings = Readings("slow", slow, wait=0.01)
    assert (readings.ask(), readings.ask(), len(asked)) == ([], [], 1)
    going.set()
    readings.stop()
    assert [reading.value for reading in Readings("quick", slow).ask()] == [1]


def test_none_is_asked_that_has_stopped() -> None:
    """A service that ended shows nothing."""
    readings = Readings("gone", lambda: [WINDOWS.at(1)])
    readings.start()
    readings.stop()
    with scraped() as found:
        assert found.at("test_windows") == 0
