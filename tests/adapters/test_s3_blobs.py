"""Files in a real object store: what it says at the opening, and outages."""

import signal
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest

from deploy.local.s3 import S3
from madseg.adapters.blobs import open_blobs
from madseg.adapters.blobs.stores import open_store
from madseg.core.errors import InvalidInput, NotFound, Unavailable
from madseg.ports import Blobs
from tests.servers import s3
from tests.servers.proxy import Proxy


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """In front of the session's server."""
    with Proxy("127.0.0.1", s3.running().port()) as found:
        yield found


@pytest.fixture
def blobs(proxy: Proxy) -> Blobs:
    """A store behind the proxy."""
    return open_blobs(s3.running().bucket_url("madseg/behind-a-proxy", f"http://{proxy.address}"))


def test_prefixes_do_not_see_each_other() -> None:
    """Neither one beside the other nor one that begins alike."""
    url = s3.empty_prefix()
    whole, part = open_blobs(url), open_blobs(url.replace("?", "x?", 1))
    uri = whole.put("a", b"whole")
    part.put("a", b"part")
    assert (whole.get(uri), part.get(uri)) == (b"whole", b"part")
    whole.delete(uri)
    assert part.get(uri) == b"part"


def test_the_media_type_is_kept() -> None:
    """For whoever looks into the bucket."""
    url = s3.empty_prefix()
    open_blobs(url).put("a.png", b"content", "image/png")
    assert obstore.get(open_store(url).store, "a.png").attributes["Content-Type"] == "image/png"


def test_a_bucket_that_is_not_there_is_found_out_at_once() -> None:
    """It is named, and what to do."""
    with pytest.raises(NotFound, match="no s3://not-there: make the bucket"):
        open_blobs(s3.running().bucket_url("not-there"))


@pytest.mark.parametrize("field", ["aws_access_key_id = ", "aws_secret_access_key = "])
def test_wrong_credentials_are_found_out_at_once(tmp_path: Path, field: str) -> None:
    """And not repeated."""
    right = s3.running().credentials.read_text()
    (tmp_path / "credentials").write_text(right.replace(field, f"{field}wrong"))
    url = s3.running().bucket_url("madseg").replace(str(s3.running().credentials), f"{tmp_path}/credentials")
    with pytest.raises(InvalidInput, match="s3://madseg refuses these credentials") as caught:
        open_blobs(url)
    assert not any(line.rpartition(" = ")[2] in str(caught.value) for line in right.splitlines()[1:])


def test_an_outage_is_unavailable_and_passes(proxy: Proxy, blobs: Blobs) -> None:
    """Reading, writing and opening; what was there is there."""
    uri = blobs.put("a", b"content")
    proxy.refuse()
    for act in (lambda: blobs.put("b", b"x"), lambda: blobs.get(uri), lambda: blobs.delete(uri)):
        with pytest.raises(Unavailable, match="in s3://madseg/behind-a-proxy"):
            act()
    with pytest.raises(Unavailable, match="s3://madseg doesn't answer"):
        open_blobs(s3.running().bucket_url("madseg", f"http://{proxy.address}"))
    proxy.restore()
    assert blobs.get(uri) == b"content"


def test_a_connection_that_breaks_in_the_middle_gives_no_half(proxy: Proxy, blobs: Blobs) -> None:
    """The rest is asked for, and where that breaks too often it is an error."""
    content = bytes(range(256)) * 40_000
    uri = blobs.put("a", content)
    proxy.cut(after=len(content) // 2)
    assert blobs.get(uri) == content
    proxy.cut(after=len(content) // 20)
    with pytest.raises(Unavailable):
        blobs.get(uri)


def test_broken_connections_are_made_anew(proxy: Proxy, blobs: Blobs) -> None:
    """Without the caller's notice."""
    uri = blobs.put("a", b"content")
    proxy.drop()
    assert blobs.get(uri) == b"content"


def test_a_slow_store_is_waited_for(proxy: Proxy, blobs: Blobs) -> None:
    """Two seconds an answer."""
    proxy.latency = 2.0
    assert blobs.get(blobs.put("a", b"content")) == b"content"


def test_a_store_that_hangs_is_given_up(proxy: Proxy, blobs: Blobs) -> None:
    """In time for its caller to say so."""
    uri = blobs.put("a", b"content")
    proxy.hang()
    with pytest.raises(Unavailable):
        blobs.get(uri)
    proxy.restore()
    assert blobs.get(uri) == b"content"


def test_what_is_written_outlasts_a_killed_server(tmp_path: Path) -> None:
    """And its address, so that clients find it again."""
    server = s3.started(S3(tmp_path))
    try:
        blobs = open_blobs(server.url)
        uri = blobs.put("a/b", b"content")
        server.signal(signal.SIGKILL)
        server.kill()
        with pytest.raises(Unavailable):
            blobs.get(uri)
        server.start()
        assert blobs.get(uri) == b"content"
        assert server.credentials.stat().st_mode & 0o077 == 0
    finally:
        server.stop()
