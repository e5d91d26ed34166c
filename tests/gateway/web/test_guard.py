"""Who gets where."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute

from madseg.gateway.web.application import Pages
from madseg.security.access import Role, remove_token
from tests.gateway.web.site import Site
from tests.gateway.web.site import site as started

IMAGE = f"{1:032x}"
TASK = f"{7:032x}"
EVERYBODY = set(Role)
READERS = EVERYBODY - {Role.RATER, Role.SOURCE}
"""Those who only rate must not see how much the models disagree."""
INSIDERS = READERS - {Role.READER}

OPERATORS, RATERS, ANNOTATORS, REVIEWERS = (
    {role, Role.ADMIN} for role in (Role.OPERATOR, Role.RATER, Role.ANNOTATOR, Role.REVIEWER)
)
OVERSEERS = REVIEWERS | OPERATORS

TABLE: dict[str, set[Role]] = {
    "DELETE /session": EVERYBODY,
    "GET /me": EVERYBODY,
    "GET /taxonomy": EVERYBODY,
    "GET /overview": EVERYBODY,
    "GET /overview/events": EVERYBODY,
    "GET /matrix": READERS,
    "GET /ranking": READERS,
    "GET /ranking/events": READERS,
    "GET /images/{image_id}/why": READERS,
    "GET /images/{image_id}/maps": READERS,
    "GET /images/{image_id}/maps/{model}/{version}": EVERYBODY,
    "GET /candidate-sets": READERS,
    "POST /candidate-sets": OPERATORS,
    "GET /candidate-sets/{set_id}/candidates": READERS,
    "GET /campaigns": EVERYBODY,
    "POST /campaigns": OPERATORS,
    "GET /campaigns/{campaign_id}": EVERYBODY,
    "GET /campaigns/{campaign_id}/events": EVERYBODY,
    "GET /campaigns/{campaign_id}/opinions": OVERSEERS,
    "GET /campaigns/{campaign_id}/vetoes": OVERSEERS,
    "POST /campaigns/{campaign_id}/vetoes/revoke": OPERATORS,
    "GET /campaigns/{campaign_id}/agreement": OVERSEERS,
    "POST /campaigns/{campaign_id}/choose": OPERATORS,
    "GET /campaigns/{campaign_id}/sets": INSIDERS,
    "POST /campaigns/{campaign_id}/take": RATERS,
    "POST /campaigns/{campaign_id}/undo": RATERS,
    "POST /assignments/return": RATERS,
    "POST /assignments/{assignment_id}/judgement": RATERS,
    "POST /campaigns/{campaign_id}/mask-tasks": OPERATORS,
    "POST /mask-tasks": OPERATORS,
    "GET /mask-tasks": INSIDERS,
    "GET /mask-tasks/events": INSIDERS,
    "POST /mask-tasks/take": ANNOTATORS,
    "GET /mask-tasks/{task_id}": INSIDERS,
    "POST /mask-tasks/{task_id}/return": ANNOTATORS,
    "GET /ceiling": OVERSEERS,
    "GET /mask-tasks/{task_id}/start": ANNOTATORS,
    "PUT /mask-tasks/{task_id}/mask": ANNOTATORS,
    "POST /mask-tasks/{task_id}/submit": ANNOTATORS,
    "POST /mask-tasks/{task_id}/send-back": ANNOTATORS,
    "GET /mask-tasks/{task_id}/revisions/{revision}": INSIDERS,
    "GET /mask-tasks/{task_id}/revisions/{revision}/canonical": INSIDERS,
    "POST /reviews/take": REVIEWERS,
    "POST /mask-tasks/{task_id}/findings": REVIEWERS,
    "POST /mask-tasks/{task_id}/findings/{number}": ANNOTATORS | REVIEWERS,
    "POST /mask-tasks/{task_id}/decision": REVIEWERS,
    "POST /mask-tasks/{task_id}/messages": INSIDERS,
    "GET /runs": EVERYBODY,
    "GET /runs/{run_id}": EVERYBODY,
    "GET /runs/{run_id}/events": EVERYBODY,
    "POST /runs/{run_id}/promote": OPERATORS,
    "POST /runs/{run_id}/cancel": OPERATORS,
    "POST /models/{name}/rollback": OPERATORS,
    "GET /rounds": EVERYBODY,
    "GET /rounds/events": EVERYBODY,
    "POST /rounds": OPERATORS,
    "GET /rounds/{round_id}": EVERYBODY,
    "GET /rounds/{round_id}/events": EVERYBODY,
    "POST /rounds/{round_id}/approve": OPERATORS,
    "POST /rounds/{round_id}/cancel": OPERATORS,
    "GET /rounds/{round_id}/repairs": INSIDERS,
    "GET /rounds/{round_id}/report": OVERSEERS,
    "GET /policy": EVERYBODY,
    "PUT /policy": OPERATORS,
    "GET /standings": OVERSEERS,
    "GET /comparison": OVERSEERS,
    "GET /coverage": OVERSEERS,
    "GET /competition": OVERSEERS,
    "GET /results": OVERSEERS,
}
"""Who may ask what. Each route of the API stands here."""


def routes(pages: Pages) -> Iterator[str]:
    """All routes of the API but the one that signs in."""
    for router in pages.routers:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            for method in route.methods or ():
                if (method, route.path) != ("POST", "/session"):
                    yield f"{method} {route.path}"


def ask(client: httpx.Client, route: str) -> int:
    """The status of a bare request, whose answer isn't waited for."""
    method, path = route.split()
    path = re.sub(r"{(image|task|set|campaign|assignment|run|round)_id}", IMAGE, path)
    path = re.sub(r"{(version|number|revision)}", "2", re.sub("{(model|name)}", "ours", path))
    query = "?target=ours&competitor=theirs&defender=target&class=bus" if "ranking" in path else ""
    with client.stream(method, f"/api{path}{query}") as answer:
        return answer.status_code


