"""Somebody else's bucket: any keys, very many of them."""

from pathlib import Path

import obstore
import pytest

from madseg.adapters.blobs.bucket import Bucket
from madseg.adapters.blobs.stores import open_store
from madseg.core.errors import InvalidInput, NotFound, Unavailable
from tests.adapters.listings import PAGE, listing
from tests.servers import s3
from tests.servers.proxy import Proxy

ODD = ["B.jpg", "a b.jpg", "a#1?x=y&z.jpg", "a%20b.jpg", "a+b.jpg", "a/b/c.jpg", "a/ü~|^`<>.jpg", "a_.jpg", 'q"\\.jpg']


@pytest.fixture
def url() -> str:
    """A prefix with the odd keys, each object holding its own name."""
    found = s3.empty_prefix()
    store = open_store(found).store
    for key in ODD:
        obstore.put(store, key, key.encode())
    return found


def test_keys_come_in_order_and_can_be_read(url: str) -> None:
    """Whatever is in them."""
    bucket = Bucket(url)
    keys = [key for key, _ in bucket.listed()]
    assert keys == sorted(ODD)
    assert dict(bucket.listed()) == {key: len(key.encode()) for key in ODD}
    assert [bucket.read(key, 1000).decode() for key in keys] == keys


def test_the_list_goes_on_after_any_key(url: str) -> None:
    """One that is there, and one that is not."""
    keys, bucket = sorted(ODD), Bucket(url)
    for number, key in enumerate(keys):
        assert [found for found, _ in bucket.listed(after=key)] == keys[number + 1 :]
    assert [found for found, _ in bucket.listed(after="a/c")] == [key for key in keys if key > "a/c"]


def test_only_the_prefix_is_listed(url: str) -> None:
    """Whole parts of a key, not letters."""
    assert [key for key, _ in Bucket(url.replace("?", "/a?", 1)).listed()] == ["b/c.jpg", "ü~|^`<>.jpg"]
    assert list(Bucket(url.replace("?", "/a/b/c?", 1)).listed()) == []


def test_what_can_not_be_read(url: str) -> None:
    """Gone, and too large."""
    bucket = Bucket(url)
    with pytest.raises(NotFound):
        bucket.read("gone", 1000)
    with pytest.raises(InvalidInput, match="the object has 5 bytes, at most 3 are taken"):
        bucket.read("B.jpg", 3)
    bucket.check()


def test_an_outage_is_unavailable() -> None:
    """For the list, an object and the question itself."""
    with Proxy("127.0.0.1", s3.running().port()) as proxy:
        bucket = Bucket(s3.running().bucket_url("madseg", f"http://{proxy.address}"))
        proxy.refuse()
        for act in (lambda: list(bucket.listed()), lambda: bucket.read("a", 1), bucket.check):
            with pytest.raises(Unavailable):
                act()


def test_a_long_list_comes_page_by_page(tmp_path: Path) -> None:
    """The first key after the first page, and all of them in the end."""
    keys = [f"{number:06}.jpg" for number in range(3 * PAGE + 5)]
    with listing(keys, tmp_path) as (url, served):
        found = Bucket(url).listed()
        assert next(found) == ("000000.jpg", 7)
        assert len(served.asked) <= 2
        assert [key for key, _ in found] == keys[1:]
        assert served.asked == ["", *(f"p/{keys[PAGE * number - 1]}" for number in (1, 2, 3))]


@pytest.mark.parametrize("key", ["a//b.jpg", "a/./b.jpg", "a/../b.jpg", "a\tb.jpg", "a\x7fb.jpg"])
def test_a_key_that_can_not_be_named_is_told(tmp_path: Path, key: str) -> None:
    """With the way out: what is beside it would be passed over without a word."""
    with listing(["0.jpg", key], tmp_path) as (url, _), pytest.raises(InvalidInput) as caught:
        list(Bucket(url).listed())
    assert f"s3://bucket/p can't be listed past the key {'p/' + key!r}" in str(caught.value)
