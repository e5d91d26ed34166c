"""The overview, with and without its parts."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from madseg.client import Client
from madseg.gateway.web.application import QUICK_SECONDS, TIMEOUT_SECONDS
from madseg.gateway.web.throughput import POINTS, Throughput
from madseg.security.access import Role
from tests.gateway.web.canned_masks import NAME
from tests.gateway.web.site import Site
from tests.gateway.web.site import site as started
from tests.gateway.web.test_events import events


def test_everything_on_one_page(site: Site) -> None:
    """Counts, versions with their roles, contests, sets, campaigns, people."""
    with site.visit(Role.RATER) as client:
        found = client.get("/api/overview").json()
    counts = {"images": 12345, "random_lane": 246, "lag": 12, "dead_letters": 1, "revision": 7}
    assert counts.items() <= found.items()
    assert found["parts"] == [
        {"name": name, "ok": True, "detail": ""}
        for name in ("gateway", "selector", "models", "labelling", "finetune", "rounds")
    ]
    ours = next(item for item in found["versions"] if item["version"] == "ours/2")
    assert (ours["stored"], ours["failed"]) == (12343, 2)
    assert [item["state"] for item in found["contests"]] == ["complete", "filling"]
    assert found["replays"][0]["seconds_left"] == 138.0
    assert [(item["number"], item["step"]) for item in found["rounds"]] == [(1, "drawing")]
    assert [item["id"] for item in found["candidate_sets"]] == ["cut-1"]
    assert found["people"] == [{"name": "ada", "doing": "scoring"}]
    assert "'discrepancy':" not in str(found)


def test_the_mask_tasks_are_for_those_who_see_them(site: Site) -> None:
    """Counted by state, with who is at them."""
    with site.visit(Role.OPERATOR) as client:
        found = client.get("/api/overview").json()
    assert found["mask_tasks"] == {"drawing": 1}
    assert found["people"] == [{"name": NAME, "doing": "drawing"}, {"name": "ada", "doing": "scoring"}]
    with site.visit(Role.RATER) as client:
        assert client.get("/api/overview").json()["mask_tasks"] == {}


def test_the_services_are_asked_once_a_second(site: Site) -> None:
    """However many look."""
    with site.visit(Role.RATER) as client:
        for _ in range(20):
            client.get("/api/overview")
    assert len(site.scoring.asked) <= 3


def test_it_comes_as_events(site: Site) -> None:
    """The throughput alone makes it change."""
    with site.visit(Role.RATER) as client, client.stream("GET", "/api/overview/events") as answer:
        heard = events(answer)
        assert [next(heard)[0], next(heard)[0]] == ["overview", "overview"]


def test_parts_that_are_away_are_shown(tmp_path: Path) -> None:
    """Nobody listens at two of them, and one never answers; the page doesn't wait as long as a question may take."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        deaf = f"127.0.0.1:{silent.getsockname()[1]}"

        def connect(timeout: float) -> Client:
            return Client(None, deaf, *["127.0.0.1:1"] * 4, timeout=timeout)

        with started(tmp_path, connect=connect) as site, site.visit(Role.OPERATOR) as client:
            client.get("/api/me")
            for _ in range(2):
                began = time.monotonic()
                answer = client.get("/api/overview")
                assert time.monotonic() - began < TIMEOUT_SECONDS
                _check_away(answer)
                time.sleep(1)


def test_many_who_ask_at_once_wait_for_one_answer(tmp_path: Path) -> None:
    """Where a part hangs, too."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        deaf = f"127.0.0.1:{silent.getsockname()[1]}"

        def connect(timeout: float) -> Client:
            return Client(None, *[deaf] * 5, timeout=timeout)

        with started(tmp_path, connect=connect) as site, ThreadPoolExecutor(8) as pool:

            def look(number: int) -> float:
                time.sleep(number / 10)
                began = time.monotonic()
                with site.visit(Role.RATER) as client:
                    assert client.get("/api/overview").status_code == 200
                return time.monotonic() - began

            assert max(pool.map(look, range(8))) < 5 * QUICK_SECONDS


def _check_away(answer: httpx.Response) -> None:
    assert answer.status_code == 200
    parts = {item["name"]: item for item in answer.json()["parts"]}
    assert [name for name, item in parts.items() if not item["ok"]] == [
        "selector",
        "models",
        "labelling",
        "finetune",
        "rounds",
    ]
    assert all(item["detail"] for name, item in parts.items() if name != "gateway")
    assert (answer.json()["images"], answer.json()["random_lane"], answer.json()["contests"]) == (None, 246, [])


def test_the_throughput_is_of_the_last_hour() -> None:
    """A gap makes no rate, what is forgotten no negative one."""
    throughput = Throughput()
    assert throughput.series() == []
    for at, images in ((0, 0), (10, 50), (20, 20)):
        throughput.sample(at, images)
    throughput.gap()
    throughput.sample(1000, 9000)
    throughput.sample(1010, 9001)
    assert [item["value"] for item in throughput.series()] == [5.0, 0, 0.1]
    for number in range(2 * POINTS):
        throughput.sample(2000 + number, 0)
    assert len(throughput.series()) == POINTS
