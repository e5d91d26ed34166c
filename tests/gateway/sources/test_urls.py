"""Pictures by URL: what is fetched, what is tried again, and what must never be asked for."""

import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request

from madseg.gateway.http_server import HttpServer
from madseg.gateway.sources.urls import Fetch, urls
from madseg.gateway.upload import ImageUpload, Refused
from madseg.security.tls import ServerTls
from tests.security.authority import Authority

Answer = Callable[[httpx.Request], httpx.Response]

PUBLIC = "93.184.215.14"


def fetch(answer: Answer, *, addresses: dict[str, list[str]] | None = None, **options: object) -> Fetch:
    """Settings on a network that is not there; every name is at a public address unless said otherwise."""
    known = addresses or {}
    return Fetch(
        transport=httpx.MockTransport(answer),
        resolve=lambda host, _: known.get(host, [PUBLIC]),
        sleep=lambda _: None,
        **options,  # type: ignore[arg-type]
    )


def served(content: bytes, status: int = 200) -> httpx.Response:
    """An answer that is read piece by piece, as from a network."""
    return httpx.Response(status, content=iter([content]))


def reason(item: ImageUpload | Refused) -> str:
    """Why it was refused."""
    assert isinstance(item, Refused)
    return item.reason


def test_a_list_is_fetched_in_its_order() -> None:
    """Comments and empty lines are left out, one bad line doesn't end it."""
    lines = ["# list", "http://a/1.jpg", "", "ftp://a/2.jpg", "not a url", *(f"https://b/{n}" for n in range(20))]
    items = list(urls(lines, fetch=fetch(lambda request: served(request.url.path.encode()))))
    assert ["/1.jpg", *(f"/{n}" for n in range(20))] == [
        item.content.decode() for item in items if isinstance(item, ImageUpload)
    ]
    assert [item.name for item in items if isinstance(item, Refused)] == ["ftp://a/2.jpg", "not a url"]


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    """The name is in the Host header and in the TLS greeting."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert (request.url.host, request.headers["host"]) == (PUBLIC, "pictures.example:8443")
        assert request.extensions["sni_hostname"] == "pictures.example"
        assert request.headers["accept-encoding"] == "identity"
        return served(b"x")

    (item,) = urls(["https://pictures.example:8443/a"], fetch=fetch(answer))
    assert isinstance(item, ImageUpload)


@pytest.mark.parametrize(
    "address",
    "127.0.0.1 10.1.2.3 192.168.0.1 172.16.0.1 169.254.169.254 0.0.0.0 100.64.0.1 224.0.0.1 ::1 fe80::1 fe80::1%eth0 "
    "fc00::1 ::ffff:127.0.0.1 2002:7f00:1:: 64:ff9b::7f00:1 ff02::1 ::".split(),
)
def test_the_own_network_is_refused(address: str) -> None:
    """Whatever name it hides behind, also as one address among public ones; unless allowed."""
    called: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        called.append(str(request.url))
        return served(b"x")

    addresses = {"inside": [PUBLIC, address]}
    (item,) = urls(["http://inside/"], fetch=fetch(answer, addresses=addresses))
    assert "private network" in reason(item)
    assert called == []
    (item,) = urls(["http://inside/"], fetch=fetch(answer, addresses=addresses, allow_private=True))
    assert isinstance(item, ImageUpload)


def test_a_redirect_into_the_own_network_is_refused() -> None:
    """Each step is checked."""
    answers = fetch(
        lambda _: httpx.Response(302, headers={"location": "http://inside/secret"}), addresses={"inside": ["10.0.0.1"]}
    )
    (item,) = urls(["http://outside/"], fetch=answers)
    assert "inside is 10.0.0.1" in reason(item)


def test_redirects_are_followed_and_end() -> None:
    """Five of them, relative ones too, and never to another kind of URL."""

    def answer(request: httpx.Request) -> httpx.Response:
        step = int(request.url.path[1:])
        return httpx.Response(302, headers={"location": f"/{step - 1}"}) if step else served(b"x")

    five, six = urls(["http://a/5", "http://a/6"], fetch=fetch(answer))
    assert isinstance(five, ImageUpload)
    assert reason(six) == "more than 5 redirects"
    away = fetch(lambda _: httpx.Response(301, headers={"location": "file:///etc/passwd"}))
    (item,) = urls(["http://a/"], fetch=away)
    assert "only http" in reason(item)


def test_names_at_one_address_know_nothing_of_each_other() -> None:
    """A cookie that one of them sets isn't shown to the other."""
    shown: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        shown.append(request.headers.get("cookie"))
        return httpx.Response(200, content=iter([b"x"]), headers={"set-cookie": "secret=1; Path=/"})

    list(urls(["http://a/", "http://b/", "http://a/"], fetch=fetch(answer, at_once=1)))
    assert shown == [None, None, None]


