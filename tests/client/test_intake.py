"""Uploads, pictures and forgetting over a real server."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import pytest

from madseg.client import (
    Accepted,
    Box,
    ImportedMap,
    ImportedMaps,
    IntakeStatus,
    InvalidArgument,
    NotFound,
    Receipt,
    Refused,
    Requeued,
    Size,
    Upload,
    Version,
)
from tests.client.canned import image_id, png
from tests.client.running import Running


def test_an_upload_carries_all_its_fields(services: Running) -> None:
    """What the caller says of a picture reaches the server."""
    taken = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    accepted = services.client.upload(b"x", name="a.jpg", source="door", captured_at=taken, tags={"k": "v"})
    assert accepted == Accepted("a.jpg", image_id(1))
    sent = services.intake.uploads[0]
    assert (sent.source, dict(sent.tags), sent.captured_at.ToDatetime(tzinfo=UTC)) == ("door", {"k": "v"}, taken)


def test_a_refused_upload_names_the_field(services: Running) -> None:
    """The server's sentence and field come through."""
    with pytest.raises(InvalidArgument, match="at least 1 byte") as caught:
        services.client.upload(b"")
    assert (caught.value.field, caught.value.service) == ("content", "intake")


def test_a_moment_without_time_zone_is_refused(services: Running) -> None:
    """A naive time could mean anything; nor is one taken that UTC doesn't have."""
    with pytest.raises(InvalidArgument, match="time zone"):
        services.client.upload(b"x", captured_at=datetime(2026, 1, 2))
    with pytest.raises(InvalidArgument, match="years 1 to 9999 in UTC"):
        services.client.upload(b"x", captured_at=datetime.fromisoformat("0001-01-01T00:00:00+14:00"))


def test_many_uploads_answer_in_order_with_refusals_between(services: Running) -> None:
    """A refusal takes its place and ends nothing."""
    uploads = [Upload(b"1", "one"), Upload(b"", "two"), Upload(b"1", "three")]
    assert list(services.client.upload_many(uploads)) == [
        Accepted("one", image_id(1)),
        Refused("two", "an image must have at least 1 byte, got 0"),
        Accepted("three", image_id(2), duplicate=True),
    ]


def test_a_picture_that_is_too_large_is_refused_and_ends_nothing(services: Running) -> None:
    """It isn't sent: gRPC would end the whole stream. One by itself is the caller's mistake."""
    large = bytes((64 << 20) + 1)
    uploads = [Upload(large, "one"), Upload(b"2", "two"), Upload(large, "three"), Upload(b"4", "four")]
    found = list(services.client.upload_many([*uploads, Upload(large, "five")]))
    told = "a picture must have at most 67108864 bytes, got 67108865"
    assert found == [
        Refused("one", told),
        Accepted("two", image_id(1)),
        Refused("three", told),
        Accepted("four", image_id(2)),
        Refused("five", told),
    ]
    with pytest.raises(InvalidArgument, match=told) as caught:
        services.client.upload(large)
    assert caught.value.field == "content"


def test_refusals_take_no_place_in_the_window(services: Running) -> None:
    """As many as there are, before the first answer: what no message can hold, of a picture or of maps."""
    uploads = [*(Upload(b"x", f"\udcff{number}") for number in range(5)), Upload(b"x", "good")]
    found = list(services.client.upload_many(uploads, window=1))
    assert [type(item) for item in found] == [Refused] * 5 + [Accepted]
    maps = [ImportedMaps(image_id(1), [ImportedMap(Version("ours", -1), b"m")], "bad")]
    refused = list(services.client.import_predictions(maps))
    assert refused == [Refused("bad", "version must be 0..4294967295, got -1")]


def test_maps_that_are_too_large_together_are_refused(services: Running) -> None:
    """By the size of the whole message."""
    maps = [ImportedMap(Version("ours", number), bytes(40 << 20)) for number in (1, 2)]
    found = list(services.client.import_predictions([ImportedMaps(image_id(1), maps, "two")]))
    assert len(found) == 1
    assert isinstance(found[0], Refused)
    assert "it is too large to be sent" in found[0].reason


def test_a_single_call_that_is_too_large_says_so(services: Running) -> None:
    """It can't succeed by being made again."""
    with pytest.raises(InvalidArgument, match="too large"):
        services.client.upload(b"x", tags={"k": "v" * (73 << 20)})


