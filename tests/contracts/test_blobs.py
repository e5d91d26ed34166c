"""What every file store keeps to."""

import threading

import pytest

from madseg.core.errors import Conflict, InvalidInput, NotFound
from madseg.ports import Blobs

HOSTILE = [
    "",
    "/",
    "/etc/passwd",
    "a/",
    "a//b",
    ".",
    "..",
    "../a",
    "a/../../b",
    "a/./b",
    "a\\b",
    "a b",
    "a\nb",
    "a\0b",
    "a%2e%2e",
    "a#1",
    "ä",
    "a:b",
    "~",
    "x" * 201,
    "/".join(["x" * 100] * 10),
]


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 20_000], ids=["empty", "one byte", "5 MB"])
def test_a_file_comes_back_as_it_was_put(blobs: Blobs, content: bytes) -> None:
    """Whatever is in it."""
    assert content == blobs.get(blobs.put("images/ab/abcd.png", content))


@pytest.mark.parametrize("key", ["a", "A.b_c-9", "a/b/c/d/e", ".hidden", "...", "x" * 200, "con", "-rf"])
def test_any_key_of_the_alphabet_is_taken(blobs: Blobs, key: str) -> None:
    """Names that look odd too."""
    assert blobs.get(blobs.put(key, b"content")) == b"content"


def test_a_key_has_its_uri_before_there_is_a_file(blobs: Blobs) -> None:
    """So that whoever knows the key needs nobody to tell the URI."""
    uri = blobs.uri("images/ab/abcd.png")
    with pytest.raises(NotFound):
        blobs.get(uri)
    assert uri == blobs.put("images/ab/abcd.png", b"content")


@pytest.mark.parametrize("key", HOSTILE)
def test_any_other_key_is_refused(blobs: Blobs, key: str) -> None:
    """Nothing leaves the store, and nothing means two things."""
    with pytest.raises(InvalidInput):
        blobs.put(key, b"content")


@pytest.mark.parametrize("key", HOSTILE)
def test_a_uri_with_such_a_key_is_refused(blobs: Blobs, key: str) -> None:
    """A URI may come from anywhere."""
    prefix = blobs.put("a", b"").removesuffix("a")
    with pytest.raises(InvalidInput):
        blobs.get(prefix + key)
    with pytest.raises(InvalidInput):
        blobs.delete(prefix + key)


@pytest.mark.parametrize("uri", ["", "a", "file:///etc/passwd", "s3://bucket/a", "https://example.org/a"])
def test_a_uri_of_another_store_is_refused(blobs: Blobs, uri: str) -> None:
    """It is not looked up."""
    with pytest.raises(InvalidInput):
        blobs.get(uri)
    with pytest.raises(InvalidInput):
        blobs.delete(uri)


def test_a_second_put_overwrites(blobs: Blobs) -> None:
    """Shorter content leaves nothing of the longer."""
    first = blobs.put("a/b", b"a long content")
    assert first == blobs.put("a/b", b"short")
    assert blobs.get(first) == b"short"


def test_a_missing_file_is_not_found(blobs: Blobs) -> None:
    """Neither one that never was nor one that was deleted."""
    uri = blobs.put("a/b", b"content")
    blobs.delete(uri)
    with pytest.raises(NotFound, match="a/b"):
        blobs.get(uri)
    blobs.delete(uri)


def test_a_folder_is_no_file(blobs: Blobs) -> None:
    """The beginning of a key names nothing, and neither does a longer one."""
    uri = blobs.put("a/b/c", b"content")
    for other in (uri.removesuffix("/c"), f"{uri}/d"):
        with pytest.raises(NotFound):
            blobs.get(other)


def test_deleting_one_file_leaves_its_neighbours(blobs: Blobs) -> None:
    """Those with the same beginning too."""
    uris = {key: blobs.put(key, key.encode()) for key in ("a/b", "a/bb", "a/c/d")}
    blobs.delete(uris.pop("a/b"))
    assert {key: key.encode() for key in uris} == {key: blobs.get(uri) for key, uri in uris.items()}


def test_a_reader_sees_a_whole_file_while_it_is_overwritten(blobs: Blobs) -> None:
    """The old content or the new one, never a mixture and never nothing."""
    contents = [bytes([number]) * 300_000 for number in range(2)]
    uri = blobs.put("a", contents[0])

    def write() -> None:
        for number in range(60):
            blobs.put("a", contents[number % 2])

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        assert blobs.get(uri) in contents
    writer.join()


def test_a_closed_store_refuses(blobs: Blobs) -> None:
    """Closing twice is fine."""
    uri = blobs.put("a", b"")
    blobs.close()
    blobs.close()
    with pytest.raises(Conflict, match="closed"):
        blobs.get(uri)