def test_the_table_has_every_route(site: Site) -> None:
    """A route that nobody thought about fails here."""
    assert set(routes(site.pages)) == set(TABLE)


def test_nobody_gets_in_without_a_token(site: Site) -> None:
    """Not to any route, nor to one that isn't there."""
    with site.visit() as nobody:
        for route in [*TABLE, "GET /nothing", "GET /", "POST /me", "PUT /session", "POST /session/", "POST //session"]:
            assert ask(nobody, route) == 401, route
        answer = nobody.get("/api/me")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert {"status": 401, "title": "Unauthorized"}.items() <= answer.json().items()


@pytest.mark.parametrize("role", list(Role))
def test_each_role_gets_where_it_may(site: Site, role: Role) -> None:
    """And is refused everywhere else, before anything is asked."""
    with site.visit(role) as somebody:
        for route, roles in TABLE.items():
            assert (ask(somebody, route) != 403) == (role in roles), route


@pytest.mark.parametrize(
    "shown", ["Bearer", "Bearer nobody", "Basic YTpi", "Bearer " + "x" * 5000, "Bearer \xff", "bearer null"]
)
def test_wrong_tokens_are_nobodys(site: Site, shown: str) -> None:
    """Whatever they look like."""
    with site.visit() as client:
        assert client.get("/api/me", headers={b"authorization": shown.encode("latin-1")}).status_code == 401


def test_a_removed_token_ends_at_once(site: Site) -> None:
    """Also for a client that is connected."""
    with site.visit(Role.RATER) as rater:
        assert rater.get("/api/me").json() == {"name": "the rater", "roles": ["rater"], "insecure": False}
        remove_token(site.file, "the rater")
        assert rater.get("/api/me").status_code == 401


def test_paths_in_disguise_are_guarded(site: Site) -> None:
    """The guard and the router read the same path."""
    with site.visit() as nobody:
        for path in ("/%61pi/me", "/api/./me", "/api/%2e/me", "/api/me/", "/api//me", "/API/me", "/api/me%00"):
            answer = nobody.get(path)
            assert "roles" not in answer.text, path


def test_without_a_file_of_tokens_the_api_is_shut(tmp_path: Path) -> None:
    """It says what to do, and opens once somebody did."""
    with started(tmp_path) as site, site.visit(Role.ADMIN) as admin:
        whole = site.file.read_text()
        site.file.unlink()
        answer = admin.get("/api/me")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "madseg access add" in answer.json()["detail"]
        site.file.write_text(whole)
        assert admin.get("/api/me").status_code == 200


def test_without_tokens_everybody_is_somebody(tmp_path: Path) -> None:
    """On this machine: a page of another site that points its name here is refused."""
    with started(tmp_path, insecure=True) as site, site.visit() as client:
        assert client.get("/api/me").json() == {"name": "somebody", "roles": sorted(Role), "insecure": True}
        assert client.post("/api/session", json={"token": "Ada L"}).status_code == 204
        assert client.get("/api/me", headers={"cookie": "madseg=Ada%20L"}).json()["name"] == "Ada L"
        for host in ("evil.example", "127.evil.example:80", "localhost.evil.example", "[::2]", "::", ""):
            for method, path in (("GET", "/api/me"), ("POST", "/api/session")):
                assert client.request(method, path, headers={"host": host}).status_code in (400, 403), host
        assert client.get("/api/me", headers={"host": f"localhost:{site.url.rpartition(':')[2]}"}).status_code == 200
