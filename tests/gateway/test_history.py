"""Images older than history goes are removed everywhere, whatever cuts that off, and may come again as new ones."""

from collections.abc import Callable, Sequence

import pytest

from madseg.core.errors import Unavailable
from madseg.core.messages import VersionRef
from madseg.core.times import moment
from madseg.gateway import store
from madseg.gateway.accept import Intake
from madseg.gateway.history import AT_ONCE, DAY_MICROS, History
from madseg.gateway.upload import ImageUpload, ImportedMaps
from madseg.ports import Blobs, Stream
from tests.databases import KINDS
from tests.gateway.conftest import POLICY, Parts
from tests.gateway.failing import Killed, Tapped
from tests.gateway.pictures import noise
from tests.gateway.test_import_predictions import A, imports, wire


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The gateway's statements run on every kind of database."""
    return str(request.param)


class Selector:
    """A selector that remembers what it was asked, and does something then."""

    def __init__(self, act: Callable[[], None] = lambda: None) -> None:
        self.asked: list[tuple[list[str], int]] = []
        self.act = act

    def __call__(self, images: Sequence[str], before: int) -> None:
        self.act()
        self.asked.append((list(images), before))


class Deadly(Blobs):
    """A file store whose process ends at the deletion after so many."""

    def __init__(self, inner: Blobs, lives: int) -> None:
        self._inner, self._lives = inner, lives

    def put(self, key: str, content: bytes, media_type: str = "") -> str:
        return self._inner.put(key, content, media_type)

    def uri(self, key: str) -> str:
        return self._inner.uri(key)

    def get(self, uri: str) -> bytes:
        return self._inner.get(uri)

    def delete(self, uri: str) -> None:
        if not self._lives:
            raise Killed
        self._lives -= 1
        self._inner.delete(uri)

    def close(self) -> None:
        self._inner.close()


class Gateway:
    """Uploads at known times, and what history makes of them."""

    def __init__(self, parts: Parts) -> None:
        self.parts, self.now = parts, 0
        self.intake = Intake(parts.stream, parts.database, parts.blobs, POLICY, lambda: self.now, "t")

    def upload(self, seed: int, day: float) -> str:
        """The id of a picture that is accepted on a day."""
        self.now = round(day * DAY_MICROS)
        return self.intake.upload(ImageUpload(noise(seed))).image_id

    def history(
        self, day: float, selector: Selector, *, blobs: Blobs | None = None, stream: Stream | None = None
    ) -> History:
        """History of ten days, on a day."""
        parts = self.parts
        clock = lambda: round(day * DAY_MICROS)  # noqa: E731
        return History(stream or parts.stream, parts.database, blobs or parts.blobs, selector, clock, "t", 10)

    def images(self) -> list[str]:
        """What is in."""
        return [image for _, image in self.intake.page(0, 1000)]

    def tombstones(self) -> list[str]:
        """Images that the stream was told are gone, as often as it was."""
        return [record.key for record in self.parts.records("t.images") if record.value is None]


@pytest.fixture
def gateway(parts: Parts) -> Gateway:
    """Nothing in yet."""
    return Gateway(parts)


def test_images_older_than_history_goes_are_gone(gateway: Gateway) -> None:
    """Files, rows and records; the selector is told which and since when; younger ones stay as they are."""
    old, young = (
        [gateway.upload(seed, day=seed) for seed in (1, 2)],
        [gateway.upload(seed, day=seed) for seed in (3, 4)],
    )
    selector = Selector()
    history = gateway.history(13, selector)
    assert history.expire() == 2
    assert history.expire() == 0
    assert selector.asked == [(old, 3 * DAY_MICROS)]
    assert young == gateway.images()
    assert sorted(old) == sorted(gateway.tombstones())
    assert {path.split("/")[2] for path in gateway.parts.files()} == set(young)
    assert gateway.history(12.9, selector).expire() == 0


def test_many_images_go_batch_by_batch(gateway: Gateway) -> None:
    """The oldest first."""
    images = [gateway.upload(seed, day=seed / 100) for seed in range(AT_ONCE + 5)]
    selector = Selector()
    history = gateway.history(20, selector)
    assert [history.expire(), history.expire(), history.expire()] == [AT_ONCE, 5, 0]
    assert [images[:AT_ONCE], images[AT_ONCE:]] == [asked for asked, _ in selector.asked]
    assert gateway.images() == []


