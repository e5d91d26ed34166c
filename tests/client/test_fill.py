"""Values that no message can hold: the caller's mistake, told before anything is sent."""

from collections.abc import Callable

import pytest

from madseg.client import Client, InvalidArgument, RunPlan, Version
from madseg.client.values.masks import Point

TOO_LARGE = 1 << 32


@pytest.mark.parametrize(
    ("ask", "field", "words"),
    [
        (lambda client: client.matrix(Version("ours", TOO_LARGE)), "version", "version must be 0..4294967295, got 42"),
        (lambda client: client.ranking_page("ours", "theirs", "target", "bus", page_size=-1), "page_size", "got -1"),
        (lambda client: next(client.watch("ours", "theirs", "target", "bus", top=TOO_LARGE)), "top", "0..4294967295"),
        (lambda client: client.places(["1"], per_ranking=-1), "per_ranking", "0..4294967295"),
        (lambda client: client.places(iter([7]), per_ranking=1), "image_ids", "each of image_ids must be text"),
        (lambda client: client.cut_candidates(seed=1 << 64), "seed", "seed must be 0..18446744073709551615"),
        (lambda client: client.cut_candidates(seed=10**5000), "seed", "thousands of digits"),
        (lambda client: client.take_assignments(count=-1), "count", "0..4294967295"),
        (lambda client: client.grade("1", 5, looked_ms=TOO_LARGE), "looked_ms", "0..4294967295"),
        (lambda client: client.serve_versions("ours", [-1]), "versions", "each of versions must be 0..4294967295"),
        (lambda client: client.model("\udcff"), "name", r"name must be text in UTF-8, got '\\udcff'"),
        (lambda client: client.upload(b"", name="\udcff"), "name", "UTF-8"),
        (lambda client: client.upload("x"), "content", "content must be bytes"),
        (lambda client: client.upload(b"", tags={"k": 1}), "tags", "tags"),
        (lambda client: client.start_run(RunPlan(seed=-1)), "seed", "seed must be 0..18446744073709551615, got -1"),
        (lambda client: client.add_finding("1", 1, Point(10**5000, 0), "other"), "place", "a column and a row"),
        (lambda client: client.compare_versions(round_number=0.5), "round", "round must be 0..4294967295, got 0.5"),
    ],
)
def test_what_can_not_be_sent_names_the_field(ask: Callable[[Client], object], field: str, words: str) -> None:
    """Nobody is asked, so nobody needs to be there."""
    with Client(*["127.0.0.1:1"] * 6) as client, pytest.raises(InvalidArgument, match=words) as caught:
        ask(client)
    assert caught.value.field == field


def test_a_parent_too() -> None:
    """Of a version that is released."""
    with Client(*["127.0.0.1:1"] * 6) as client, pytest.raises(InvalidArgument, match="parent must be"):
        client.release_version(__file__, "name: ours", parent=-1)


@pytest.mark.parametrize("number", ["²", "0", "-1", "4294967296", "1" * 5000, "٣", " 1", "1_0", "x"])
def test_a_version_has_a_number_that_a_message_holds(number: str) -> None:
    """Of 1..4294967295, in plain digits."""
    with pytest.raises(InvalidArgument, match=r"name or name/3, of 1\.\.4294967295, got 'ours/") as caught:
        Version.of(f"ours/{number}")
    assert len(str(caught.value)) < 200


def test_the_largest_version() -> None:
    """Leading noughts or not."""
    assert Version.of("ours/4294967295") == Version("ours", (1 << 32) - 1)
    assert Version.of("ours/03") == Version("ours", 3)


def test_what_is_wrong_is_shown_shortened() -> None:
    """It may be large."""
    with Client(*["127.0.0.1:1"] * 6) as client, pytest.raises(InvalidArgument) as caught:
        client.upload("x" * 100_000)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 200
