"""Campaigns and judgements as the pages get them."""

from typing import Any

import pytest

from madseg.security.access import Role
from madseg.v1 import scoring_pb2
from tests.client.canned import image_id
from tests.gateway.web.canned_scoring import CAMPAIGN, NAME
from tests.gateway.web.site import Site
from tests.gateway.web.test_events import events


def test_campaigns(site: Site) -> None:
    """Listed, opened and read; the newest has a name; scripts in names are data."""
    with site.visit(Role.OPERATOR) as client:
        answer = client.get("/api/campaigns", params={"page_size": 7, "page_token": "t"}).json()
        [listed], more = answer["campaigns"], answer["next_page_token"]
        too_many = client.get("/api/campaigns", params={"page_size": 1001})
        body = {
            "candidate_set_id": "newest",
            "plan": {"raters": 5, "full_share": 0.5},
            "note": "n",
            "idempotency_key": "k",
        }
        opened = client.post("/api/campaigns", json=body)
        named = client.get(f"/api/campaigns/{CAMPAIGN}").json()
        newest = client.get("/api/campaigns/newest")
        unknown = client.get("/api/campaigns/7")
    assert listed == opened.json() == named == newest.json()
    assert (more, site.scoring.asked[0].page_size, site.scoring.asked[0].page_token) == ("", 7, "t")
    assert too_many.status_code == 400
    assert {
        "id": CAMPAIGN,
        "target": "ours/2",
        "state": "open",
        "active": ["ada"],
        "note": NAME,
    }.items() <= named.items()
    assert named["created_at"] == "2026-03-14T09:00:00+00:00"
    assert (newest.headers["content-type"], unknown.status_code) == ("application/json", 404)
    asked = site.scoring.asked[1]
    assert (asked.candidate_set_id, asked.plan.raters, asked.plan.full_share, asked.idempotency_key) == (
        "",
        5,
        0.5,
        "k",
    )
    assert not asked.plan.HasField("adaptive")


def test_the_callers_own_token_goes_on(site: Site) -> None:
    """From the header and from the cookie; a service that doesn't know it is 401."""
    with site.visit(Role.RATER) as client:
        client.get("/api/campaigns")
    with site.visit() as client:
        client.post("/api/session", json={"token": site.tokens[Role.ADMIN]})
        client.get("/api/campaigns")
        site.scoring.refuses = site.tokens[Role.ADMIN]
        assert client.get("/api/campaigns").status_code == 401
    assert site.scoring.shown == [site.tokens[Role.RATER], site.tokens[Role.ADMIN]]


def test_a_rater_takes_judges_and_undoes(site: Site) -> None:
    """Nothing that is told says how much the models disagree."""
    with site.visit(Role.RATER) as client:
        taken = client.post("/api/campaigns/newest/take", json={"count": 2}).json()
        place = f"/api/assignments/{taken['assignments'][0]['id']}/judgement"
        tallies = [
            client.post(place, json=body)
            for body in ({"grade": 5, "looked_ms": 900}, {"veto": {"reason": "corrupt"}}, {"abstention": True})
        ]
        undone = client.post(f"/api/campaigns/{CAMPAIGN}/undo")
        returned = client.post("/api/assignments/return", json={"assignment_ids": [image_id(101)]})
    assert set(taken["assignments"][0]) == {"id", "image_id", "target", "leased_until"}
    assert (taken["judged"], taken["left"]) == (7, 3)
    assert [item.json() for item in tallies] == [{"judged": 8, "left": 2}] * 3
    assert (undone.json()["assignment"]["image_id"], returned.json()) == (image_id(1), {"returned": 2})
    grade, veto, abstention = site.scoring.asked[1:4]
    assert (grade.grade, grade.looked_ms) == (scoring_pb2.GRADE_EXCELLENT, 900)
    assert veto.veto.reason == scoring_pb2.VETO_REASON_CORRUPT
    assert abstention.WhichOneof("judgement") == "abstention"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "judgement"),
        ({"grade": 3, "abstention": True}, "judgement"),
        ({"grade": 6}, "grade"),
        ({"grade": 0}, "grade"),
        ({"grade": "5"}, "grade"),
        ({"veto": {"reason": "ugly"}}, "reason"),
        ({"veto": {"reason": "other"}}, "veto.text"),
        ({"veto": "corrupt"}, "veto"),
        ({"grade": 3, "looked_ms": -1}, "looked_ms"),
    ],
)
def test_wrong_judgements_name_the_field(site: Site, body: dict[str, Any], field: str) -> None:
    """Whoever finds it."""
    with site.visit(Role.RATER) as client:
        answer = client.post(f"/api/assignments/{image_id(2)}/judgement", json=body)
        foreign = client.post(f"/api/assignments/{image_id(1)}/judgement", json={"grade": 1})
    assert answer.status_code == 400
    assert field in answer.json()["field"]
    assert (foreign.status_code, foreign.json()["detail"]) == (403, "it is somebody else's")


def test_what_comes_of_it(site: Site) -> None:
    """Opinions, vetoes, agreement and sets."""
    with site.visit(Role.OPERATOR) as client:
        at = f"/api/campaigns/{CAMPAIGN}"
        opinions = client.get(f"{at}/opinions", params={"page_token": "t"}).json()
        vetoes = client.get(f"{at}/vetoes").json()["vetoes"]
        revoked = client.post(f"{at}/vetoes/revoke", json={"image_id": image_id(3)}).json()
        agreement = client.get(f"{at}/agreement").json()
        chosen = client.post(f"{at}/choose", json={"allow_incomplete": True}).json()
        sets = client.get(f"{at}/sets").json()
    assert opinions["opinions"][0]["mean"] == 1.25
    assert (opinions["opinions"][0]["half_width"], opinions["next_page_token"]) == (None, "more")
    assert vetoes[0]["veto"] == {"reason": "other", "text": "<b>a drawing</b>"}
    assert (revoked, agreement["alpha"], agreement["raters"][0]["veto_rate"]) == ({"revoked": 2}, None, 0.25)
    assert chosen == sets
    assert (sets["counterexamples"][0]["main_class"], sets["test"][0]["rank"]) == ("bus", 2)
    assert site.scoring.asked[-2].allow_incomplete


def test_a_campaign_as_events(site: Site) -> None:
    """Whenever it gets on."""
    with site.visit(Role.RATER) as client, client.stream("GET", f"/api/campaigns/{CAMPAIGN}/events") as answer:
        heard = events(answer)
        assert next(heard)[1]["campaign"]["finished"] == 1
        site.scoring.finished = 2
        name, value = next(heard)
        assert (name, value["campaign"]["finished"]) == ("campaign", 2)
