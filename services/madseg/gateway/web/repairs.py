"""/api/rounds/…/repairs and /report: what a round repaired."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from madseg.client import Client
from madseg.core.errors import InvalidInput
from madseg.gateway.web.callers import Insider, Overseer
from madseg.gateway.web.candidates import newest
from madseg.gateway.web.encoding import said
from madseg.report.facts import Pictures, gather
from madseg.report.repairs import Repair, Repairs
from madseg.report.round_page import round_page

MAX_REPAIRS = 50
"""Of one page: each is asked for by itself."""


def repair_routes(pictures: Pictures) -> APIRouter:
    """The routes of what changed. Test sets are for reviewers and operators, counterexamples not for those who only
    rate."""
    router = APIRouter()

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


def _start(token: str) -> int:
    if token and not (token.isascii() and token.isdigit() and len(token) < 10):
        raise InvalidInput(f"page_token isn't one of this list: {token[:40]!r}", field="page_token")
    return int(token or 0)


def _told(item: Repair) -> dict[str, object]:
    names = ("image_id", "rank", "mean", "main_class", "before", "after", "task_id", "revision")
    return {name: getattr(item, name) for name in names}
