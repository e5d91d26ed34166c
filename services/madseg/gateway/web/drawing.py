"""/api/mask-tasks/{id}: what is drawn. Label maps travel in their wire form."""

import json
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response

from madseg.core.label_map import decode, encode
from madseg.core.masks import to_canonical
from madseg.core.preprocess import Box, Size
from madseg.gateway.web.bodies import Body, Count, read_body, read_octets
from madseg.gateway.web.callers import Annotator, Insider
from madseg.gateway.web.encoding import MAP_TYPE, said
from madseg.gateway.web.maps import KEPT

MAX_BOXES = 500
"""Places where models disagree, the largest: they travel in a header, of which browsers take so much."""

Number = Annotated[int, Query(ge=0, le=(1 << 32) - 1)]


class Submitted(Body):
    """The revision that is handed in."""

    revision: Count


class SentBack(Body):
    """Why an image is out of domain."""

    reason: str


def drawing_routes(grid: Size) -> APIRouter:
    """The routes of annotators at work. `grid` is the canonical one."""
    router = APIRouter()

    @router.get("/mask-tasks/{task_id}/start")
    async def get_mask_start(caller: Annotator, task_id: str, start: str = "", competitor: str = "") -> Response:
        found = await caller.ask(
            lambda client: client.mask_start(task_id, start=start or None, competitor=competitor or None)
        )
        boxes = [[box.left, box.top, box.width, box.height] for box in found.disagreements[:MAX_BOXES]]
        return Response(found.label_map, media_type=MAP_TYPE, headers={"X-Disagreements": json.dumps(boxes)})

    @router.put("/mask-tasks/{task_id}/mask")
    async def save_mask(
        caller: Annotator, task_id: str, request: Request, follows: Number, key: str = "", drawing_ms: Number = 0
    ) -> Response:
        content = await read_octets(request)
        revision = await caller.ask(
            lambda client: client.save_mask(
                task_id, content, follows=follows, idempotency_key=key, drawing_ms=drawing_ms
            )
        )
        return said({"revision": revision})

    @router.post("/mask-tasks/{task_id}/submit")
    async def submit_mask(caller: Annotator, task_id: str, request: Request) -> Response:
        revision = (await read_body(request, Submitted)).revision
        return said({"task": await caller.ask(lambda client: client.submit_mask(task_id, revision))})

    @router.post("/mask-tasks/{task_id}/send-back")
    async def send_back_image(caller: Annotator, task_id: str, request: Request) -> Response:
        reason = (await read_body(request, SentBack)).reason
        return said(await caller.ask(lambda client: client.send_back_image(task_id, reason)))

    @router.get("/mask-tasks/{task_id}/revisions/{revision}")
    async def get_mask_revision(
        caller: Insider, task_id: str, revision: Annotated[int, Path(ge=0, le=(1 << 32) - 1)]
    ) -> Response:
        found = await caller.ask(lambda client: client.mask_revision(task_id, revision))
        # A header is Latin-1 at most: names of other scripts come escaped.
        headers = {"X-Revision": str(found.revision), "X-Author": quote(found.author, safe=" '()@,;:!*<>")}
        return Response(found.label_map, media_type=MAP_TYPE, headers=headers)

    @router.get("/mask-tasks/{task_id}/revisions/{revision}/canonical")
    async def get_canonical_mask(
        caller: Insider, task_id: str, revision: Annotated[int, Path(ge=1, le=(1 << 32) - 1)]
    ) -> Response:
        """As models see it: beside their label maps."""
        task = await caller.ask(lambda client: client.mask_task(task_id))
        found = await caller.ask(lambda client: client.mask_revision(task_id, revision))
        crop = Box(task.crop.left, task.crop.top, task.crop.width, task.crop.height)
        # In a thread: a large mask takes long enough to hold up everybody else's answers.
        mask = await caller.asking.wait(lambda: encode(to_canonical(decode(found.label_map), crop, grid)))
        return Response(mask, media_type=MAP_TYPE, headers=KEPT)

    return router
