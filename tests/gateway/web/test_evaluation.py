"""What the versions are worth, and what a round repaired, as the pages get it."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pytest
from fastapi.routing import APIRoute

from madseg.client import Client
from madseg.core.label_map import decode, encode, from_dense
from madseg.core.preprocess import Size
from madseg.gateway.web.asking import Asking
from madseg.gateway.web.callers import Caller
from madseg.gateway.web.drawing import drawing_routes
from madseg.security.access import Principal, Role
from madseg.v1 import rounds_pb2
from tests.client.canned import image_id
from tests.gateway.web.canned_masks import TASK
from tests.gateway.web.canned_rounds import ROUND
from tests.gateway.web.site import Site

T = TypeVar("T")

REPAIR = {
    "image_id": image_id(1),
    "rank": 1,
    "mean": 1.5,
    "main_class": "bus",
    "before": 1.0,
    "after": None,
    "task_id": TASK,
    "revision": 2,
}


def found_map(site: Site) -> bytes:
    """What ours/2 says of every image."""
    return next(item.label_map for item in site.services.client.label_maps(image_id(1)))


def test_the_standings(site: Site) -> None:
    """Sets by what they are; what isn't defined is null."""
    with site.visit(Role.REVIEWER) as client:
        found = client.get("/api/standings", params={"model": "ours"}).json()
    assert found["sets"] == [{"kind": "round", "round": 1, "images": 30, "against": "ours/2", "vetoed": 2}]
    assert found["standings"][0]["figure"] == {"value": 0.25, "low": 0.125, "high": 0.5, "images": 30}
    assert found["ties"] == [{"set": 0, "versions": ["ours/3", "ours/2"]}]
    assert (found["differences"][0]["after"], found["differences"][0]["images_to_separate"]) == ("ours/3", None)
    assert found["stability"] == [None, 1.0]
    assert site.rounds.asked[0].model == "ours"


def test_results_image_by_image(site: Site) -> None:
    """Of one set; what is none is 400."""
    with site.visit(Role.OPERATOR) as client:
        paged = "kind=round&round=2&page_size=7&page_token=t"
        found = client.get(f"/api/results?{paged}").json()
        wrong = client.get("/api/results", params={"kind": "t1"})
    row = {"image_id": image_id(1), "version": "ours/2", "mean_iou": 0.5}
    assert found == {"results": [row], "next_page_token": ""}
    asked = site.rounds.asked[0]
    assert (asked.kind, asked.round, asked.page_size, asked.page_token) == (rounds_pb2.TEST_KIND_ROUND, 2, 7, "t")
    assert (wrong.status_code, wrong.json()["field"]) == (400, "kind")


def test_versions_in_pairs(site: Site) -> None:
    """Those that are named, on the random lane where nothing else is said; too many are refused here."""
    with site.visit(Role.REVIEWER) as client:
        found = client.get("/api/comparison", params={"version": ["ours/2", "ours/3"], "model": "ours"}).json()[
            "comparison"
        ]
        wrong = client.get("/api/comparison", params={"version": ["ours/2"] * 9})
        other = client.get("/api/comparison", params={"kind": "round", "round": 1 << 31})
    assert found["test_set"] == {"kind": "random_lane", "round": 0, "images": 120, "against": None, "vetoed": 7}
    assert (found["pairs"][0]["more_images"], found["pairs"][0]["corrected"]) == (4, 0.02)
    assert found["stability"] == [None, 1.0]
    (asked,) = site.evaluation.asked
    assert (asked.kind, [item.version for item in asked.versions]) == (rounds_pb2.TEST_KIND_RANDOM_LANE, [2, 3])
    assert (wrong.status_code, other.status_code) == (400, 400)


def test_what_the_contests_see(site: Site) -> None:
    """Of a version on a set."""
    with site.visit(Role.OPERATOR) as client:
        found = client.get("/api/coverage", params={"kind": "round", "round": 2, "version": 3}).json()["coverage"]
    assert (found["failures"], found["unranked"], found["correlation"]) == (1, 1, None)
    assert found["curve"] == [{"coverage": 0.5, "risk": 0.25}, {"coverage": 1.0, "risk": 0.5}]
    (asked,) = site.evaluation.asked
    assert (asked.kind, asked.round, asked.version) == (rounds_pb2.TEST_KIND_ROUND, 2, 3)


