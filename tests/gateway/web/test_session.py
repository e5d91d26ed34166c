"""Signing in and out, and requests that other sites forge."""

import json
import socket
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from madseg.core.errors import TooMany
from madseg.gateway.web.attempts import ADDRESSES, LIMIT, WINDOW_SECONDS, Attempts
from madseg.gateway.web.session import MAX_COOKIE, MAX_SIGN_IN_BYTES, MAX_SIGN_INS
from madseg.security.access import Role, digest
from tests.gateway.web.site import Site
from tests.pipeline.running import until

HTTPS: dict[str, Any] = {"x-forwarded-proto": "https"}


def origin(site: Site) -> dict[str, str]:
    """What a browser says on these pages."""
    return {"Origin": site.url}


def test_a_session_is_a_cookie(site: Site) -> None:
    """That scripts and other sites don't get; it ends when it is told to."""
    with site.visit() as client:
        answer = client.post("/api/session", json={"token": f" {site.tokens[Role.RATER]}\n"})
        assert (answer.status_code, answer.content) == (204, b"")
        cookie = answer.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
        assert "Secure" not in cookie
        assert client.get("/api/me").json()["name"] == "the rater"
        ended = client.delete("/api/session", headers=origin(site))
        assert (ended.status_code, "Max-Age=0" in ended.headers["set-cookie"]) == (204, True)
        assert client.get("/api/me").status_code == 401


def test_a_cookie_over_https_stays_there(site: Site) -> None:
    """A proxy on this machine says that it was https. It has a name that no neighbour can set, and no other one
    counts; nor does it on plain HTTP."""
    token = site.tokens[Role.RATER]
    with site.visit(**HTTPS) as client:
        cookie = client.post("/api/session", json={"token": token}).headers["set-cookie"]
        assert {"Secure", "HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
        assert cookie.startswith("__Host-madseg=")
        assert "domain" not in cookie.lower()
        for name, scheme, status in (
            ("__Host-madseg", HTTPS, 200),
            ("madseg", HTTPS, 401),
            ("__Host-madseg", {}, 401),
            ("madseg", {}, 200),
        ):
            shown = {"x-forwarded-proto": "http", **scheme, "cookie": f"{name}={token}"}
            assert client.get("/api/me", headers=shown).status_code == status, (name, scheme)


def test_a_token_that_no_browser_would_keep_is_refused(site: Site) -> None:
    """Signed ones may be that long; they count in the header all the same."""
    for length, status in ((MAX_COOKIE, 204), (MAX_COOKIE + 1, 400)):
        token = "x" * length
        entry = {"name": "ada", "roles": ["rater"], "sha256": digest(token)}
        site.file.write_text(json.dumps({"tokens": [entry]}))
        with site.visit() as client:
            assert client.post("/api/session", json={"token": token}).status_code == status
            assert client.get("/api/me", headers={"authorization": f"Bearer {token}"}).json()["name"] == "ada"


def test_a_page_in_the_clear_changes_nothing_over_https(site: Site) -> None:
    """Whoever sits on the wire could have made it; the other way round something before the gateway encrypts."""
    host = site.url.partition("://")[2]
    with site.visit(Role.OPERATOR) as client:
        for scheme, headers, status in (("http", HTTPS, 403), ("https", HTTPS, 200), ("https", {}, 200)):
            given = {**headers, "Origin": f"{scheme}://{host}"}
            body = {"per_ranking": 3, "allow_incomplete": True}
            assert client.post("/api/candidate-sets", json=body, headers=given).status_code == status


@pytest.mark.parametrize("said", ["cross-site", "same-site", "anything"])
def test_browsers_that_name_another_site_are_believed(site: Site, said: str) -> None:
    """Also where the origin is right; what they say of these pages is taken."""
    with site.visit(Role.OPERATOR) as client:
        headers = {**origin(site), "Sec-Fetch-Site": said}
        assert client.post("/api/candidate-sets", headers=headers).status_code == 403
        for ours in ("same-origin", "none"):
            given = {**headers, "Sec-Fetch-Site": ours}
            assert client.post("/api/candidate-sets", json={"per_ranking": 3}, headers=given).status_code != 403


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"token": 7}', b'{"token": "a", "b": 1}', b"\xff", b"[" * 9999])
def test_what_is_no_token_is_refused(site: Site, body: bytes) -> None:
    """As the caller's fault."""
    with site.visit() as client:
        assert client.post("/api/session", content=body).status_code == 400


