"""/api/runs: how versions are trained and released, and /api/models/{name}/rollback."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse

from madseg.gateway.web.bodies import Body, Count, Empty, read_body
from madseg.gateway.web.callers import Anybody, Caller, Operator
from madseg.gateway.web.candidates import newest
from madseg.gateway.web.encoding import said
from madseg.gateway.web.streaming import Streams


class Promotion(Body):
    """Whether the version is released although the gate refused it, which admins may do."""

    despite_gate: bool = False


class Back(Body):
    """The newest version that takes part, as the page shows it; 0: whichever is."""

    expected_newest: Count = 0


def run_routes(streams: Streams) -> APIRouter:
    """The routes of runs. Everybody may look; operators release, cancel and roll back."""
    router = APIRouter()

    @router.get("/runs")
    async def list_runs(
        caller: Anybody,
        state: str = "",
        page_token: str = "",
        page_size: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        return said(
            await caller.ask(
                lambda client: client.run_page(state=state or None, page_size=page_size, page_token=page_token)
            )
        )

    @router.get("/runs/{run_id}")
    async def get_run(caller: Anybody, run_id: str) -> Response:
        return said(await caller.ask(lambda client: client.run(newest(run_id))))

    @router.get("/runs/{run_id}/events")
    async def watch_run(caller: Anybody, run_id: str) -> StreamingResponse:
        async def ask(somebody: Caller) -> object:
            return {"run": await somebody.ask(lambda client: client.run(newest(run_id)))}

        return await streams.open("run", run_id, ask, caller)

    @router.post("/runs/{run_id}/promote")
    async def promote_run(caller: Operator, run_id: str, request: Request) -> Response:
        despite = (await read_body(request, Promotion)).despite_gate
        return said(await caller.ask(lambda client: client.promote_run(run_id, despite_gate=despite)))

    @router.post("/runs/{run_id}/cancel")
    async def cancel_run(caller: Operator, run_id: str, request: Request) -> Response:
        await read_body(request, Empty)
        return said(await caller.ask(lambda client: client.cancel_run(run_id)))

    @router.post("/models/{name}/rollback")
    async def roll_back(caller: Operator, name: str, request: Request) -> Response:
        newest_shown = (await read_body(request, Back)).expected_newest
        return said(await caller.ask(lambda client: client.rollback_version(name, expected_newest=newest_shown)))

    return router
