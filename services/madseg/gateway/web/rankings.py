"""/api/matrix, /api/ranking and /api/images/{id}/why: where the models disagree most. Not for those who only rate."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from starlette.responses import StreamingResponse

from madseg.client import Client, ImageFilter, RankingPage, RankingSummary
from madseg.gateway.web.callers import Caller, Reader
from madseg.gateway.web.encoding import said
from madseg.gateway.web.streaming import Streams

MAX_PAGE = 1000
MAX_TOP = 200


@dataclass(frozen=True)
class Chosen:
    """Which ranking, and of which images: from a source, captured from `since` on and before `until`."""

    target: Annotated[str, Query()]
    competitor: Annotated[str, Query()]
    defender: Annotated[str, Query()]
    class_name: Annotated[str, Query(alias="class")]
    source: Annotated[str, Query()] = ""
    since: Annotated[datetime | None, Query()] = None
    until: Annotated[datetime | None, Query()] = None

    def images(self) -> ImageFilter | None:
        """Which images; None for all."""
        chosen = ImageFilter(self.since, self.until, self.source)
        return None if chosen == ImageFilter() else chosen

    def page(self, client: Client, size: int, token: str = "") -> RankingPage:
        """A page of it."""
        return client.ranking_page(
            self.target,
            self.competitor,
            self.defender,
            self.class_name,
            images=self.images(),
            page_size=size,
            page_token=token,
        )


Ranking = Annotated[Chosen, Depends()]
PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE)]


def ranking_routes(streams: Streams) -> APIRouter:
    """The routes of these pages."""
    router = APIRouter()

    @router.get("/matrix")
    async def get_matrix(caller: Reader, target: str = "") -> Response:
        cells = await caller.ask(lambda client: client.matrix(target or None))
        return said({"target": cells[0].key.target if cells else target, "cells": list(map(_cell, cells))})

    @router.get("/ranking")
    async def get_ranking(caller: Reader, chosen: Ranking, page_token: str = "", page_size: PageSize = 25) -> Response:
        return said(await caller.ask(lambda client: chosen.page(client, page_size, page_token)))

    @router.get("/ranking/events")
    async def watch_ranking(
        caller: Reader, chosen: Ranking, top: Annotated[int, Query(ge=1, le=MAX_TOP)] = 25
    ) -> StreamingResponse:
        async def ask(somebody: Caller) -> object:
            page = await somebody.ask(lambda client: chosen.page(client, top))
            return {"entries": page.entries, "revision": page.revision}

        return await streams.open("ranking", (chosen, top), ask, caller)

    @router.get("/images/{image_id}/why")
    async def explain_image(caller: Reader, image_id: str) -> Response:
        return said(await caller.ask(lambda client: client.explain(image_id)))

    return router


def _cell(item: RankingSummary) -> dict[str, object]:
    return {
        "competitor": item.key.competitor,
        "defender": item.key.defender,
        "class_name": item.key.class_name,
        "images": item.images,
        "eligible": item.eligible,
        "mean_discrepancy": item.mean_discrepancy,
        "top_discrepancy": item.top_discrepancy,
    }