@pytest.mark.parametrize("window", [0, -1])
def test_a_window_has_room_for_one(services: Running, window: int) -> None:
    """Without any, nothing would ever be sent. It is told at once."""
    client = services.client
    for ask in (client.upload_many, client.import_predictions, client.import_masks):
        with pytest.raises(InvalidArgument, match=f"window must be at least 1, got {window}") as caught:
            ask([], window=window)
        assert caught.value.field == "window"


def test_uploads_are_drawn_only_a_window_ahead(services: Running) -> None:
    """Of an endless source, at most the window and what was answered is drawn."""
    drawn = 0

    def endless() -> Iterator[Upload]:
        nonlocal drawn
        while True:
            drawn += 1
            yield Upload(str(drawn).encode())

    results = services.client.upload_many(endless(), window=4)
    assert len(list(islice(results, 10))) == 10
    results.close()  # type: ignore[attr-defined]
    assert drawn <= 10 + 4 + 1


def test_leaving_the_loop_ends_the_threads(services: Running) -> None:
    """No thread of a call that was left waits for answers that nobody will take."""
    results = services.client.upload_many((Upload(bytes([number])) for number in range(200)), window=2)
    next(results)
    before = threading.active_count()
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() <= before


def test_an_error_of_the_source_comes_after_the_results_before_it(services: Running) -> None:
    """What was sent is answered first; then the caller's own error is raised."""

    def broken() -> Iterator[Upload]:
        yield Upload(b"1", "one")
        raise OSError("the disk is gone")

    results = services.client.upload_many(broken())
    assert next(results) == Accepted("one", image_id(1))
    with pytest.raises(OSError, match="the disk is gone"):
        next(results)


def test_a_picture_of_several_megabytes_fits(services: Running) -> None:
    """gRPC's own bound of 4 MiB doesn't hold."""
    assert services.client.upload(bytes(20 << 20)).image_id == image_id(1)


def test_imported_maps_answer_in_order(services: Running) -> None:
    """Label maps go out as they are; an image without any is refused."""
    maps = ImportedMaps(image_id(1), [ImportedMap(Version("others", 1), b"\x01\x01\x01\x00\x01")], "one")
    results = list(services.client.import_predictions([maps, ImportedMaps(image_id(2), [], "two")]))
    assert results == [Accepted("one", image_id(1)), Refused("two", "it has no label map")]
    assert services.intake.imported[0].maps[0].label_map == b"\x01\x01\x01\x00\x01"


def test_an_image_is_plain_python(services: Running) -> None:
    """Sizes, boxes and moments come back as values."""
    image = services.client.image(image_id(1))
    assert (image.original_size, image.crop) == (Size(480, 640), Box(80, 0, 480, 480))
    assert (image.captured_at, image.accepted_at) == (datetime(2026, 3, 14, 12, tzinfo=UTC), None)
    assert image.tags == {"town": "Delft"}


def test_an_unknown_image_is_not_found(services: Running) -> None:
    """NotFound carries the server's sentence."""
    with pytest.raises(NotFound, match=f"no image {image_id(77)}"):
        services.client.image(image_id(77))


def test_both_pictures_can_be_had(services: Running) -> None:
    """The canonical picture is the default."""
    assert services.client.picture(image_id(1)).content == png((60, 120, 180))
    assert services.client.picture(image_id(1), "original").content == png((200, 30, 60))
    with pytest.raises(InvalidArgument, match="canonical or original"):
        services.client.picture(image_id(1), "small")


def test_ids_are_listed_over_pages(services: Running) -> None:
    """All pages are walked, in order."""
    assert list(services.client.images(page_size=2)) == [image_id(number) for number in range(1, 6)]


def test_requeueing_tells_unknown_ids(services: Running) -> None:
    """Ids that were never accepted come back."""
    assert services.client.requeue([image_id(1), image_id(9)]) == Requeued(1, (image_id(9),))


def test_forgetting_answers_with_a_receipt(services: Running) -> None:
    """The receipt says what is gone, what goes later and what stays."""
    receipt = services.client.forget(image_id(1), "asked by the owner")
    assert receipt == Receipt(
        image_id(1),
        ("the original and the canonical picture",),
        ("its record in madseg.predictions, within 7 days",),
        ("the weights of ours/2, which were trained on it",),
    )
    assert services.intake.forgotten == [(image_id(1), "asked by the owner")]


def test_the_status_counts(services: Running) -> None:
    """Counts come back as whole numbers."""
    assert services.client.intake_status() == IntakeStatus(12345, 246, 1, 7, 3)
