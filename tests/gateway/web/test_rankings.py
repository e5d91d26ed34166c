"""Rankings, maps and candidate sets as the pages get them."""

import pytest

from madseg.core.label_map import decode
from madseg.security.access import Role
from tests.client.canned import image_id
from tests.gateway.web.site import OWN_TOKEN, Site

BUS = {"target": "ours", "competitor": "theirs", "defender": "target", "class": "bus"}


def test_the_taxonomy(site: Site) -> None:
    """Labels, colours, void, background and grid."""
    with site.visit(Role.RATER) as client:
        found = client.get("/api/taxonomy").json()
    assert found["classes"][1] == {"label": 1, "name": "bus", "colour": "#001001", "ranked": True}
    assert (found["void"], found["background"], found["grid"]) == (255, 0, {"height": 16, "width": 16})


def test_the_matrix(site: Site) -> None:
    """One cell for each competitor, defender and class."""
    with site.visit(Role.OPERATOR) as client:
        found = client.get("/api/matrix").json()
    assert (found["target"], len(found["cells"])) == ("ours/2", 8)
    first = {"competitor": "others/1", "defender": "target", "class_name": "bus", "images": 1200, "eligible": 600}
    assert first.items() <= found["cells"][0].items()
    assert found["cells"][-1]["top_discrepancy"] is None


@pytest.mark.parametrize("number", ["4294967296", "²"])
def test_a_version_that_can_not_be_is_refused(site: Site, number: str) -> None:
    """In a query as anywhere: 400, with what is wrong."""
    wrong = f"ours/{number}"
    with site.visit(Role.REVIEWER) as client:
        found = [
            client.get("/api/matrix", params={"target": wrong}),
            client.get("/api/ranking", params={**BUS, "competitor": wrong}),
            client.get("/api/comparison", params={"version": wrong}),
        ]
    with site.visit(Role.ANNOTATOR) as client:
        found.append(client.get("/api/mask-tasks/x/start", params={"competitor": wrong}))
    assert [answer.status_code for answer in found] == [400] * 4
    assert "name or name/3" in found[0].json()["detail"]


def test_a_ranking_in_pages(site: Site) -> None:
    """Best first, with the contest that answered; a source filters."""
    with site.visit(Role.REVIEWER) as client:
        first = client.get("/api/ranking", params={**BUS, "page_size": 3}).json()
        second = client.get(
            "/api/ranking", params={**BUS, "page_size": 3, "page_token": first["next_page_token"], "source": "camera-3"}
        ).json()
    assert [entry["rank"] for entry in first["entries"] + second["entries"]] == [1, 2, 3, 4]
    assert first["entries"][0] == {
        "rank": 1,
        "image_id": image_id(1),
        "discrepancy": 0.9,
        "area_share": 0.05,
        "source": "camera-3",
        "captured_at": "2026-03-14T01:00:00+00:00",
        "near_duplicates": [image_id(99)],
    }
    assert (first["revision"], first["contest"]["competitor"], second["next_page_token"]) == (7, "others/1", "")
    assert site.services.selector.asked[1].filter.source == "camera-3"  # type: ignore[attr-defined]


def test_a_ranking_of_a_time(site: Site) -> None:
    """From a moment and before another; one without a time zone, or that UTC doesn't have, is 400."""
    bounds = {"since": "2026-03-01T00:00:00Z", "until": "2026-03-02T12:00:00+02:00"}
    with site.visit(Role.REVIEWER) as client:
        found = client.get("/api/ranking", params={**BUS, **bounds})
        wrong = client.get("/api/ranking", params={**BUS, "since": "2026-03-01T00:00:00"})
        never = client.get("/api/ranking", params={**BUS, "until": "yesterday"})
        beyond = client.get("/api/ranking", params={**BUS, "until": "9999-12-31T23:59:59-01:00"})
    assert [answer.status_code for answer in (found, wrong, never, beyond)] == [200, 400, 400, 400]
    assert [answer.json()["field"] for answer in (wrong, never, beyond)] == ["since", "until", "until"]
    asked = site.services.selector.asked[0].filter  # type: ignore[attr-defined]
    assert (asked.source, asked.captured_from.ToJsonString()) == ("", "2026-03-01T00:00:00Z")
    assert asked.captured_until.ToJsonString() == "2026-03-02T10:00:00Z"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"defender": "nobody"}, "defender"),
        ({"page_size": "0"}, "page_size"),
        ({"page_size": "99999999999999999999"}, "page_size"),
        ({"page_size": "many"}, "page_size"),
        ({"class": None}, "class"),
    ],
)
def test_wrong_queries_name_the_field(site: Site, changed: dict[str, str | None], field: str) -> None:
    """With 400."""
    query = {name: value for name, value in {**BUS, **changed}.items() if value is not None}
    with site.visit(Role.REVIEWER) as client:
        answer = client.get("/api/ranking", params=query)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_why(site: Site) -> None:
    """Versions are written name/3; what isn't there is null; what nobody knows is 404."""
    with site.visit(Role.ANNOTATOR) as client:
        found = client.get(f"/api/images/{image_id(1)}/why").json()
        assert client.get(f"/api/images/{image_id(99)}/why").status_code == 404
    assert found["outcomes"][1] == {
        "version": "others/1",
        "failure": "the GPU ran out of memory",
        "mean_entropy": None,
    }
    assert found["contests"][0]["classes"][1]["rank"] is None
    assert found["exclusions"] == ["veto"]


