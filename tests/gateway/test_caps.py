"""So many images of a source within a window of time: never more, however many gateways take them in."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import httpx
import pytest

from madseg.core.errors import InvalidImage, InvalidInput, TooMany, Unavailable
from madseg.core.preprocess import image_id
from madseg.gateway import store
from madseg.gateway.accept import Forgotten, Intake, Policy
from madseg.gateway.caps import KEPT_MICROS, Cap, Caps, parse_caps
from madseg.gateway.http_api import create_app
from madseg.gateway.http_server import HttpServer
from madseg.gateway.upload import ImageUpload
from tests.databases import KINDS
from tests.gateway.conftest import GRID, START, Parts
from tests.gateway.failing import Killed, Tapped
from tests.gateway.pictures import noise

HOUR = 3600 * 1_000_000


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Every kind of database: the statements that count are its own."""
    return str(request.param)


class Gateway:
    """An intake with caps and a clock that stands until it is set."""

    def __init__(self, parts: Parts, caps: str, stream: Tapped | None = None) -> None:
        self.now = START - START % HOUR
        policy = Policy(GRID, caps=parse_caps(caps))
        self.intake = Intake(stream or parts.stream, parts.database, parts.blobs, policy, lambda: self.now, "t")

    def take(self, number: int, source: str = "roof") -> bool:
        """Whether a picture was taken in as a new one."""
        return not self.intake.upload(ImageUpload(noise(number), source=source)).duplicate


def test_a_source_has_its_number_of_images_in_a_window(parts: Parts) -> None:
    """What is too much is refused before a byte is stored, and the refusal says when there is room; then there is."""
    gateway = Gateway(parts, "roof=2/h")
    gateway.now += 900 * 1_000_000
    assert [gateway.take(number) for number in range(2)] == [True, True]
    with pytest.raises(
        TooMany, match=r"source roof has had its 2 images in 1 h: there is room again at 2023-11-14T23"
    ) as no:
        gateway.take(2)
    assert no.value.retry_after == 2700
    assert len(parts.files()) == 4
    assert len(parts.records("t.images")) == 2
    assert gateway.intake.status().refused == 0
    gateway.now += 2700 * 1_000_000
    assert gateway.take(2)


def test_a_picture_that_is_in_takes_no_place(parts: Parts) -> None:
    """Nor is it refused where there is none."""
    gateway = Gateway(parts, "roof=1/h")
    assert [gateway.take(1), gateway.take(1)] == [True, False]
    with pytest.raises(TooMany):
        gateway.take(2)
    assert not gateway.take(1)


def test_sources_do_not_take_from_each_other(parts: Parts) -> None:
    """One with a cap of its own isn't bounded by that of each other one; what has none is free."""
    gateway = Gateway(parts, "roof=3/h,*=1/h")
    assert [gateway.take(number) for number in range(3)] == [True] * 3
    assert [gateway.take(number, f"camera {number}") for number in range(3, 6)] == [True] * 3
    for source in ("roof", "camera 3"):
        with pytest.raises(TooMany, match=f"source {source} "):
            gateway.take(9, source)
    free = Gateway(parts, "roof=3/h")
    assert all(free.take(number, "door") for number in range(20, 25))


def test_all_sources_together_have_a_number(parts: Parts) -> None:
    """Since senders choose the name; and the smallest of several caps counts."""
    gateway = Gateway(parts, "**=3/d,*=2/m")
    assert [gateway.take(number, f"made up {number}") for number in range(3)] == [True] * 3
    with pytest.raises(TooMany, match="all sources together have had their 3 images in 1 d") as no:
        gateway.take(3, "another")
    assert no.value.retry_after > 60
    with parts.database.snapshot() as tx:  # a refusal by one cap takes no place of another
        assert store.taken(tx, store.Window("another", 60, gateway.now)) == 0


def test_no_image_of_a_source_may_be_taken_in(parts: Parts) -> None:
    """Where its number is 0."""
    gateway = Gateway(parts, "roof=0/d")
    with pytest.raises(TooMany):
        gateway.take(1)
    with pytest.raises(TooMany), gateway.intake.caps.place("roof", "0" * 32):
        pass


def test_gateways_that_take_in_at_once_never_take_too_many(parts: Parts) -> None:
    """Exactly the number is in, whoever took it."""
    gateways = [Gateway(parts, "roof=7/h") for _ in range(4)]

    def send(number: int) -> bool:
        try:
            return gateways[number % 4].take(number)
        except TooMany:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(send, range(32))) == 7
    assert len(gateways[0].intake.page(0, 100)) == 7


def test_the_same_picture_from_many_takes_one_place(parts: Parts) -> None:
    """However they race."""
    gateways = [Gateway(parts, "roof=20/h") for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda number: gateways[number % 4].take(1), range(12))) == 1
    assert all(gateways[0].take(number) for number in range(2, 21))
    with pytest.raises(TooMany):
        gateways[0].take(21)


