"""A report over the client, from real servers with canned data."""

from datetime import UTC, datetime
from pathlib import Path

from madseg.cli.report import collect
from tests.cli.terminal import Terminal
from tests.client.canned import image_id, png
from tests.client.running import Running


def test_an_image_in_both_rankings_is_shown_once(services: Running) -> None:
    """With a place for each side that sees the class."""
    data = collect(services.client, top=2)
    first = data.findings[0]
    assert (first.class_name, first.competitor, first.image_id) == ("bus", "others/1", image_id(1))
    assert [(place.defender, place.rank) for place in first.places] == [("target", 1), ("competitor", 1)]
    assert len(data.findings) == 8
    assert (first.near_duplicates, first.picture) == (1, png((60, 120, 180)))


def test_maps_are_those_of_the_contest(services: Running) -> None:
    """The target's and that competitor's."""
    maps = {str(item.version): item.label_map for item in services.client.label_maps(image_id(1))}
    shown = next(item for item in collect(services.client).findings if item.competitor == "theirs/1")
    assert (shown.target_map, shown.competitor_map) == (maps["ours/2"], maps["theirs/1"])


def test_the_summary_tells_what_the_services_count(services: Running) -> None:
    """Images, contests, M, the random lane, failures."""
    figures = {item.label: (item.value, item.note) for item in collect(services.client).figures}
    assert figures["images taken in"] == ("12,345", "7 were sent again")
    assert figures["contests"] == ("2", "1 still filling")
    assert figures["candidates in M"] == ("4", "at most 25 a ranking")
    assert figures["failed predictions"] == ("2", "")


def test_costs_follow_from_what_was_compared(services: Running) -> None:
    """Two images of the class among all that were compared."""
    cost = collect(services.client, top=2).costs[0]
    assert (cost.class_name, cost.found, cost.images, cost.one_in) == ("bus", 2, 12345, 6172.5)


def test_images_without_picture_are_shown_all_the_same(services: Running) -> None:
    """Imported ones have none."""
    services.intake.known = 0
    assert collect(services.client, top=1).findings[0].picture is None


def test_the_legend_is_the_taxonomy(services: Running) -> None:
    """Names and colours in label order."""
    legend = collect(services.client, made_at=datetime(2026, 3, 14, tzinfo=UTC)).legend
    assert [(item.name, item.colour, item.ranked) for item in legend[:2]] == [
        ("background", (0, 0, 0), False),
        ("bus", (0, 128, 128), True),
    ]


def test_the_command_writes_the_file(madseg: Terminal, tmp_path: Path) -> None:
    """And tells how many images and bytes."""
    found = madseg("report", "-o", tmp_path / "report.html", "--top", 2, "--json").json
    assert found["findings"] == 8
    assert (tmp_path / "report.html").stat().st_size == found["bytes"]
