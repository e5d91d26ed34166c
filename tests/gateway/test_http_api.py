"""Intake over HTTP, on a real server."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from madseg.core.errors import Conflict, InvalidInput, Unavailable
from madseg.gateway.accept import Intake, Policy
from madseg.gateway.decode import Limits
from madseg.gateway.http_api import create_app
from madseg.gateway.http_server import HttpServer
from madseg.gateway.web.callers import Door
from madseg.security.access import Role, Tokens, add_token
from tests.gateway.conftest import GRID, Parts
from tests.gateway.failing import Tapped
from tests.gateway.pictures import encoded, gradient, noise, png_header

MAX_BYTES = 100_000


@pytest.fixture
def broken() -> list[str]:
    """While it holds a reason, nothing can be published."""
    return []


@pytest.fixture
def client(parts: Parts, broken: list[str]) -> Iterator[httpx.Client]:
    """A client of a gateway that takes files of 100 kB."""

    def before() -> None:
        if broken:
            raise Unavailable(broken[0])

    policy = Policy(GRID, limits=Limits(MAX_BYTES))
    intake = Intake(Tapped(parts.stream, before), parts.database, parts.blobs, policy, parts.clock, "t")
    server = HttpServer(create_app(intake, before), "127.0.0.1:0")
    server.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False, timeout=20) as found:
        yield found
    server.stop()


def test_a_picture_as_the_body(client: httpx.Client) -> None:
    """Created, then the same; what is known of it comes back."""
    content = encoded(gradient(20, 40), "JPEG")
    query = {"name": "a.jpg", "source": "s", "captured_at": "2024-05-01T12:00:00+02:00", "tags": ["k=v", "l=a=b"]}
    first = client.post("/v1/images", content=content, params=query)
    second = client.post("/v1/images", content=content)
    assert (first.status_code, second.status_code) == (201, 200)
    assert (first.json()["duplicate"], second.json()["duplicate"]) == (False, True)
    image = first.json()["image_id"]
    found = client.get(f"/v1/images/{image}").json()
    assert (found["name"], found["source"], found["tags"]) == ("a.jpg", "s", {"k": "v", "l": "a=b"})
    assert (found["captured_at"], found["original_size"]) == ("2024-05-01T10:00:00+00:00", {"height": 20, "width": 40})


def test_the_trace_of_a_request_goes_on_in_its_records(client: httpx.Client, parts: Parts) -> None:
    """As a step of its own."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    traced = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    client.post("/v1/images", content=encoded(gradient(20, 40), "PNG"), headers=traced)
    [record] = parts.records("t.images")
    assert record.headers["traceparent"].startswith(f"00-{trace}-")
    assert record.headers["traceparent"] != traced["traceparent"]
    assert record.headers["ce_subject"] == record.key


def test_the_picture_itself(client: httpx.Client) -> None:
    """Original or canonical, and never as a page."""
    content = encoded(gradient(), "GIF")
    image = client.post("/v1/images", content=content).json()["image_id"]
    original = client.get(f"/v1/images/{image}/picture", params={"kind": "original"})
    assert (content, "image/gif") == (original.content, original.headers["content-type"])
    assert original.headers["x-content-type-options"] == "nosniff"
    canonical = client.get(f"/v1/images/{image}/picture")
    assert canonical.headers["content-type"] == "image/png"
    assert client.get(f"/v1/images/{image}/picture", params={"kind": "x"}).status_code == 400


def test_a_form_with_one_file(client: httpx.Client) -> None:
    """Answers as the plain body does; the fields are the form's."""
    answer = client.post(
        "/v1/images", files={"file": ("b.png", noise(1))}, data={"source": "form", "tags": ["a=1", "b=2"]}
    )
    assert answer.status_code == 201
    found = client.get(f"/v1/images/{answer.json()['image_id']}").json()
    assert (found["name"], found["source"], found["tags"]) == ("b.png", "form", {"a": "1", "b": "2"})