def test_what_does_not_come_in_gives_its_place_back(parts: Parts) -> None:
    """A broken picture, a stream that is away, a ban that overtakes it, a gateway that is interrupted."""
    acts: list[BaseException | None] = [Unavailable("the broker is gone"), Killed(), None]
    banned = noise(7)

    def before() -> None:
        act = acts.pop(0) if acts else None
        if act is not None:
            raise act

    gateway = Gateway(parts, "roof=1/h", Tapped(parts.stream, before))
    with pytest.raises(InvalidImage):
        gateway.intake.upload(ImageUpload(noise(1)[:-40], source="roof"))
    for error in (Unavailable, Killed):
        with pytest.raises(error):
            gateway.take(1)

    def forget() -> None:
        with parts.database.write() as tx:
            store.ban(tx, image_id(sha256(banned).digest()), "privacy", 0)

    overtaken = Gateway(parts, "roof=1/h", Tapped(parts.stream, after=forget))
    with pytest.raises(Forgotten):
        overtaken.intake.upload(ImageUpload(banned, source="roof"))
    assert gateway.take(1)
    with pytest.raises(TooMany):
        gateway.take(2)


def test_a_failure_after_the_image_is_in_gives_nothing_back(parts: Parts) -> None:
    """The commit came through and its answer didn't: the place is taken, as the image is there."""
    gateway = Gateway(parts, "roof=1/h")
    image = gateway.intake.upload(ImageUpload(noise(1), source="door")).image_id

    def lose_the_answer() -> None:
        with gateway.intake.caps.place("roof", image):
            raise Unavailable("the connection is gone")

    with pytest.raises(Unavailable):
        lose_the_answer()
    with pytest.raises(TooMany):
        gateway.take(2)


def test_windows_that_ended_are_forgotten(parts: Parts) -> None:
    """An hour later; those that go on stay."""
    gateway = Gateway(parts, "roof=5/m,roof=9/d")
    minute = store.Window("roof", 60, gateway.now)
    day = store.Window("roof", 86400, gateway.now - gateway.now % (24 * HOUR))
    gateway.take(1)
    gateway.now += 60_000_000 + KEPT_MICROS
    for expected in (1, 0):
        gateway.intake.caps.tidy()
        with parts.database.snapshot() as tx:
            assert (store.taken(tx, minute), store.taken(tx, day)) == (expected, 1)
        gateway.now += 1


@pytest.fixture
def url(parts: Parts) -> Iterator[str]:
    """Of a gateway that takes one image an hour of each source."""
    server = HttpServer(create_app(Gateway(parts, "*=1/h").intake, lambda: None), "127.0.0.1:0")
    server.start()
    yield server.url
    server.stop()


def test_over_http_it_is_429_with_the_seconds_to_wait(url: str) -> None:
    """For the file alone where there are several."""
    with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
        assert client.post("/v1/images", content=noise(1)).status_code == 201
        refused = client.post("/v1/images", content=noise(2))
        files = [("file", ("1.png", noise(1))), ("file", ("2.png", noise(2)))]
        several = client.post("/v1/images", files=files)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3600")
    assert "there is room again at" in refused.json()["detail"]
    assert [item["status"] for item in several.json()["results"]] == [200, 429]
    assert several.json()["results"][1]["retry_after"] == 3600


def test_caps_are_read_as_they_are_written() -> None:
    """A window is a number of seconds, minutes, hours or days; a name may be any."""
    text = "camera-7=1000/h, a%2Cb%3D1=5/15m,*=10/30s,**=1000000/2d,"
    expected = [("camera-7", 1000, 3600), ("a,b=1", 5, 900), ("*", 10, 30), ("**", 1_000_000, 172_800)]
    assert parse_caps(text) == tuple(Cap(*cap) for cap in expected)
    assert parse_caps("") == ()


@pytest.mark.parametrize(
    "text",
    ["roof", "roof=", "=1/h", "roof=1", "roof=1/w", "roof=-1/h", "roof=1/0h", "roof=1/h,roof=2/h", "a=9999999999/h"],
)
def test_what_is_no_cap_is_refused(text: str) -> None:
    """By the name of the setting."""
    with pytest.raises(InvalidInput, match="MADSEG_INTAKE_CAPS"):
        parse_caps(text)


def test_without_caps_nothing_is_counted(parts: Parts) -> None:
    """And nothing written for it."""
    assert Gateway(parts, "").take(1)
    caps = Caps((), parts.database, lambda: 0)
    with caps.place("roof", "0" * 32):
        pass
    with parts.database.snapshot() as tx:
        assert tx.execute(store.TAKEN.select()).all() == []
