"""/api/images/{id}/maps: label maps in their wire form, for the pages to draw."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from madseg.client import Client, Version
from madseg.core.errors import Forbidden, NotFound
from madseg.gateway.web.callers import READERS, Anybody, Caller, Reader
from madseg.gateway.web.encoding import MAP_TYPE, said

KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}
"""A version's map of an image never changes, nor does a revision of a mask."""

Number = Annotated[int, Path(ge=1, le=(1 << 32) - 1)]


def map_routes() -> APIRouter:
    """The routes of label maps."""
    router, judged = APIRouter(), Judged()

    @router.get("/images/{image_id}/maps")
    async def list_maps(caller: Reader, image_id: str) -> Response:
        found = await caller.ask(lambda client: client.label_maps(image_id))
        return said([{"version": item.version} for item in found])

    @router.get("/images/{image_id}/maps/{model}/{version}")
    async def get_map(caller: Anybody, image_id: str, model: str, version: Number) -> Response:
        wanted = Version(model, version)
        await judged.check(caller, wanted)
        # The selector keeps those who only rate from all maps of an image; they are shown the one that they judge.
        ask = caller.ask if caller.who.may(*READERS) else caller.ask_as_gateway
        found = await ask(lambda client: client.label_maps(image_id))
        content = next((item.label_map for item in found if item.version == wanted), None)
        if content is None:
            raise NotFound(f"{wanted} has no label map of image {image_id}")
        return Response(content, media_type=MAP_TYPE, headers=KEPT)

    return router


class Judged:
    """Versions that a campaign judges. What one has judged stays so: the services are asked about others alone."""

    def __init__(self) -> None:
        self._known: frozenset[Version] = frozenset()

    async def check(self, caller: Caller, version: Version) -> None:
        """Those who only rate see what they judge: by another model's map they could tell how much the two disagree.

        Raises:
            Forbidden: no campaign judges this version.
        """
        if caller.who.may(*READERS):
            return
        if version not in self._known:
            self._known = await caller.ask(_judged)
        if version not in self._known:
            raise Forbidden(f"{caller.who.name} rates, and no campaign judges the label maps of {version}")


def _judged(client: Client) -> frozenset[Version]:
    return frozenset(campaign.target for campaign in client.campaigns(page_size=1000))