def test_the_newest_competition(site: Site) -> None:
    """Null where there is none; one that is named and isn't there is 404."""
    with site.visit(Role.REVIEWER) as client:
        found = client.get("/api/competition").json()["competition"]
        site.evaluation.met = False
        none = client.get("/api/competition")
        unknown = client.get("/api/competition", params={"candidate_set_id": "f" * 32})
    assert found["contestants"] == ["ours/2", "ours/3"]
    assert (found["duels"][0]["first_figure"], found["duels"][0]["drawn"]) == (None, 0)
    assert (none.json(), unknown.status_code) == ({"competition": None}, 404)


@pytest.mark.parametrize("path", ["standings", "results", "comparison", "coverage", "competition"])
def test_test_sets_are_for_reviewers_and_operators(site: Site, path: str) -> None:
    """Who draws them must not know how the versions do on them."""
    with site.visit(Role.ANNOTATOR) as client:
        assert client.get(f"/api/{path}").status_code == 403


def test_what_a_round_repaired(site: Site) -> None:
    """Both versions against the accepted mask, which is brought to their grid; one without a map has no figure."""
    pixels = np.full((20, 30), 255, np.uint8)
    pixels[:, 5:25] = 0
    pixels[5:15, 10:20] = 1  # as ours/2 sees it
    site.masks.drawn = encode(from_dense(pixels))
    at = f"/api/mask-tasks/{TASK}/revisions/2/canonical"
    with site.visit(Role.ANNOTATOR) as client:
        found = client.get(f"/api/rounds/{ROUND}/repairs").json()
        wrong = client.get(f"/api/rounds/{ROUND}/repairs", params={"page_token": "-1"})
        mask = client.get(at)
    assert found == {"repairs": [REPAIR], "next_page_token": ""}
    assert decode(mask.content).dense().tolist() == decode(found_map(site)).dense().tolist()
    assert mask.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert (wrong.status_code, wrong.json()["field"]) == (400, "page_token")
    with site.visit(Role.RATER) as client:
        assert client.get(f"/api/rounds/{ROUND}/repairs").status_code == 403
        assert client.get(at).status_code == 403


def test_a_mask_is_brought_to_the_grid_in_a_thread(site: Site) -> None:
    """A large one takes its time, in which others are answered."""
    site.masks.drawn = encode(from_dense(np.zeros((20, 30), np.uint8)))
    came: list[object] = []

    class Watched(Asking):
        async def wait(self, act: Callable[[], T]) -> T:
            found = await super().wait(act)
            came.append(found)
            return found

    asking = Watched(lambda: Client(labelling=site.behind, timeout=10))
    caller = Caller(Principal("ada", frozenset({Role.ANNOTATOR})), None, asking)
    at = "/mask-tasks/{task_id}/revisions/{revision}/canonical"
    routes = [route for route in drawing_routes(Size(20, 20)).routes if isinstance(route, APIRoute)]
    (route,) = [route for route in routes if route.path == at]
    answer = asyncio.run(route.endpoint(caller, TASK, 2))
    asking.close()
    assert came[-1] == answer.body


def test_a_report_to_send_on(site: Site) -> None:
    """One file with all of the round in it, for reviewers and operators."""
    site.masks.drawn = encode(from_dense(np.zeros((20, 30), np.uint8)))
    with site.visit(Role.REVIEWER) as client:
        found = client.get(f"/api/rounds/{ROUND}/report")
        unknown = client.get("/api/rounds/7/report")
    assert (found.status_code, found.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert found.headers["content-disposition"] == 'attachment; filename="ours-round-1.html"'
    assert "<h1>Round 1 of ours</h1>" in found.text
    assert "&lt;b&gt;two masks&lt;/b&gt; wait" in found.text
    assert "No contest ranks 1 of them: 25%" in found.text
    assert "Where versions disagree most" in found.text
    assert unknown.status_code == 404
    with site.visit(Role.ANNOTATOR) as client:
        assert client.get(f"/api/rounds/{ROUND}/report").status_code == 403