def test_a_form_with_several_files(client: httpx.Client) -> None:
    """Each has its own result; a refused one doesn't stop the rest."""
    files = [("file", ("1.png", noise(1))), ("file", ("2.txt", b"text")), ("file", ("3.png", noise(1)))]
    answer = client.post("/v1/images", files=files)
    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [item["status"] for item in results] == [201, 415, 200]
    assert results[1]["item"] == "2.txt"


@pytest.mark.parametrize(
    ("content", "status", "detail"),
    [
        (b"", 415, "empty"),
        (b"GIF", 415, "not an image"),
        (noise(1)[:-60], 422, "truncated"),
        (png_header(30_000, 30_000), 422, "truncated"),
        (png_header(30_000, 30_000) + noise(1)[33:], 413, "30000 x 30000"),
        (bytes(MAX_BYTES + 1), 413, "at most 100000"),
    ],
)
def test_refusals_are_problems_that_name_the_item(
    client: httpx.Client, content: bytes, status: int, detail: str
) -> None:
    """As application/problem+json."""
    answer = client.post("/v1/images", content=content, params={"name": "x.png"})
    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    problem = answer.json()
    assert status == problem["status"]
    assert detail in problem["detail"]
    if len(content) <= MAX_BYTES:
        assert problem["item"] == "x.png"


@pytest.mark.parametrize(
    "query",
    [
        {"captured_at": "yesterday"},
        {"captured_at": "2024-05-01T12:00:00"},
        {"captured_at": "0001-01-01T00:00:00+14:00"},
        {"captured_at": "9999-12-31T23:59:59-01:00"},
        {"tags": "x"},
        {"source": "s" * 201},
    ],
)
def test_wrong_fields_are_named(client: httpx.Client, query: dict[str, str]) -> None:
    """With status 400."""
    answer = client.post("/v1/images", content=noise(1), params=query)
    assert answer.status_code == 400
    assert next(iter(query)) == answer.json()["field"]


def test_an_endless_body_ends(client: httpx.Client) -> None:
    """Without a length in the header, the limit holds while it comes."""
    answer = client.post("/v1/images", content=iter([bytes(10_000)] * 500))
    assert answer.status_code == 413


def test_an_endless_form_ends(client: httpx.Client) -> None:
    """The limit of a form is four files' worth."""
    files = [("file", (f"{n}.png", bytes(90_000))) for n in range(5)]
    assert client.post("/v1/images", files=files).status_code == 413


def test_a_form_without_a_file(client: httpx.Client) -> None:
    """Says how the part is called."""
    answer = client.post("/v1/images", files={"picture": ("a.png", noise(1))})
    assert (answer.status_code, answer.json()["field"]) == (400, "file")


def test_a_broken_form(client: httpx.Client) -> None:
    """Is the sender's fault."""
    headers = {"content-type": "multipart/form-data; boundary=x"}
    assert client.post("/v1/images", content=b"nonsense", headers=headers).status_code == 400
    headers = {"content-type": "multipart/form-data"}
    assert client.post("/v1/images", content=b"nonsense", headers=headers).status_code == 400


def test_a_missing_part_is_503(client: httpx.Client, broken: list[str]) -> None:
    """With a time after which to try again; the same upload then succeeds."""
    assert client.get("/readyz").status_code == 200
    broken.append("the disk is full")
    answer = client.post("/v1/images", content=noise(1))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert (client.get("/readyz").status_code, client.get("/healthz").status_code) == (503, 200)
    broken.clear()
    assert client.post("/v1/images", content=noise(1)).status_code == 201


def test_unknown_images_and_paths(client: httpx.Client) -> None:
    """404 as a problem; what is no id is 400."""
    for path, status in (("/v1/images/" + "0" * 32, 404), ("/nowhere", 404), ("/v1/images/x", 400)):
        answer = client.get(path)
        assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


def test_the_interface_describes_itself(client: httpx.Client) -> None:
    """OpenAPI with the body and every status."""
    operation = client.get("/openapi.json").json()["paths"]["/v1/images"]["post"]
    assert {"image/*", "multipart/form-data"} == set(operation["requestBody"]["content"])
    assert {"200", "201", "207", "400", "401", "403", "408", "410", "413", "415", "422", "429", "503"} == set(
        operation["responses"]
    )


