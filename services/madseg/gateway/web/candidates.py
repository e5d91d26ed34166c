"""/api/candidate-sets: cuts of M. Not for those who only rate."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from madseg.gateway.web.bodies import Body, Count, read_body
from madseg.gateway.web.callers import Operator, Reader
from madseg.gateway.web.encoding import said


class Cut(Body):
    """How M is to be cut."""

    per_ranking: Count = 25
    note: str = ""
    allow_incomplete: bool = False
    idempotency_key: Annotated[str, Field(max_length=200)] = ""


def candidate_routes() -> APIRouter:
    """The routes of candidate sets."""
    router = APIRouter()

    @router.get("/candidate-sets")
    async def list_candidate_sets(
        caller: Reader, page_token: str = "", page_size: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> Response:
        return said(
            await caller.ask(lambda client: client.candidate_set_page(page_size=page_size, page_token=page_token))
        )

    @router.post("/candidate-sets")
    async def cut_candidates(caller: Operator, request: Request) -> Response:
        cut = await read_body(request, Cut)
        return said(await caller.ask(lambda client: client.cut_candidates(**cut.model_dump())))

    @router.get("/candidate-sets/{set_id}/candidates")
    async def list_candidates(
        caller: Reader, set_id: str, page_token: str = "", page_size: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> Response:
        chosen = newest(set_id)
        return said(
            await caller.ask(lambda client: client.candidate_page(chosen, page_size=page_size, page_token=page_token))
        )

    return router


def newest(name: str) -> str:
    """An id as the services take it: an empty one is the newest."""
    return "" if name == "newest" else name
