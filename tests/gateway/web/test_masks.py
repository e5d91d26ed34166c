"""Mask tasks, masks and reviews as the pages get them."""

import json
from typing import Any
from urllib.parse import unquote

import pytest

from madseg.gateway.web.bodies import MAX_MASK_BYTES
from madseg.security.access import Role
from madseg.v1 import masks_pb2
from tests.client.canned import image_id
from tests.gateway.web.canned_masks import NAME, TASK
from tests.gateway.web.site import Site
from tests.gateway.web.test_events import events

AT = f"/api/mask-tasks/{TASK}"


def test_operators_make_tasks(site: Site) -> None:
    """For a campaign, and for images of their own choice."""
    with site.visit(Role.OPERATOR) as client:
        made = client.post("/api/campaigns/newest/mask-tasks", json={"annotators": ["ada"], "double_share": 0.5})
        added = client.post("/api/mask-tasks", json={"image_ids": [image_id(1)], "purpose": "random_lane"})
        wrong = client.post("/api/mask-tasks", json={"image_ids": [], "purpose": "fun"})
        listed = client.get("/api/mask-tasks", params={"state": "in_review", "purpose": "test", "annotator": "ada"})
        unknown = client.get("/api/mask-tasks", params={"state": "lost"})
        ceiling = client.get("/api/ceiling").json()
    assert (made.json(), added.json()) == ({"created": 3, "present": 1}, {"created": 1, "present": 0})
    assert (wrong.status_code, unknown.status_code) == (400, 400)
    assert ([item["id"] for item in listed.json()["tasks"]], listed.json()["next_page_token"]) == ([TASK], "")
    assert ceiling == {"images": 0, "mean_iou": None}
    create, add, find = site.masks.asked[:3]
    assert (create.campaign_id, list(create.annotators), create.double_share) == ("", ["ada"], 0.5)
    assert add.purpose == masks_pb2.MASK_PURPOSE_RANDOM_LANE
    assert (find.state, find.purpose) == (masks_pb2.MASK_TASK_STATE_IN_REVIEW, masks_pb2.MASK_PURPOSE_TEST)


def test_a_task(site: Site) -> None:
    """Whole, with its findings and messages."""
    with site.visit(Role.ANNOTATOR) as client:
        taken = client.post("/api/mask-tasks/take", json={}).json()["task"]
        again = client.get(AT).json()["task"]
        unknown = client.get(f"/api/mask-tasks/{image_id(9)}")
        returned = client.post(f"{AT}/return").json()["task"]
        site.masks.nothing_left = True
        nothing = client.post("/api/mask-tasks/take").json()
    assert taken == again == returned
    expected = {"id": TASK, "purpose": "second_opinion", "state": "drawing", "annotator": NAME, "target": None}
    assert expected.items() <= taken.items()
    assert (taken["size"], taken["crop"]["left"]) == ({"height": 20, "width": 30}, 5)
    assert taken["findings"][0] == {
        "number": 1,
        "revision": 2,
        "place": {"x": 3, "y": 4},
        "type": "wrong_class",
        "text": "a cat",
        "state": "open",
        "author": "rex",
    }
    assert (unknown.status_code, nothing) == (404, {"task": None})


def test_a_mask_is_begun_saved_and_handed_in(site: Site) -> None:
    """In octets, under the caller's key."""
    with site.visit(Role.ANNOTATOR) as client:
        start = client.get(f"{AT}/start", params={"start": "competitor", "competitor": "theirs/1"})
        refused = client.get(f"{AT}/start", params={"start": "majority"})
        wrong = client.get(f"{AT}/start", params={"start": "competitor", "competitor": "theirs/x"})
        saved = client.put(f"{AT}/mask", params={"follows": 2, "key": "k", "drawing_ms": 40}, content=b"\x00new")
        broken = client.put(f"{AT}/mask", params={"follows": 2}, content=b"wrong")
        submitted = client.post(f"{AT}/submit", json={"revision": 3})
        sent_back = client.post(f"{AT}/send-back", json={"reason": "a drawing"}).json()
    assert (start.content, start.headers["content-type"]) == (b"\x00map", "application/octet-stream")
    boxes = json.loads(start.headers["x-disagreements"])
    assert (boxes[0], len(boxes)) == ([1, 2, 3, 4], 500)
    assert (refused.status_code, wrong.status_code, broken.status_code) == (409, 400, 400)
    assert (saved.json(), submitted.json()["task"]["id"]) == ({"revision": 3}, TASK)
    assert (sent_back["task"]["id"], sent_back["replacement_image_id"]) == (TASK, image_id(2))
    save = next(item for item in site.masks.asked if isinstance(item, masks_pb2.SaveMaskRequest))
    assert (save.follows, save.idempotency_key, save.drawing_ms, save.label_map) == (2, "k", 40, b"\x00new")


