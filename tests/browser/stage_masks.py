"""Mask tasks on the stage: drawn, saved as revisions, reviewed; in memory, as the service would."""

import io
import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from madseg.core.errors import InvalidLabelMap
from madseg.core.label_map import LabelMap, decode, encode, from_dense
from madseg.core.preprocess import Box, Size, centre_crop
from tests.browser import canned, scenes
from tests.browser.answers import Answer, events, problem

if TYPE_CHECKING:
    from tests.browser.stage import Stage

DRAWN, NEXT, REVIEWED = (f"{number:032x}" for number in (0xD1, 0xD2, 0xE1))
"""Ids of the tasks: two to be drawn and one to be reviewed."""
SQUARE = Size(scenes.SIDE, scenes.SIDE)


@dataclass
class MaskDesk:
    """The tasks of a stage; fields may be changed while it runs."""

    size: Size = field(default_factory=lambda: Size(480, 640))
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    revisions: dict[str, list[bytes]] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.add(DRAWN, scenes.image_id(3), "counterexample")
        self.add(NEXT, scenes.image_id(4), "test")
        self.add(REVIEWED, scenes.image_id(5), "counterexample")
        self.tasks[REVIEWED] |= {"state": "submitted", "annotator": "grace"}
        for version in ("upernet/1", "deeplab/1", "segformer/4"):
            self.save(REVIEWED, self.start(REVIEWED, version))
        self.tasks[REVIEWED]["findings"] = [
            _finding(1, "boundary", "the border of the left one is off", "resolved", (250, 300)),
            _finding(2, "missing", "", "accepted", (420, 200)),
        ]
        said = {"author": "grace", "at": canned.ago(12), "text": "Is the mirror part of the car?"}
        self.tasks[REVIEWED]["messages"] = [said]

    @property
    def crop(self) -> Box:
        """What the models see."""
        return centre_crop(self.size, SQUARE)

    def add(self, task: str, image: str, purpose: str) -> None:
        """A task that waits."""
        crop = self.crop
        self.revisions[task] = []
        self.tasks[task] = {
            "id": task,
            "image_id": image,
            "purpose": purpose,
            "state": "waiting",
            "annotator": "",
            "reviewer": "",
            "campaign_id": canned.CAMPAIGN,
            "target": canned.TARGET,
            "size": {"height": self.size.height, "width": self.size.width},
            "crop": {"left": crop.left, "top": crop.top, "width": crop.width, "height": crop.height},
            "revision": 0,
            "accepted_revision": 0,
            "findings": [],
            "messages": [],
            "created_at": canned.ago(60),
            "changed_at": canned.ago(3),
            "seconds_drawing": 0.0,
        }

    def save(self, task: str, content: bytes) -> int:
        """The next revision."""
        self.revisions[task].append(content)
        self.tasks[task]["revision"] = len(self.revisions[task])
        return len(self.revisions[task])

    def pixels(self, task: str = DRAWN) -> NDArray[np.uint8]:
        """Of the last revision."""
        return decode(self.revisions[task][-1]).dense()

    def empty(self) -> NDArray[np.uint8]:
        """Background in the crop."""
        crop = self.crop
        dense = np.full((self.size.height, self.size.width), 255, np.uint8)
        dense[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width] = 0
        return dense

    def start(self, task: str, version: str) -> bytes:
        """A version's map on the original's grid."""
        crop = self.crop
        canonical = decode(scenes.label_map(self.tasks[task]["image_id"], version)).dense()
        rows = ((2 * np.arange(crop.height) + 1) * scenes.SIDE) // (2 * crop.height)
        columns = ((2 * np.arange(crop.width) + 1) * scenes.SIDE) // (2 * crop.width)
        dense = self.empty()
        dense[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width] = canonical[rows][:, columns]
        return encode(from_dense(dense))

    def picture(self, image: str) -> bytes:
        """The original of a scene; the canonical one is the middle of it."""
        return _original(image, self.size, self.crop)


@lru_cache(maxsize=4)
def _original(image: str, size: Size, crop: Box) -> bytes:
    scene = Image.open(io.BytesIO(scenes.picture(image)))
    whole = scene.resize((size.width, size.height))
    whole.paste(scene.resize((crop.width, crop.height)), (crop.left, crop.top))
    buffer = io.BytesIO()
    whole.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def _finding(number: int, kind: str, text: str, state: str, place: tuple[int, int]) -> dict[str, Any]:
    where = {"revision": 2, "place": {"x": place[0], "y": place[1]}}
    return {"number": number, **where, "type": kind, "text": text, "state": state, "author": "hopper"}


def _first(stage: "Stage", states: set[str], tasks: tuple[str, ...], becomes: str) -> Any:
    wanted = stage.sent[-1][2].get("task_id")
    for name in (wanted,) if wanted else tasks:
        task = stage.masks.tasks[name]
        if task["state"] in states and not stage.empty:
            task["state"] = becomes
            return {"task": task}
    return {"task": None}


