"""/api/reviews and what is said of a mask: findings, messages, decisions."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from madseg.client.values.masks import Point
from madseg.gateway.web.bodies import Body, Count, read_body
from madseg.gateway.web.callers import Drawer, Insider, Reviewer
from madseg.gateway.web.encoding import said
from madseg.gateway.web.masks import Chosen


class Place(Body):
    """A place on the original picture."""

    x: Count
    y: Count


class NewFinding(Body):
    """What is wrong, and where."""

    revision: Count
    place: Place
    type: str
    text: str = ""


class NewState(Body):
    """Where a finding stands from now on."""

    state: str


class Decision(Body):
    """What a reviewer decides of a revision."""

    revision: Count
    decision: str


class Words(Body):
    """A message."""

    text: str


def review_routes() -> APIRouter:
    """The routes of reviewers, and of whoever answers them."""
    router = APIRouter()

    @router.post("/reviews/take")
    async def take_review(caller: Reviewer, request: Request) -> Response:
        task_id = (await read_body(request, Chosen)).task_id
        return said({"task": await caller.ask(lambda client: client.take_review(task_id))})

    @router.post("/mask-tasks/{task_id}/findings")
    async def add_finding(caller: Reviewer, task_id: str, request: Request) -> Response:
        body = await read_body(request, NewFinding)
        place = Point(body.place.x, body.place.y)
        found = await caller.ask(
            lambda client: client.add_finding(task_id, body.revision, place, body.type, text=body.text)
        )
        return said({"finding": found})

    @router.post("/mask-tasks/{task_id}/findings/{number}")
    async def update_finding(
        caller: Drawer, task_id: str, number: Annotated[int, Path(ge=1, le=(1 << 32) - 1)], request: Request
    ) -> Response:
        state = (await read_body(request, NewState)).state
        return said({"finding": await caller.ask(lambda client: client.update_finding(task_id, number, state))})

    @router.post("/mask-tasks/{task_id}/decision")
    async def decide_review(caller: Reviewer, task_id: str, request: Request) -> Response:
        body = await read_body(request, Decision)
        return said(
            {"task": await caller.ask(lambda client: client.decide_review(task_id, body.revision, body.decision))}
        )

    @router.post("/mask-tasks/{task_id}/messages")
    async def post_message(caller: Insider, task_id: str, request: Request) -> Response:
        text = (await read_body(request, Words)).text
        return said({"message": await caller.ask(lambda client: client.post_message(task_id, text))})

    return router