def test_a_revision_says_who_drew_it(site: Site) -> None:
    """Escaped, since a header can't hold every name."""
    with site.visit(Role.REVIEWER) as client:
        last, first = client.get(f"{AT}/revisions/0"), client.get(f"{AT}/revisions/1")
        wrong = client.get(f"{AT}/revisions/-1")
    assert (last.headers["x-revision"], first.headers["x-revision"]) == ("2", "1")
    assert (unquote(last.headers["x-author"]), last.content) == (NAME, b"\x00map")
    assert last.headers["content-security-policy"]
    assert wrong.status_code == 400


def test_large_masks_are_taken_and_larger_ones_refused(site: Site) -> None:
    """As bytes come, whatever the header claims."""
    with site.visit(Role.ANNOTATOR) as client:
        place, query = f"{AT}/mask", {"follows": 2}
        assert client.put(place, params=query, content=bytes(MAX_MASK_BYTES)).status_code == 200
        assert client.put(place, params=query, content=bytes(MAX_MASK_BYTES + 1)).status_code == 413
        assert client.put(place, params=query, content=iter([bytes(1 << 20)] * 20)).status_code == 413
        assert client.put(place, content=b"m").json()["field"] == "follows"


def test_a_review(site: Site) -> None:
    """Findings, messages and the decision."""
    with site.visit(Role.REVIEWER) as client:
        taken = client.post("/api/reviews/take", json={"task_id": TASK}).json()["task"]
        body = {"revision": 2, "place": {"x": 3, "y": 4}, "type": "wrong_class", "text": "a cat"}
        pinned = client.post(f"{AT}/findings", json=body).json()["finding"]
        changed = client.post(f"{AT}/findings/1", json={"state": "accepted"}).json()["finding"]
        said = client.post(f"{AT}/messages", json={"text": "<script>"}).json()["message"]
        sent = client.post(f"{AT}/decision", json={"revision": 2, "decision": "send_back"})
        own = client.post(f"{AT}/decision", json={"revision": 2, "decision": "accept"})
    assert taken["findings"] == [pinned] == [changed]
    assert (said["author"], said["text"]) == (NAME, "<script>")
    assert (sent.json()["task"]["id"], own.status_code) == (TASK, 403)
    added = next(item for item in site.masks.asked if isinstance(item, masks_pb2.AddFindingRequest))
    assert (added.place.x, added.place.y, added.type) == (3, 4, masks_pb2.FINDING_TYPE_WRONG_CLASS)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("findings", {"revision": 2, "place": {"x": -1, "y": 4}, "type": "extra"}),
        ("findings", {"revision": 2, "place": [3, 4], "type": "extra"}),
        ("findings", {"revision": 2, "place": {"x": 3, "y": 4}, "type": "ugly"}),
        ("findings/0", {"state": "open"}),
        ("findings/1", {"state": "gone"}),
        ("decision", {"revision": 2, "decision": "perhaps"}),
        ("messages", {"text": ["a"]}),
        ("messages", {}),
    ],
)
def test_wrong_words_are_refused(site: Site, path: str, body: dict[str, Any]) -> None:
    """With the field at fault."""
    with site.visit(Role.REVIEWER) as client:
        answer = client.post(f"{AT}/{path}", json=body)
    assert (answer.status_code, bool(answer.json()["field"])) == (400, True)


def test_a_task_as_events(site: Site) -> None:
    """Whenever somebody changes it; an unknown one is a plain 404."""
    with site.visit(Role.ANNOTATOR) as client:
        assert client.get("/api/mask-tasks/events", params={"task_id": image_id(9)}).status_code == 404
        with client.stream("GET", "/api/mask-tasks/events", params={"task_id": TASK}) as answer:
            heard = events(answer)
            assert next(heard)[1]["task"]["state"] == "drawing"
            site.masks.state = masks_pb2.MASK_TASK_STATE_ACCEPTED
            name, value = next(heard)
            assert (name, value["task"]["state"]) == ("task", "accepted")
