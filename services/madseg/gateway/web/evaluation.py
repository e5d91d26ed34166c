"""/api/standings, /api/results, and what a round repaired: what the versions are worth."""

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Response

from madseg.client import Client, Competition, Coverage, NotFound, VersionComparison
from madseg.core.errors import InvalidInput
from madseg.gateway.web.callers import Insider, Overseer
from madseg.gateway.web.candidates import newest
from madseg.gateway.web.encoding import said
from madseg.report.facts import Pictures, gather
from madseg.report.repairs import Repair, Repairs
from madseg.report.round_page import round_page

T = TypeVar("T")

Whole = Annotated[int, Query(ge=0, lt=1 << 31)]
Number = Annotated[int, Query(alias="round", ge=0, lt=1 << 31)]

MAX_VERSIONS = 8
"""Versions that are compared in one answer."""

MAX_REPAIRS = 50
"""Of one page: each is asked for by itself."""


def evaluation_routes(pictures: Pictures) -> APIRouter:
    """The routes of figures. Test sets are for reviewers and operators, counterexamples not for those who only rate."""
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
    ) -> Response:
        return said({"results": await caller.ask(lambda client: client.results(kind, round_number, model=model))})

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

    @router.get("/rounds/{round_id}/repairs")
    async def list_repairs(
        caller: Insider,
        round_id: str,
        page_token: str = "",
        page_size: Annotated[int, Query(ge=1, le=MAX_REPAIRS)] = 6,
    ) -> Response:
        start = _start(page_token)

        def ask(client: Client) -> dict[str, object]:
            found = Repairs(client, client.round(newest(round_id)))
            end = start + page_size
            shown = list(map(_told, found.part(start, page_size)))
            return {"repairs": shown, "next_page_token": str(end) if end < len(found) else ""}

        return said(await caller.ask(ask))

    @router.get("/rounds/{round_id}/report")
    async def get_report(caller: Overseer, round_id: str) -> Response:
        facts = await caller.ask(lambda client: gather(client, pictures, newest(round_id)))
        page = await caller.asking.wait(lambda: round_page(facts))
        name = f"{facts.round.target.model}-round-{facts.round.number}.html"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(page, media_type="text/html", headers=headers)

    return router


def _or_none(ask: Callable[[Client], T], client: Client) -> T | None:
    """None where there is nothing yet to be told: no mask of the random lane, no competition."""
    try:
        return ask(client)
    except NotFound:
        return None


def _start(token: str) -> int:
    if token and not (token.isascii() and token.isdigit() and len(token) < 10):
        raise InvalidInput(f"page_token isn't one of this list: {token[:40]!r}", field="page_token")
    return int(token or 0)


def _told(item: Repair) -> dict[str, object]:
    names = ("image_id", "rank", "mean", "main_class", "before", "after", "task_id", "revision")
    return {name: getattr(item, name) for name in names}