def test_uploads_side_by_side(client: httpx.Client, parts: Parts) -> None:
    """Threads and connections don't get into each other's way."""
    done: list[int] = []

    def send(n: int) -> None:
        done.append(client.post("/v1/images", content=noise(n)).status_code)

    threads = [threading.Thread(target=send, args=(n % 10,)) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {200, 201} == set(done)
    assert 10 == done.count(201) == len(parts.intake().page(0, 100))


def test_a_taken_address_is_a_conflict(parts: Parts) -> None:
    """At the start, with the address in the message."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        server = HttpServer(create_app(parts.intake(), lambda: None), address)
        with pytest.raises(Conflict, match=f"{address}: it is taken; set MADSEG_HTTP to another one, port 0 takes a"):
            server.start()
    with pytest.raises(InvalidInput, match="host:port"):
        HttpServer(create_app(parts.intake(), lambda: None), "localhost").start()


@pytest.fixture
def guarded(parts: Parts, tmp_path: Path) -> Iterator[Callable[..., httpx.Client]]:
    """Makes clients, with these headers, of a gateway that asks for tokens: one of each role, in `tokens.json`."""
    intake = Intake(parts.stream, parts.database, parts.blobs, Policy(GRID), parts.clock, "t")
    add_token(tmp_path / "tokens.json", "somebody", [Role.RATER])
    door = Door(Tokens(tmp_path / "tokens.json"), insecure=False)
    server = HttpServer(create_app(intake, lambda: None, door=door), "127.0.0.1:0")
    server.start()
    with ExitStack() as opened:
        url = f"http://127.0.0.1:{server.port}"
        yield lambda **headers: opened.enter_context(
            httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=20)
        )
    server.stop()


def test_each_role_gets_to_the_routes_that_take_it(guarded: Callable[..., httpx.Client], tmp_path: Path) -> None:
    """Sources, operators and admins bring pictures in; everybody with a token sees one; nobody else anything."""
    tokens = {role: add_token(tmp_path / "tokens.json", f"the {role}", [role]) for role in Role}
    operator = guarded(authorization=f"Bearer {tokens[Role.OPERATOR]}")
    image = operator.post("/v1/images", content=noise(1)).json()["image_id"]
    for role in Role:
        client = guarded(authorization=f"Bearer {tokens[role]}")
        taken = role in {Role.SOURCE, Role.OPERATOR, Role.ADMIN}
        assert client.post("/v1/images", content=noise(1)).status_code == (200 if taken else 403)
        assert client.get(f"/v1/images/{image}").status_code == 200
        assert client.get(f"/v1/images/{image}/picture").status_code == 200
    for headers in ({}, {"authorization": "Bearer nobody"}):
        stranger = guarded(**headers)
        assert stranger.post("/v1/images", content=noise(1)).status_code == 401
        assert stranger.get(f"/v1/images/{image}").status_code == 401
        assert stranger.get(f"/v1/images/{image}/picture").status_code == 401
        assert stranger.get("/healthz").status_code == 200


def test_another_site_can_not_upload_in_somebodys_name(guarded: Callable[..., httpx.Client], tmp_path: Path) -> None:
    """By their cookie it takes the header and the origin that the pages send; a picture needs neither."""
    token = add_token(tmp_path / "tokens.json", "olga", [Role.OPERATOR])
    cookie = f"madseg={token}"
    for headers in ({}, {"x-madseg": "1"}, {"origin": "http://elsewhere"}, {"x-madseg": "1", "origin": "http://else"}):
        assert guarded(cookie=cookie, **headers).post("/v1/images", content=noise(1)).status_code == 403
    ours = guarded(cookie=cookie, **{"x-madseg": "1"})
    answer = ours.post("/v1/images", content=noise(1), headers={"origin": str(ours.base_url)})
    assert answer.status_code == 201
    assert guarded(cookie=cookie).get(f"/v1/images/{answer.json()['image_id']}/picture").status_code == 200