def _take(stage: "Stage", _: Request) -> Any:
    return _first(stage, {"waiting", "drawing"}, (DRAWN, NEXT), "drawing")


def _take_review(stage: "Stage", _: Request) -> Any:
    return _first(stage, {"submitted", "in_review"}, (REVIEWED,), "in_review")


def _start(stage: "Stage", request: Request, task: str) -> Response:
    start, competitor = request.query_params["start"], request.query_params.get("competitor", "deeplab/1")
    version = {"target": canned.TARGET, "majority": "upernet/1", "competitor": competitor}.get(start)
    content = stage.masks.start(task, version) if version else encode(from_dense(stage.masks.empty()))
    boxes = [[180, 240, 120, 90], [420, 100, 60, 60], [300, 380, 30, 20]]
    headers = {"x-disagreements": json.dumps(boxes)}
    return Response(content, media_type="application/octet-stream", headers=headers)


def _save(stage: "Stage", request: Request, task: str) -> Any:
    desk, key = stage.masks, request.query_params["key"]
    if key in desk.keys:
        return {"revision": desk.keys[key]}
    if int(request.query_params["follows"]) != len(desk.revisions[task]):
        return problem(409, "Stale", f"the mask has revision {len(desk.revisions[task])}, yours follows another")
    content = stage.sent[-1][2]
    try:
        found: LabelMap = decode(content)
    except InvalidLabelMap as error:
        return problem(400, "Invalid", str(error))
    assert (found.height, found.width) == (desk.size.height, desk.size.width)
    assert (found.dense()[desk.empty() == 255] == 255).all(), "something was drawn outside the crop"
    desk.keys[key] = desk.save(task, content)
    return {"revision": desk.keys[key]}


def _submit(stage: "Stage", _: Request, task: str) -> Any:
    if stage.sent[-1][2]["revision"] != len(stage.masks.revisions[task]):
        return problem(409, "Stale", "this isn't the last revision")
    return _becomes(stage, task, "submitted")


def _becomes(stage: "Stage", task: str, state: str) -> Any:
    stage.masks.tasks[task]["state"] = state
    return {"task": stage.masks.tasks[task]}


def _send_back(stage: "Stage", _: Request, task: str) -> Any:
    return {**_becomes(stage, task, "sent_back"), "replacement_image_id": scenes.image_id(77)}


def _revision(stage: "Stage", _: Request, task: str, number: str) -> Response:
    revisions = stage.masks.revisions[task]
    wanted = int(number) or len(revisions)
    headers = {"x-revision": str(wanted), "x-author": "grace"}
    return Response(revisions[wanted - 1], media_type="application/octet-stream", headers=headers)


def _add_finding(stage: "Stage", _: Request, task: str) -> Any:
    findings, body = stage.masks.tasks[task]["findings"], stage.sent[-1][2]
    findings.append({**body, "number": len(findings) + 1, "state": "open", "author": "hopper"})
    return {"finding": findings[-1]}


def _update_finding(stage: "Stage", _: Request, task: str, number: str) -> Any:
    finding = stage.masks.tasks[task]["findings"][int(number) - 1]
    finding["state"] = stage.sent[-1][2]["state"]
    return {"finding": finding}


def _decide(stage: "Stage", _: Request, task: str) -> Any:
    return _becomes(stage, task, "accepted" if stage.sent[-1][2]["decision"] == "accept" else "drawing")


def _say(stage: "Stage", _: Request, task: str) -> Any:
    message = {"author": "hopper", "at": canned.ago(0), "text": stage.sent[-1][2]["text"]}
    stage.masks.tasks[task]["messages"].append(message)
    return {"message": message}


def _events(stage: "Stage", request: Request) -> Response:
    return events(stage, "task", lambda: {"task": stage.masks.tasks[request.query_params["task_id"]]})


ANSWERS: dict[tuple[str, str], Answer] = {
    ("POST", "mask-tasks/take"): _take,
    ("POST", "reviews/take"): _take_review,
    ("GET", "mask-tasks/events"): _events,
    ("GET", "mask-tasks/*"): lambda stage, _, task: {"task": stage.masks.tasks[task]},
    ("GET", "mask-tasks/*/start"): _start,
    ("PUT", "mask-tasks/*/mask"): _save,
    ("POST", "mask-tasks/*/submit"): _submit,
    ("POST", "mask-tasks/*/return"): lambda stage, _, task: _becomes(stage, task, "waiting"),
    ("POST", "mask-tasks/*/send-back"): _send_back,
    ("GET", "mask-tasks/*/revisions/*"): _revision,
    ("POST", "mask-tasks/*/findings"): _add_finding,
    ("POST", "mask-tasks/*/findings/*"): _update_finding,
    ("POST", "mask-tasks/*/decision"): _decide,
    ("POST", "mask-tasks/*/messages"): _say,
}
"""By method and path, as in `answers`."""