def test_maps_come_in_their_wire_form(site: Site) -> None:
    """Kept for ever by whoever asked, and by nobody in between."""
    with site.visit(Role.ANNOTATOR) as client:
        listed = client.get(f"/api/images/{image_id(1)}/maps").json()
        found = client.get(f"/api/images/{image_id(1)}/maps/ours/2")
        missing = client.get(f"/api/images/{image_id(1)}/maps/ours/3")
        wrong = client.get(f"/api/images/{image_id(1)}/maps/ours/0")
    assert listed == [{"version": "ours/2"}, {"version": "theirs/1"}, {"version": "others/1"}]
    assert decode(found.content).dense().shape == (16, 16)
    assert found.headers["content-type"] == "application/octet-stream"
    assert found.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert (missing.status_code, wrong.status_code) == (404, 400)
    assert "ours/3" in missing.json()["detail"]


def test_those_who_only_rate_see_what_they_judge(site: Site) -> None:
    """By a competitor's map they could tell how much the two disagree; so the services keep all maps from them, and the
    gateway asks for the one."""
    with site.visit(Role.RATER) as client:
        judged = client.get(f"/api/images/{image_id(1)}/maps/ours/2")
        rival = client.get(f"/api/images/{image_id(1)}/maps/theirs/1")
    assert judged.status_code == 200
    assert rival.status_code == 403
    assert "no campaign judges the label maps of theirs/1" in rival.json()["detail"]
    assert site.services.selector.shown == [f"Bearer {OWN_TOKEN}"]


def test_whoever_may_see_all_maps_asks_in_their_own_name(site: Site) -> None:
    """So that the services decide."""
    with site.visit(Role.ANNOTATOR) as client:
        assert client.get(f"/api/images/{image_id(1)}/maps/theirs/1").status_code == 200
    assert site.services.selector.shown == [f"Bearer {site.tokens[Role.ANNOTATOR]}"]


def test_what_is_judged_is_asked_for_once(site: Site) -> None:
    """Not for every map."""
    with site.visit(Role.RATER) as client:
        for number in range(1, 6):
            assert client.get(f"/api/images/{image_id(number)}/maps/ours/2").status_code == 200
    assert len(site.scoring.asked) == 1


def test_candidate_sets(site: Site) -> None:
    """Listed, cut, and read in pages."""
    with site.visit(Role.OPERATOR) as client:
        listed = client.get("/api/candidate-sets", params={"page_size": 7, "page_token": "t"}).json()
        assert ([item["id"] for item in listed["candidate_sets"]], listed["next_page_token"]) == (["cut-1"], "")
        refused = client.post("/api/candidate-sets", json={"per_ranking": 5})
        body = {"per_ranking": 5, "note": "<script>", "allow_incomplete": True}
        cut = client.post("/api/candidate-sets", json=body).json()
        first = client.get("/api/candidate-sets/newest/candidates", params={"page_size": 3}).json()
        last = client.get(
            "/api/candidate-sets/cut-1/candidates", params={"page_token": first["next_page_token"]}
        ).json()
        unknown = client.get("/api/candidate-sets/cut-9/candidates")
    assert (refused.status_code, unknown.status_code) == (409, 404)
    assert (cut["per_ranking"], cut["note"], cut["cut_at"]) == (5, "<script>", "2026-03-14T15:00:00+00:00")
    assert [item["rank"] for item in first["candidates"] + last["candidates"]] == [1, 2, 3, 4]
    assert first["candidates"][0]["placements"][0]["key"]["competitor"] == "theirs/1"
    assert (first["candidate_set"]["id"], last["next_page_token"]) == ("cut-1", "")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"7",
        b"null",
        b"\xff\xfe",
        b'{"per_ranking": "5"}',
        b'{"per_ranking": 5.5}',
        b'{"per_ranking": true}',
        b'{"per_ranking": -1}',
        b'{"per_ranking": 4294967296}',
        b'{"per_ranking": 1e400}',
        b'{"per_ranking": ' + b"9" * 5000 + b"}",
        b'{"note": {"a": 1}}',
        b'{"note": "\\ud800"}',
        b'{"__proto__": {}}',
        b'{"a":' * 20_000,
    ],
)
def test_wrong_bodies_are_refused(site: Site, body: bytes) -> None:
    """As the caller's fault, before anything is asked."""
    with site.visit(Role.OPERATOR) as client:
        answer = client.post("/api/candidate-sets", content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert not site.services.selector.asked


def test_huge_bodies_are_refused(site: Site) -> None:
    """By what they claim, and by what they are; without a token nothing of them is read."""
    chunks = [b" " * 100_000] * 30
    with site.visit(Role.OPERATOR) as client:
        for content in (b" " * 3_000_000, iter(chunks)):
            answer = client.post("/api/candidate-sets", content=content)
            assert (answer.status_code, answer.json()["status"]) == (413, 413)
    with site.visit() as nobody:
        assert nobody.post("/api/candidate-sets", content=b" " * 300_000).status_code == 401
