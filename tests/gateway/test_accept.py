"""Uploads: one image for the same bytes, nothing acknowledged is lost, whatever breaks in between."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from madseg.core.errors import InvalidImage, InvalidInput, NotFound, Unavailable
from madseg.core.preprocess import Size, in_random_lane, picture_keys
from madseg.core.times import moment
from madseg.gateway import store
from madseg.gateway.accept import Forgotten, Policy
from madseg.gateway.forget import Forgetting, Receipt
from madseg.gateway.upload import ImageUpload
from madseg.wire import decode_image
from tests.databases import KINDS
from tests.gateway.conftest import GRID, START, Parts
from tests.gateway.failing import Killed, Tapped
from tests.gateway.pictures import encoded, gradient, noise, turned


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The gateway's statements run on every kind of database."""
    return str(request.param)


def test_an_upload_is_stored_and_published(parts: Parts) -> None:
    """Files, record and row say the same."""
    content = encoded(gradient(20, 40), "JPEG", exif=turned(6))
    taken_at = datetime(2024, 5, 1, 12, tzinfo=UTC)
    done = parts.intake().upload(ImageUpload(content, "a/b.jpg", "camera 3", taken_at, {"site": "north"}))
    image = hashlib.sha256(content).hexdigest()[:32]
    assert (image, False) == (done.image_id, done.duplicate)
    (record,) = parts.records("t.images")
    assert record.value is not None
    event = decode_image(record.value)
    assert image == record.key == event.image.image_id
    assert ("camera 3", taken_at, {"site": "north"}) == (event.image.source, event.image.captured_at, event.image.tags)
    assert (Size(40, 20), "12x16/centre") == (event.original_size, event.grid_id)
    assert hashlib.sha256(content).digest() == event.sha256
    assert content == parts.blobs.get(event.original_uri)
    assert [f"images/{image[:2]}/{image}/canonical.png", f"images/{image[:2]}/{image}/original"] == parts.files()
    stored = parts.intake().find(image)
    assert (event, "a/b.jpg", "image/jpeg") == (stored.accepted, stored.name, stored.media_type)
    assert moment(START) == stored.accepted.accepted_at


def test_the_same_bytes_are_one_image(parts: Parts) -> None:
    """The second upload changes and publishes nothing."""
    intake = parts.intake()
    first, second = (intake.upload(ImageUpload(noise(1), source=source)) for source in ("a", "b"))
    assert (first.image_id, False, True) == (second.image_id, first.duplicate, second.duplicate)
    assert len(parts.records("t.images")) == 1
    assert intake.find(first.image_id).accepted.image.source == "a"
    assert (intake.status().stored.accepted, intake.status().duplicates) == (1, 1)


def test_parallel_uploads_of_the_same_bytes(parts: Parts) -> None:
    """One is new, the others are duplicates, nobody fails."""
    intake = parts.intake()
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: intake.upload(ImageUpload(noise(2))), range(16)))
    assert len({item.image_id for item in done}) == 1
    assert sum(not item.duplicate for item in done) == 1
    assert [done[0].image_id] == [image for _, image in intake.page(0, 10)]


def test_parallel_uploads_of_many(parts: Parts) -> None:
    """Each is there once, in the list and on the stream."""
    intake = parts.intake()
    with ThreadPoolExecutor(8) as pool:
        ids = {item.image_id for item in pool.map(lambda n: intake.upload(ImageUpload(noise(n))), range(40))}
    assert ids == {image for _, image in intake.page(0, 100)} == {record.key for record in parts.records("t.images")}


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_loses_nothing(parts: Parts, moment: str) -> None:
    """Cut off around the publishing, the same upload does all of it again and is no duplicate."""

    def kill() -> None:
        raise Killed

    stream = Tapped(parts.stream, **{moment: kill})
    with pytest.raises(Killed):
        parts.intake(stream=stream).upload(ImageUpload(noise(3)))
    assert parts.intake().page(0, 10) == []
    done = parts.intake().upload(ImageUpload(noise(3)))
    assert not done.duplicate
    assert {done.image_id} == {record.key for record in parts.records("t.images")}
    assert parts.intake().picture(done.image_id, original=True)[0] == noise(3)


def test_a_missing_stream_is_unavailable(parts: Parts) -> None:
    """The sender hears that it may try again, and nothing counts as refused."""

    def gone() -> None:
        raise Unavailable("the broker is gone")

    intake = parts.intake(stream=Tapped(parts.stream, before=gone))
    with pytest.raises(Unavailable):
        intake.upload(ImageUpload(noise(4)))
    assert (intake.status().stored.accepted, intake.status().refused) == (0, 0)


def test_a_forgotten_image_is_refused(parts: Parts) -> None:
    """Before anything is decoded or stored."""
    intake = parts.intake()
    image = hashlib.sha256(noise(5)).hexdigest()[:32]
    with parts.database.write() as tx:
        store.ban(tx, image, "privacy", 0)
    with pytest.raises(Forgotten, match=f"{image} was forgotten"):
        intake.upload(ImageUpload(noise(5)))
    assert (parts.files(), parts.records("t.images")) == ([], [])


