"""Pictures of an object store: order, what is left out, what is refused, and outages."""

import itertools
import threading
from collections.abc import Iterator

import pytest

from madseg.core.errors import InvalidInput, NotFound, Unavailable
from madseg.gateway.sources.bucket import Reading, bucket
from madseg.gateway.upload import ImageUpload, Refused


class Store:
    """Objects in a dictionary. `away` counts the calls that find nobody, `broken` are keys that can't be read."""

    name = "s3://fake/pictures"

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects
        self.sizes: dict[str, int] = {}
        """Where the list says another size."""
        self.away = 0
        self.broken: set[str] = set()
        self.denied: set[str] = set()
        self.read_now = self.most_read = 0
        self.listings: list[str] = []
        self._lock = threading.Lock()

    def listed(self, after: str = "") -> Iterator[tuple[str, int]]:
        self.listings.append(after)
        for key in sorted(self.objects | self.sizes):
            if key > after:
                self._call()
                yield key, self.sizes.get(key, len(self.objects.get(key, b"")))

    def read(self, key: str, limit: int) -> bytes:
        with self._lock:
            self.read_now += 1
            self.most_read = max(self.most_read, self.read_now)
        try:
            self._call()
            if key in self.broken:
                raise Unavailable("InternalError")
            if key in self.denied:
                raise InvalidInput("AccessDenied")
            if key not in self.objects:
                raise NotFound(key)
            if len(self.objects[key]) > limit:
                raise InvalidInput("it has grown")
            return self.objects[key]
        finally:
            with self._lock:
                self.read_now -= 1

    def check(self) -> None:
        self._call()

    def _call(self) -> None:
        with self._lock:
            if self.away:
                self.away -= 1
                raise Unavailable("nobody is there")


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def reading(at_once: int = 4, max_bytes: int = 1000, patience: float = 60.0) -> Reading:
    """On a clock of its own."""
    clock = Clock()
    return Reading(max_bytes, at_once, patience, clock.sleep, lambda: clock.now)


def reasons(found: list[tuple[str, ImageUpload | Refused]]) -> dict[str, str]:
    """What was refused and why."""
    return {item.name: item.reason for _, item in found if isinstance(item, Refused)}


def taken(found: list[tuple[str, ImageUpload | Refused]]) -> list[str]:
    """Names of the pictures."""
    return [item.name for _, item in found if isinstance(item, ImageUpload)]


def test_objects_come_in_the_order_of_their_keys() -> None:
    """With content, name, source and tags, whatever the order in which they were read."""
    store = Store({f"{number:03}.jpg": str(number).encode() for number in range(50)})
    found = list(bucket(store, source="archive", tags={"k": "v"}, reading=reading()))
    assert found == [
        (f"{n:03}.jpg", ImageUpload(str(n).encode(), f"{n:03}.jpg", "archive", tags={"k": "v"})) for n in range(50)
    ]


def test_a_run_goes_on_after_any_key() -> None:
    """What was yielded and what comes after it are the whole."""
    store = Store({f"{number}.jpg": b"x" for number in range(7)})
    for count in range(8):
        before = list(itertools.islice(bucket(store, reading=reading()), count))
        after = list(bucket(store, after=before[-1][0] if before else "", reading=reading()))
        assert taken(before + after) == sorted(store.objects)


def test_few_objects_are_held() -> None:
    """As many as are read at once, though the sender takes none."""
    store = Store({f"{number:03}.jpg": b"x" for number in range(100)})
    next(bucket(store, reading=reading(at_once=3)))
    assert store.most_read <= 3


def test_folders_and_hidden_objects_are_left_out() -> None:
    """A folder's placeholder is listed without its stroke and can't be read."""
    store = Store({".hidden": b"x", "a/.b/c": b"x", "d/e": b"x"})
    store.sizes["d"] = 0
    assert list(bucket(store, reading=reading())) == [("d/e", ImageUpload(b"x", "d/e", "bucket"))]


def test_what_can_not_be_taken_is_refused_and_named() -> None:
    """Gone, empty, too large as listed, grown since, not allowed: the rest goes on."""
    store = Store({"empty": b"", "grown": bytes(2000), "large": bytes(2000), "secret": b"x", "z": b"x"})
    store.sizes |= {"gone": 5, "grown": 5}
    store.denied = {"secret"}
    found = list(bucket(store, reading=reading()))
    assert reasons(found) == {
        "empty": "the object is empty",
        "gone": "it is gone since it was listed",
        "grown": "it has grown",
        "large": "the object has 2000 bytes, at most 1000 are taken: make it smaller",
        "secret": "AccessDenied",
    }
    assert taken(found) == ["z"]


def test_names_are_printable() -> None:
    """The key is told as it is, so that a run can go on after it."""
    (found,) = bucket(Store({"a\u0085b": b"x"}), reading=reading())
    assert found == ("a\u0085b", ImageUpload(b"x", "a\N{REPLACEMENT CHARACTER}b", "bucket"))


@pytest.mark.parametrize("away", [1, 5, 40])
def test_an_outage_is_waited_out(away: int) -> None:
    """While listing or reading: each object comes once, and the list goes on behind its last key."""
    store = Store({f"{number:03}.jpg": b"x" for number in range(30)})
    items = bucket(store, reading=reading(patience=10_000))
    found = [next(items)]
    store.away = away
    found += items
    assert taken(found) == sorted(store.objects)
    assert store.listings[1:] == sorted(store.listings[1:])


def test_a_long_outage_ends_the_run() -> None:
    """After what was read before it was told."""
    store = Store({f"{number:03}.jpg": b"x" for number in range(30)})
    items = bucket(store, reading=reading())
    found = [next(items)]
    store.away = 10_000
    with pytest.raises(Unavailable, match=r"s3://fake/pictures hasn't answered for \d+ seconds: nobody is there"):
        found.extend(items)
    assert taken(found) == sorted(store.objects)[: len(found)]


def test_an_object_that_breaks_alone_is_refused() -> None:
    """The store answers otherwise, so it is not waited for."""
    store = Store({"a": b"x", "b": b"x", "c": b"x"})
    store.broken = {"b"}
    found = list(bucket(store, reading=reading()))
    assert (taken(found), reasons(found)) == (["a", "c"], {"b": "it can't be read: InternalError"})


def test_a_list_that_can_not_go_on_ends_after_what_came_before() -> None:
    """Nothing that was listed is lost."""

    class Ends(Store):
        def listed(self, after: str = "") -> Iterator[tuple[str, int]]:
            yield from super().listed(after)
            raise InvalidInput("the key 'a//b'")

    found: list[object] = []
    with pytest.raises(InvalidInput, match="a//b"):
        found.extend(bucket(Ends({f"{number}.jpg": b"x" for number in range(9)}), reading=reading()))
    assert len(found) == 9
