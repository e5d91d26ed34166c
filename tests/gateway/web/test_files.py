"""The pages' files, and the headers of everything."""

import http.client
import re

import pytest

from madseg.gateway.web.files import STATIC
from madseg.gateway.web.headers import POLICY
from madseg.security.access import Role
from tests.gateway.web.site import Site


@pytest.mark.parametrize(
    "path", ["/", "/overview", "/rankings/target/ours", "/static/app.js", "/api/me", "/nothing.js"]
)
def test_everything_has_the_headers(site: Site, path: str) -> None:
    """Pages, files, answers and refusals."""
    with site.visit() as client:
        headers = client.get(path).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert "camera=()" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/api/me", "/v1/nothing"])
def test_over_https_browsers_are_told_to_stay_there(site: Site, path: str) -> None:
    """A proxy on this machine says that it was https."""
    with site.visit() as client:
        client.headers["x-forwarded-proto"] = "https"
        assert client.get(path).headers["strict-transport-security"] == "max-age=31536000"


def test_the_page_has_nothing_that_the_policy_forbids() -> None:
    """No script, style or handler in its own text, and nothing from elsewhere."""
    page = (STATIC / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:|(?:src|href)=.https?:", page)


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    """Word for word."""
    assert POLICY == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )


@pytest.mark.parametrize("path", ["/", "/overview", "/draw/7", "/index", "/a%2Fb"])
def test_the_pages_are_one(site: Site, path: str) -> None:
    """Each address of theirs shows it, to nobody in particular."""
    with site.visit() as client:
        answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.content == (STATIC / "index.html").read_bytes()


def test_files_are_kept_by_their_tag(site: Site) -> None:
    """An unchanged one isn't sent again."""
    with site.visit() as client:
        first = client.get("/static/app.js")
        again = client.get("/static/app.js", headers={"if-none-match": first.headers["etag"]})
    assert first.content == (STATIC / "app.js").read_bytes()
    assert "javascript" in first.headers["content-type"]
    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../http_api.py",
        "/static/%2e%2e/http_api.py",
        "/static/..%2fhttp_api.py",
        "/static/..%5chttp_api.py",
        "/static/lib/../../http_api.py",
        "/static//etc/passwd",
        "/static/%2fetc/passwd",
        "/static/",
        "/static",
        "/static/lib",
        "/static/.hidden",
        "/static/app.js%00",
        "/static/" + "a" * 5000,
        "/static/nothing.js",
        "/v1/nothing",
        "/favicon.ico",
        "/..%2f..%2fetc%2fpasswd.txt",
    ],
)
def test_nothing_else_is_a_file(site: Site, path: str) -> None:
    """Asked for as it stands, since clients tidy paths up."""
    connection = http.client.HTTPConnection(site.url.removeprefix("http://"), timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    assert answer.status in (404, 307), (answer.status, body[:200])
    assert b"import" not in body


def test_methods_that_a_path_has_not(site: Site) -> None:
    """405 with the methods that it has, 404 without a route; as problem details."""
    with site.visit(Role.ADMIN) as client:
        for method, path, status in (
            ("POST", "/api/me", 405),
            ("DELETE", "/api/matrix", 405),
            ("GET", "/api/nothing", 404),
            ("GET", "/api/me/", 404),
            ("POST", "/api/nothing", 404),
        ):
            answer = client.request(method, path)
            assert (answer.status_code, answer.json()["status"]) == (status, status)
            assert answer.headers["content-type"] == "application/problem+json"
            assert ("allow" in answer.headers) == (status == 405)
            assert answer.headers["cache-control"] == "no-store"
