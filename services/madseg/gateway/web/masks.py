"""/api/mask-tasks: which masks are to be drawn, by whom, and how far they are."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from starlette.responses import StreamingResponse

from madseg.gateway.web.bodies import Body, read_body
from madseg.gateway.web.callers import Annotator, Caller, Insider, Operator, Overseer
from madseg.gateway.web.candidates import newest
from madseg.gateway.web.encoding import said
from madseg.gateway.web.streaming import Streams


class Made(Body):
    """How the tasks of a campaign are shared out."""

    annotators: tuple[str, ...] = ()
    double_share: Annotated[float, Field(ge=0, le=1)] | None = None


class Added(Body):
    """Images of one's own choice."""

    image_ids: tuple[str, ...]
    purpose: str


class Chosen(Body):
    """Which task somebody wants; none: the next."""

    task_id: str = ""


def mask_routes(streams: Streams) -> APIRouter:
    """The routes of whoever hands masks out, and of whoever takes one."""
    router = APIRouter()

    @router.post("/campaigns/{campaign_id}/mask-tasks")
    async def create_mask_tasks(caller: Operator, campaign_id: str, request: Request) -> Response:
        body = await read_body(request, Made)
        return said(
            await caller.ask(
                lambda client: client.create_mask_tasks(
                    newest(campaign_id), annotators=body.annotators, double_share=body.double_share
                )
            )
        )

    @router.post("/mask-tasks")
    async def add_mask_tasks(caller: Operator, request: Request) -> Response:
        body = await read_body(request, Added)
        return said(await caller.ask(lambda client: client.add_mask_tasks(body.image_ids, body.purpose)))

    @router.get("/mask-tasks")
    async def list_mask_tasks(
        caller: Insider,
        campaign_id: str = "",
        state: str = "",
        purpose: str = "",
        annotator: str = "",
        page_token: str = "",
        page_size: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        return said(
            await caller.ask(
                lambda client: client.mask_task_page(
                    campaign_id=campaign_id,
                    state=state or None,
                    purpose=purpose or None,
                    annotator=annotator,
                    page_size=page_size,
                    page_token=page_token,
                )
            )
        )

    @router.get("/mask-tasks/events")
    async def watch_mask_task(caller: Insider, task_id: str) -> StreamingResponse:
        async def ask(somebody: Caller) -> object:
            return {"task": await somebody.ask(lambda client: client.mask_task(task_id))}

        return await streams.open("task", task_id, ask, caller)

    @router.post("/mask-tasks/take")
    async def take_mask_task(caller: Annotator, request: Request) -> Response:
        task_id = (await read_body(request, Chosen)).task_id
        return said({"task": await caller.ask(lambda client: client.take_mask_task(task_id))})

    @router.get("/mask-tasks/{task_id}")
    async def get_mask_task(caller: Insider, task_id: str) -> Response:
        return said({"task": await caller.ask(lambda client: client.mask_task(task_id))})

    @router.post("/mask-tasks/{task_id}/return")
    async def return_mask_task(caller: Annotator, task_id: str) -> Response:
        return said({"task": await caller.ask(lambda client: client.return_mask_task(task_id))})

    @router.get("/ceiling")
    async def get_human_ceiling(caller: Overseer, campaign_id: str = "") -> Response:
        return said(await caller.ask(lambda client: client.human_ceiling(campaign_id)))

    return router