def test_what_signs_in_is_small(site: Site) -> None:
    """Whoever sends it has shown no token yet."""
    with site.visit() as client:
        assert client.post("/api/session", json={"token": "x" * MAX_SIGN_IN_BYTES}).status_code == 413


def test_sign_ins_that_do_not_come_leave_room_for_all_else(site: Site) -> None:
    """More of them than are taken at once are told to come again; who is known goes on."""
    begun = "POST /api/session HTTP/1.1\r\nHost: x\r\nX-Madseg: 1\r\nContent-Length: 9\r\n\r\n{"
    with site.visit(Role.RATER) as rater, site.visit() as client, ExitStack() as stack:
        for _ in range(MAX_SIGN_INS):
            held = socket.create_connection(("127.0.0.1", httpx.URL(site.url).port or 0))
            stack.enter_context(held).sendall(begun.encode())
        body = {"token": site.tokens[Role.RATER]}
        until(lambda: client.post("/api/session", json=body).status_code == 503)
        assert rater.get("/api/me").status_code == 200
        stack.close()
        until(lambda: client.post("/api/session", json=body).status_code == 204)


def test_changes_need_the_header(site: Site) -> None:
    """Which forms of other sites can't send; also to sign in, and with a token too."""
    with site.visit(Role.OPERATOR) as client:
        for given in ({"X-Madseg": "0"}, {"X-Madseg": ""}):
            assert client.post("/api/candidate-sets", headers=given).status_code == 403
            assert client.post("/api/session", headers=given).status_code == 403
            assert client.delete("/api/session", headers=given).status_code == 403
    assert not site.services.selector.asked


@pytest.mark.parametrize("said", ["https://evil.example", "null", "http://127.0.0.1:1", "", "http://[", "file://"])
def test_changes_of_another_origin_are_refused(site: Site, said: str) -> None:
    """Whoever shows the token, and however."""
    with site.visit() as client:
        _sign_in(client, site)
        assert client.post("/api/candidate-sets", headers={"Origin": said}).status_code == 403
        bearer = {"authorization": f"Bearer {site.tokens[Role.OPERATOR]}", "Origin": said}
        assert client.post("/api/candidate-sets", headers=bearer).status_code == 403
        assert client.post("/api/session", json={"token": "x"}, headers={"Origin": said}).status_code == 403
    assert not site.services.selector.asked


def test_a_cookie_needs_the_origin(site: Site) -> None:
    """A token in the header doesn't: no browser adds it by itself."""
    body = {"per_ranking": 3, "allow_incomplete": True}
    with site.visit() as client:
        _sign_in(client, site)
        assert client.post("/api/candidate-sets", json=body).status_code == 403
        assert client.post("/api/candidate-sets", json=body, headers=origin(site)).status_code == 200
    with site.visit(Role.OPERATOR) as client:
        assert client.post("/api/candidate-sets", json=body).status_code == 200


def test_nobody_is_let_to_read_from_another_site(site: Site) -> None:
    """No answer allows it, not even to a question beforehand."""
    with site.visit(Role.ADMIN, Origin="https://evil.example") as client:
        for method in ("GET", "OPTIONS"):
            answer = client.request(method, "/api/me")
            assert not [name for name in answer.headers if name.startswith("access-control")]


def test_guessing_is_slowed_down(site: Site) -> None:
    """By address; who has a token isn't touched, signed in or not: a proxy's address is everybody's."""
    with site.visit() as client:
        statuses = [client.post("/api/session", json={"token": f"t{n}"}).status_code for n in range(LIMIT)]
        assert statuses == [401] * LIMIT
        refused = client.post("/api/session", json={"token": "t"})
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= WINDOW_SECONDS
        assert client.post("/api/session", json={"token": site.tokens[Role.RATER]}).status_code == 204
    with site.visit(Role.RATER) as rater:
        assert rater.get("/api/me").status_code == 200


def test_attempts_are_forgotten() -> None:
    """After the window, and the oldest where there are too many addresses."""
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for _ in range(LIMIT):
        attempts.count("a")
    with pytest.raises(TooMany, match="too many"):
        attempts.count("a")
    attempts.count("b")
    now[0] = WINDOW_SECONDS
    for _ in range(LIMIT):
        attempts.count("a")
    for number in range(ADDRESSES):
        attempts.count(str(number))
    attempts.count("a")


def _sign_in(client: httpx.Client, site: Site) -> None:
    assert client.post("/api/session", json={"token": site.tokens[Role.OPERATOR]}).status_code == 204
