"""/api/standings, /api/results, and comparisons: what the versions are worth."""

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Response

from madseg.client import Client, Competition, Coverage, NotFound, ResultPage, VersionComparison
from madseg.gateway.web.callers import Overseer
from madseg.gateway.web.encoding import said

T = TypeVar("T")

Whole = Annotated[int, Query(ge=0, lt=1 << 31)]
Number = Annotated[int, Query(alias="round", ge=0, lt=1 << 31)]

MAX_VERSIONS = 8
"""Versions that are compared in one answer."""


def evaluation_routes() -> APIRouter:
    """The routes of figures. Test sets are for reviewers and operators."""
    router = APIRouter()

    @router.get("/standings")
    async def get_standings(caller: Overseer, model: str = "") -> Response:
        return said(await caller.ask(lambda client: client.standings(model)))

    @router.get("/results")
    async def list_results(
        caller: Overseer,
        kind: str = "round",
        round_number: Number = 0,
        model: str = "",
        page_token: str = "",
        page_size: Annotated[int, Query(ge=1, le=1000)] = 1000,
    ) -> Response:
        def ask(client: Client) -> ResultPage:
            return client.result_page(kind, round_number, model=model, page_size=page_size, page_token=page_token)

        return said(await caller.ask(ask))

    @router.get("/comparison")
    async def compare_versions(
        caller: Overseer,
        kind: str = "random_lane",
        round_number: Number = 0,
        version: Annotated[list[str] | None, Query(max_length=MAX_VERSIONS)] = None,
        model: str = "",
    ) -> Response:
        named = version or []

        def ask(client: Client) -> VersionComparison:
            return client.compare_versions(kind, round_number, named, model=model)

        wanted = bool(named) or kind != "random_lane"
        return said({"comparison": await caller.ask(ask if wanted else lambda client: _or_none(ask, client))})

    @router.get("/coverage")
    async def get_coverage(
        caller: Overseer, kind: str = "random_lane", round_number: Number = 0, version: Whole = 0, model: str = ""
    ) -> Response:
        def ask(client: Client) -> Coverage:
            return client.coverage(kind, round_number, version=version, model=model)

        wanted = bool(version) or kind != "random_lane"
        return said({"coverage": await caller.ask(ask if wanted else lambda client: _or_none(ask, client))})

    @router.get("/competition")
    async def get_competition(caller: Overseer, candidate_set_id: str = "") -> Response:
        def ask(client: Client) -> Competition:
            return client.competition(candidate_set_id)

        return said(
            {"competition": await caller.ask(ask if candidate_set_id else lambda client: _or_none(ask, client))}
        )

    return router


def _or_none(ask: Callable[[Client], T], client: Client) -> T | None:
    """None where there is nothing yet to be told: no mask of the random lane, no competition."""
    try:
        return ask(client)
    except NotFound:
        return None