@pytest.mark.parametrize("point", ["at the selector", "at a file", "at another file", "before the stream", "after it"])
def test_what_a_kill_cuts_off_is_done_by_the_next_life(gateway: Gateway, point: str) -> None:
    """At any point: an image is in or gone, and in the end all are gone that should be."""
    old, young = [gateway.upload(seed, day=1) for seed in range(4)], gateway.upload(9, day=9)

    def die() -> None:
        raise Killed

    selector = Selector(die if point == "at the selector" else lambda: None)
    lives = {"at a file": 0, "at another file": 5}.get(point)
    blobs = None if lives is None else Deadly(gateway.parts.blobs, lives)
    stream = {
        "before the stream": Tapped(gateway.parts.stream, before=die),
        "after it": Tapped(gateway.parts.stream, after=die),
    }.get(point)
    with pytest.raises(Killed):
        gateway.history(15, selector, blobs=blobs, stream=stream).expire()
    assert set(gateway.images()) == {*old, young}
    assert gateway.history(15, Selector()).expire() == 4
    assert gateway.images() == [young]
    assert set(gateway.tombstones()) == set(old)
    assert {path.split("/")[2] for path in gateway.parts.files()} == {young}


def test_without_the_selector_everything_stays(gateway: Gateway) -> None:
    """Nothing is to rank whose picture is gone."""
    image = gateway.upload(1, day=1)

    def away() -> None:
        raise Unavailable("the selector is away")

    with pytest.raises(Unavailable):
        gateway.history(15, Selector(away)).expire()
    assert gateway.images() == [image]
    assert gateway.parts.files() != []
    assert gateway.tombstones() == []


def test_the_same_picture_sent_again_is_a_new_image(gateway: Gateway) -> None:
    """Of the same id; until it is gone it is a duplicate."""
    image = gateway.upload(1, day=1)
    gateway.now = 11 * DAY_MICROS
    assert gateway.intake.upload(ImageUpload(noise(1))).duplicate
    gateway.history(12, Selector()).expire()
    again = gateway.intake.upload(ImageUpload(noise(1)))
    assert (again.image_id, again.duplicate) == (image, False)
    assert gateway.intake.find(image).accepted.accepted_at == moment(11 * DAY_MICROS)
    assert gateway.intake.picture(image, original=True)[0] == noise(1)
    assert gateway.history(20, Selector()).expire() == 0


def test_a_process_that_was_paused_does_not_take_a_new_image_for_the_old_one(gateway: Gateway) -> None:
    """Another one removed it meanwhile, and it came again: its files and its row stay, and no tombstone follows."""
    image = gateway.upload(1, day=1)

    def meanwhile() -> None:
        assert gateway.history(12, Selector()).expire() == 1
        assert gateway.upload(1, day=12) == image

    assert gateway.history(12, Selector(meanwhile)).expire() == 0
    assert gateway.images() == [image]
    assert gateway.intake.picture(image, original=False)[0]
    assert gateway.tombstones() == [image]
    assert [record.value is None for record in gateway.parts.records("t.images")] == [False, True, False]


def test_imported_maps_expire_too(gateway: Gateway) -> None:
    """By the time of the first import; with a picture, by the picture's."""
    parts = gateway.parts
    verb = imports(parts)
    alone, pictured = "ab" * 16, gateway.upload(1, day=30_000)
    for image in (alone, pictured):
        verb.take(ImportedMaps(image, ((A, wire()),)))
    today = parts.clock() / DAY_MICROS
    assert gateway.history(today + 9.9, Selector()).expire() == 0
    selector = Selector()
    history = gateway.history(today + 11, selector)
    assert history.expire() == 1
    assert [asked for asked, _ in selector.asked] == [[alone]]
    assert history.expire() == 0
    assert gateway.images() == [pictured]
    verb.take(ImportedMaps(alone, ((VersionRef("pspnet", 1), wire()),)))
    with parts.database.snapshot() as tx:
        assert store.older_images(tx, 1 << 60, 10) == [pictured, alone]


def test_requeueing_does_not_revive_what_expires_meanwhile(gateway: Gateway) -> None:
    """A tombstone follows its record."""
    image = gateway.upload(1, day=1)
    history = gateway.history(12, Selector())

    def meanwhile() -> None:
        history.expire()

    intake = gateway.parts.intake(stream=Tapped(gateway.parts.stream, before=meanwhile))
    assert intake.requeue([image]) == (0, [image])
    assert [record.value is None for record in gateway.parts.records("t.images")] == [False, True, False, True]
