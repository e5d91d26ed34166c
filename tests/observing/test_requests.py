"""Requests of an HTTP server are counted by the templates of their routes."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import StreamingResponse

from madseg.gateway.http_server import HttpServer
from madseg.observing.requests import WatchedRequests
from tests.observing.scraping import scrape
from tests.pipeline.running import until


def application() -> FastAPI:
    """One with another mounted in it."""
    app, inner = FastAPI(), FastAPI()

    @app.get("/things/{name}")
    def get_thing(name: str) -> str:
        return name

    @app.get("/stream")
    def stream() -> StreamingResponse:
        return StreamingResponse(iter([b"a", b"b"]))

    @inner.get("/parts/{number}")
    def get_part(number: int) -> int:
        return 1 // number

    app.mount("/inner", inner)
    app.add_middleware(WatchedRequests)
    return app


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """A client of a real server."""
    server = HttpServer(application(), "127.0.0.1:0")
    server.start()
    with httpx.Client(base_url=server.url, trust_env=False, timeout=20) as found:
        yield found
    server.stop()


def test_routes_are_counted_by_their_templates(client: httpx.Client, page: str) -> None:
    """Of a mounted application too; what no route is for is one route, whatever was asked for."""
    before = scrape(page)
    for path in ("/things/a", "/things/b", "/inner/parts/1", "/inner/parts/x", "/inner/nothing", "/no/such", "/stream"):
        client.get(path)
    client.request("BREW", "/things/tea")

    wanted = {
        ("GET", "/things/{name}", "200"): 2,
        ("GET", "/inner/parts/{number}", "200"): 1,
        ("GET", "/inner/parts/{number}", "422"): 1,
        ("GET", "/inner", "404"): 1,
        ("GET", "none", "404"): 1,
        ("GET", "/stream", "200"): 1,
        ("OTHER", "/things/{name}", "405"): 1,
    }

    def counted() -> dict[tuple[str, str, str], float]:
        after = scrape(page)
        name = "madseg_http_requests_total"
        return {
            (method, route, code): after.since(before, name, method=method, route=route, code=code)
            for method, route, code in wanted
        }

    until(lambda: counted() == wanted)
    assert scrape(page).since(before, "madseg_http_request_seconds_count", route="/things/{name}") == 3
