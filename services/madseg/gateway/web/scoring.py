"""/api/campaigns and /api/assignments: scores by people, and what is chosen by them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from starlette.responses import StreamingResponse

from madseg.client import Client
from madseg.client.values.scoring import CampaignPlan, Tally, VetoRecord
from madseg.core.errors import InvalidInput
from madseg.gateway.web.bodies import Body, Count, read_body
from madseg.gateway.web.callers import Anybody, Caller, Insider, Operator, Overseer, Rater
from madseg.gateway.web.candidates import newest
from madseg.gateway.web.encoding import said
from madseg.gateway.web.streaming import Streams

Share = Annotated[float, Field(ge=0, le=1)]


class Plan(Body):
    """How a campaign is to be run; what is left out takes the service's default."""

    raters: Count | None = None
    counterexamples: Count | None = None
    test_reserved: Count | None = None
    test_reported: Count | None = None
    test_per_class: Count | None = None
    adaptive: bool | None = None
    full_share: Share | None = None
    repeat_share: Share | None = None
    lease_seconds: Count | None = None
    seed: Annotated[int, Field(ge=0, lt=1 << 64)] | None = None


class NewCampaign(Body):
    """A campaign to open."""

    candidate_set_id: str = ""
    plan: Plan = Plan()
    note: str = ""
    idempotency_key: str = ""


class Take(Body):
    """How many images somebody wants to hold."""

    count: Count = 1


class Returned(Body):
    """Which assignments are given back; none: all."""

    assignment_ids: tuple[str, ...] = ()


class GivenVeto(Body):
    """Why an image is out of domain."""

    reason: str
    text: str = ""


class Judgement(Body):
    """What a rater says: exactly one of grade, veto and abstention."""

    grade: Count | None = None
    veto: GivenVeto | None = None
    abstention: bool = False
    looked_ms: Count = 0

    def give(self, client: Client, assignment_id: str) -> Tally:
        """Gives it."""
        if (self.grade is not None) + (self.veto is not None) + self.abstention != 1:
            raise InvalidInput("a judgement is exactly one of grade, veto and abstention", field="judgement")
        if self.grade is not None:
            return client.grade(assignment_id, self.grade, looked_ms=self.looked_ms)
        if self.veto is not None:
            return client.veto(assignment_id, self.veto.reason, self.veto.text, looked_ms=self.looked_ms)
        return client.abstain(assignment_id, looked_ms=self.looked_ms)


class Revoked(Body):
    """Whose vetoes are taken back."""

    image_id: str


class Choice(Body):
    """How the sets are to be chosen."""

    allow_incomplete: bool = False


def campaign_routes(streams: Streams) -> APIRouter:
    """The routes of whoever runs and watches campaigns."""
    router = APIRouter()

    @router.get("/campaigns")
    async def list_campaigns(
        caller: Anybody, page_token: str = "", page_size: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> Response:
        return said(await caller.ask(lambda client: client.campaign_page(page_size=page_size, page_token=page_token)))

    @router.post("/campaigns")
    async def create_campaign(caller: Operator, request: Request) -> Response:
        body = await read_body(request, NewCampaign)
        chosen, plan = newest(body.candidate_set_id), CampaignPlan(**body.plan.model_dump())
        return said(
            await caller.ask(
                lambda client: client.create_campaign(
                    chosen, plan, note=body.note, idempotency_key=body.idempotency_key
                )
            )
        )

    @router.get("/campaigns/{campaign_id}")
    async def get_campaign(caller: Anybody, campaign_id: str) -> Response:
        return said(await caller.ask(lambda client: client.campaign(newest(campaign_id))))

    @router.get("/campaigns/{campaign_id}/events")
    async def watch_campaign(caller: Anybody, campaign_id: str) -> StreamingResponse:
        async def ask(somebody: Caller) -> object:
            return {"campaign": await somebody.ask(lambda client: client.campaign(newest(campaign_id)))}

        return await streams.open("campaign", newest(campaign_id), ask, caller)

    @router.get("/campaigns/{campaign_id}/opinions")
    async def list_opinions(
        caller: Overseer, campaign_id: str, page_token: str = "", page_size: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> Response:
        chosen = newest(campaign_id)
        return said(
            await caller.ask(lambda client: client.opinion_page(chosen, page_size=page_size, page_token=page_token))
        )

    @router.get("/campaigns/{campaign_id}/vetoes")
    async def list_vetoes(caller: Overseer, campaign_id: str) -> Response:
        found = await caller.ask(lambda client: client.vetoes(newest(campaign_id)))
        return said({"vetoes": list(map(_veto, found))})

    @router.post("/campaigns/{campaign_id}/vetoes/revoke")
    async def revoke_vetoes(caller: Operator, campaign_id: str, request: Request) -> Response:
        image = (await read_body(request, Revoked)).image_id
        return said({"revoked": await caller.ask(lambda client: client.revoke_vetoes(image, newest(campaign_id)))})

    @router.get("/campaigns/{campaign_id}/agreement")
    async def get_agreement(caller: Overseer, campaign_id: str) -> Response:
        return said(await caller.ask(lambda client: client.agreement(newest(campaign_id))))

    @router.post("/campaigns/{campaign_id}/choose")
    async def choose_sets(caller: Operator, campaign_id: str, request: Request) -> Response:
        incomplete = (await read_body(request, Choice)).allow_incomplete
        return said(
            await caller.ask(lambda client: client.choose_sets(newest(campaign_id), allow_incomplete=incomplete))
        )

    @router.get("/campaigns/{campaign_id}/sets")
    async def get_chosen_sets(caller: Insider, campaign_id: str) -> Response:
        return said(await caller.ask(lambda client: client.chosen_sets(newest(campaign_id))))

    return router


def rating_routes() -> APIRouter:
    """The routes of raters."""
    router = APIRouter()

    @router.post("/campaigns/{campaign_id}/take")
    async def take_assignments(caller: Rater, campaign_id: str, request: Request) -> Response:
        count = (await read_body(request, Take)).count
        return said(await caller.ask(lambda client: client.take_assignments(newest(campaign_id), count)))

    @router.post("/campaigns/{campaign_id}/undo")
    async def undo_judgement(caller: Rater, campaign_id: str) -> Response:
        return said({"assignment": await caller.ask(lambda client: client.undo_judgement(newest(campaign_id)))})

    @router.post("/assignments/return")
    async def return_assignments(caller: Rater, request: Request) -> Response:
        ids = (await read_body(request, Returned)).assignment_ids
        return said({"returned": await caller.ask(lambda client: client.return_assignments(ids))})

    @router.post("/assignments/{assignment_id}/judgement")
    async def judge(caller: Rater, assignment_id: str, request: Request) -> Response:
        judgement = await read_body(request, Judgement)
        return said(await caller.ask(lambda client: judgement.give(client, assignment_id)))

    return router


def _veto(item: VetoRecord) -> dict[str, object]:
    return {
        "image_id": item.image_id,
        "rater": item.rater,
        "at": item.at,
        "veto": {"reason": item.reason, "text": item.text},
        "revoked_by": item.revoked_by,
    }