def test_each_name_shows_its_own_certificate(tmp_path: Path) -> None:
    """Though a connection to its address, by another name, was open already."""
    authority = Authority(tmp_path)
    app = FastAPI()

    @app.get("/")
    async def name(request: Request) -> str:
        return request.headers["host"].partition(":")[0]

    server = HttpServer(app, "127.0.0.1:0", ServerTls(*authority.sign("a", "DNS:a.test"), authority.file))
    server.start()
    believing = httpx.HTTPTransport(verify=ssl.create_default_context(cafile=str(authority.file)))
    settings = Fetch(resolve=lambda *_: ["127.0.0.1"], sleep=lambda _: None, at_once=1, allow_private=True)
    places = [f"https://{name}.test:{server.port}/" for name in "aba"]
    first, other, again = urls(places, fetch=replace(settings, transport=believing))
    server.stop()
    assert isinstance(first, ImageUpload)
    assert isinstance(again, ImageUpload)
    assert first.content == again.content == b'"a.test"'
    assert "certificate is not valid for 'b.test'" in reason(other)


def test_what_may_pass_is_tried_again() -> None:
    """Three times in all, after pauses that grow."""
    slept: list[float] = []
    answers: Iterator[int] = iter([503, 500, 200, 503, 503, 503])
    settings = Fetch(
        transport=httpx.MockTransport(lambda _: served(b"x", next(answers))),
        resolve=lambda *_: [PUBLIC],
        sleep=slept.append,
        at_once=1,
    )
    first, second = urls(["http://a/", "http://b/"], fetch=settings)
    assert isinstance(first, ImageUpload)
    assert "503" in reason(second)
    assert slept == [0.5, 2.0, 0.5, 2.0]


def test_what_will_not_pass_is_not() -> None:
    """A 404 is asked for once."""
    called: list[int] = []

    def answer(_: httpx.Request) -> httpx.Response:
        called.append(1)
        return httpx.Response(404)

    (item,) = urls(["http://a/"], fetch=fetch(answer))
    assert (reason(item), len(called)) == ("the server answers 404 Not Found", 1)


def test_timeouts_and_unknown_names_are_reasons() -> None:
    """As sentences."""

    def late(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("timed out", request=request)

    (item,) = urls(["http://a/"], fetch=fetch(late))
    assert reason(item) == "no answer: timed out"
    (item,) = urls(["http://a/"], fetch=fetch(late, addresses={"a": []}))
    assert reason(item) == "no address is known for a"


def test_the_size_is_bounded_while_it_comes() -> None:
    """An endless answer ends."""

    def endless(_: httpx.Request) -> httpx.Response:
        def stream() -> Iterator[bytes]:
            while True:
                yield bytes(1000)

        return httpx.Response(200, content=stream())

    (item,) = urls(["http://a/"], fetch=fetch(endless, max_bytes=10_000))
    assert reason(item) == "more than 10000 bytes"


def test_the_time_is_bounded_too() -> None:
    """A server that sends a byte now and then."""
    now = iter(range(0, 10_000, 100))

    def slow(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=iter([b"x"] * 50))

    (item,) = urls(["http://a/"], fetch=fetch(slow, clock=lambda: float(next(now))))
    assert reason(item) == "not complete after 300 seconds"


def test_passwords_are_not_shown() -> None:
    """Names go into messages and logs."""
    (item,) = urls(["http://me:secret@a/b"], fetch=fetch(lambda _: httpx.Response(404)))
    assert item.name == "http://a/b"


def test_an_address_of_version_six() -> None:
    """Is put into the URL as URLs want it."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
        return served(b"x")

    known = {"a": ["2606:2800:21f:cb07:6820:80da:af6b:8b2c"]}
    (item,) = urls(["http://a/"], fetch=fetch(answer, addresses=known))
    assert isinstance(item, ImageUpload)