def test_a_ban_overtakes_an_upload(parts: Parts) -> None:
    """Forgotten between the check and the row, the upload takes itself back."""
    image = hashlib.sha256(noise(6)).hexdigest()[:32]

    def forget() -> None:
        with parts.database.write() as tx:
            store.ban(tx, image, "privacy", 0)

    acts: list[Callable[[], None]] = [forget, lambda: None]
    intake = parts.intake(stream=Tapped(parts.stream, after=lambda: acts.pop(0)()))
    with pytest.raises(Forgotten):
        intake.upload(ImageUpload(noise(6)))
    assert [record.value is not None for record in parts.records("t.images")] == [True, False]
    assert (parts.files(), intake.page(0, 10)) == ([], [])


@pytest.mark.parametrize("fails_at", [1, 2])
def test_a_ban_overtakes_an_upload_that_fails(parts: Parts, fails_at: int) -> None:
    """At its record or as it takes itself back: the ban is open again, so that what it left is removed."""
    image = hashlib.sha256(noise(6)).hexdigest()[:32]
    verb = Forgetting(parts.stream, parts.database, parts.blobs, lambda *_: Receipt(), parts.clock, "t")
    published = []

    def forget() -> None:
        published.append(image)
        if len(published) == 1:
            verb.forget(image, "x")
            for key in picture_keys(image):
                parts.blobs.put(key, b"stored just now")
        if len(published) == fails_at:
            raise Unavailable("away")

    intake = parts.intake(stream=Tapped(parts.stream, before=forget))
    with pytest.raises(Unavailable):
        intake.upload(ImageUpload(noise(6)))
    assert len(parts.files()) == 2
    assert (verb.finish(), parts.files()) == (1, [])


def test_refused_pictures_leave_nothing(parts: Parts) -> None:
    """A broken file is counted and forgotten."""
    intake = parts.intake()
    with pytest.raises(InvalidImage):
        intake.upload(ImageUpload(noise(7)[:-40]))
    assert (parts.files(), intake.status().refused) == ([], 1)


@pytest.mark.parametrize(
    ("upload", "message"),
    [
        (ImageUpload(b"", source="x" * 201), "source has at most 200"),
        (ImageUpload(b"", source=""), "source must not be empty"),
        (ImageUpload(b"", source="a\0b"), "control characters"),
        (ImageUpload(b"", tags={str(n): "" for n in range(33)}), "at most 32 tags"),
        (ImageUpload(b"", tags={"": "x"}), "tag's name"),
        (ImageUpload(b"", tags={"k": "v" * 201}), "tags has at most 200"),
        (ImageUpload(b"", captured_at=datetime(2024, 1, 1)), "time zone"),
        (ImageUpload(b"", captured_at=datetime.fromisoformat("0001-01-01T00:00:00+14:00")), "years 1 to 9999 in UTC"),
        (ImageUpload(b"", captured_at=datetime.fromisoformat("9999-12-31T23:59:59-01:00")), "years 1 to 9999 in UTC"),
    ],
)
def test_fields_have_bounds(parts: Parts, upload: ImageUpload, message: str) -> None:
    """The message names the field."""
    with pytest.raises(InvalidInput, match=message):
        parts.intake().upload(upload)


def test_the_random_lane_is_drawn_by_id(parts: Parts) -> None:
    """A hash of the id decides."""
    intake = parts.intake(Policy(GRID, random_lane=0.5))
    done = [intake.upload(ImageUpload(noise(n))) for n in range(20)]
    assert [in_random_lane(item.image_id, 0.5) for item in done] == [item.random_lane for item in done]
    assert sum(item.random_lane for item in done) == intake.status().stored.random_lane > 0
    assert intake.random_lane() == intake.status().stored.random_lane
    with parts.database.write() as tx:
        store.ban(tx, next(item.image_id for item in done if item.random_lane), "privacy", 0)
    assert intake.random_lane() == intake.status().stored.random_lane == sum(item.random_lane for item in done) - 1


def test_the_list_is_in_order_of_acceptance(parts: Parts) -> None:
    """Pages begin after a sequence number."""
    intake = parts.intake()
    ids = [intake.upload(ImageUpload(noise(n))).image_id for n in range(5)]
    first = intake.page(0, 3)
    assert ids == [image for _, image in [*first, *intake.page(first[-1][0], 3)]]


def test_requeued_images_are_published_again(parts: Parts) -> None:
    """Those that are not known are named; asking twice for one publishes it once."""
    intake = parts.intake()
    image = intake.upload(ImageUpload(noise(8))).image_id
    assert intake.requeue([image, "0" * 32, image]) == (1, ["0" * 32])
    first, second = parts.records("t.images")
    assert first.value == second.value
    with pytest.raises(InvalidInput, match="at most 1000"):
        intake.requeue([image] * 1001)


def test_times_before_1970_and_hashes_above_63_bits_come_back(parts: Parts) -> None:
    """What databases have no type for is kept all the same."""
    intake = parts.intake()
    taken_at = datetime(1931, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
    hashes = set()
    for n in range(6):
        image = intake.upload(ImageUpload(noise(n), captured_at=taken_at)).image_id
        facts = intake.find(image).accepted.image
        assert taken_at == facts.captured_at
        hashes.add(facts.perceptual_hash)
    published = {decode_image(record.value or b"").image.perceptual_hash for record in parts.records("t.images")}
    assert published == hashes
    assert any(value is not None and value >> 63 for value in hashes)


def test_unknown_images_are_not_found(parts: Parts) -> None:
    """And what is no id is no input."""
    with pytest.raises(NotFound):
        parts.intake().find("0" * 32)
    with pytest.raises(InvalidInput):
        parts.intake().find("../../etc")
