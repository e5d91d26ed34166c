"""/api/rounds and /api/policy: Algorithm 1 from the competition to the next version."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from starlette.responses import StreamingResponse

from madseg.client import CampaignPlan, GateBounds, RunPlan
from madseg.client.values.rounds import RoundPlan, RoundPolicy
from madseg.gateway.web.bodies import Body, Count, Empty, read_body
from madseg.gateway.web.callers import Anybody, Caller, Operator
from madseg.gateway.web.candidates import newest
from madseg.gateway.web.encoding import said
from madseg.gateway.web.scoring import Plan, Share
from madseg.gateway.web.streaming import Streams

SHOWN = 50
"""Rounds that are watched together, the newest ones."""

Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Bounds(Body):
    """What a new version must hold; what is left out takes the service's default."""

    drop: Share | None = None
    negative_flips: Share | None = None
    flip: Share | None = None
    megabytes: Number | None = None
    slower: Number | None = None


class Training(Body):
    """How the version is made. Its target, its campaigns and its release are the round's to say."""

    s0: str = ""
    t0: str = ""
    recipe: str = ""
    changes: dict[str, Any] = Field(default_factory=dict)
    bounds: Bounds = Bounds()
    seed: Annotated[int, Field(ge=0, lt=1 << 63)] = 0

    def plan(self) -> RunPlan:
        """As the client has it."""
        bounds = GateBounds(**self.bounds.model_dump())
        return RunPlan("", (), self.s0, self.t0, self.recipe, self.changes, bounds, self.seed)


class Wanted(Body):
    """What a round is to do."""

    per_ranking: Count | None = None
    campaign: Plan = Plan()
    annotators: tuple[str, ...] = ()
    double_share: Share | None = None
    training: Training = Training()
    approve_choice: bool = False
    approve_release: bool = False
    evaluate_only: bool = False

    def plan(self) -> RoundPlan:
        """As the client has it."""
        return RoundPlan(
            self.per_ranking,
            CampaignPlan(**self.campaign.model_dump()),
            self.annotators,
            self.double_share,
            self.training.plan(),
            self.approve_choice,
            self.approve_release,
            self.evaluate_only,
        )


class NewRound(Body):
    """A round to begin."""

    model: str = ""
    plan: Wanted = Wanted()
    idempotency_key: Annotated[str, Field(max_length=200)] = ""


class Approval(Body):
    """The step that a round waits at, and whether it goes on although something is amiss."""

    step: str
    despite: bool = False


class Rule(Body):
    """When rounds begin by themselves."""

    model: str = ""
    enabled: bool = False
    candidates: Count = 0
    seconds: Count = 0
    rounds: Count = 0
    plan: Wanted = Wanted()

    def policy(self) -> RoundPolicy:
        """As the client has it."""
        return RoundPolicy(self.model, self.enabled, self.candidates, self.seconds, self.rounds, self.plan.plan())


def round_routes(streams: Streams) -> APIRouter:
    """The routes of rounds. Everybody may look; operators begin, approve and cancel."""
    router = APIRouter()

    @router.get("/rounds")
    async def list_rounds(
        caller: Anybody,
        model: str = "",
        page_token: str = "",
        page_size: Annotated[int, Query(ge=1, le=1000)] = SHOWN,
    ) -> Response:
        return said(
            await caller.ask(lambda client: client.round_page(model=model, page_size=page_size, page_token=page_token))
        )

    @router.get("/rounds/events")
    async def watch_rounds(caller: Anybody) -> StreamingResponse:
        async def ask(somebody: Caller) -> object:
            return await somebody.ask(lambda client: client.round_page(page_size=SHOWN))

        return await streams.open("rounds", "", ask, caller)

    @router.post("/rounds")
    async def start_round(caller: Operator, request: Request) -> Response:
        body = await read_body(request, NewRound)
        plan, key = body.plan.plan(), body.idempotency_key
        return said(await caller.ask(lambda client: client.start_round(plan, model=body.model, idempotency_key=key)))

    @router.get("/rounds/{round_id}")
    async def get_round(caller: Anybody, round_id: str) -> Response:
        return said(await caller.ask(lambda client: client.round(newest(round_id))))

    @router.get("/rounds/{round_id}/events")
    async def watch_round(caller: Anybody, round_id: str) -> StreamingResponse:
        async def ask(somebody: Caller) -> object:
            return {"round": await somebody.ask(lambda client: client.round(newest(round_id)))}

        return await streams.open("round", round_id, ask, caller)

    @router.post("/rounds/{round_id}/approve")
    async def approve_round(caller: Operator, round_id: str, request: Request) -> Response:
        body = await read_body(request, Approval)
        return said(await caller.ask(lambda client: client.approve_round(round_id, body.step, despite=body.despite)))

    @router.post("/rounds/{round_id}/cancel")
    async def cancel_round(caller: Operator, round_id: str, request: Request) -> Response:
        await read_body(request, Empty)
        return said(await caller.ask(lambda client: client.cancel_round(round_id)))

    @router.get("/policy")
    async def get_policy(caller: Anybody, model: str = "") -> Response:
        return said(await caller.ask(lambda client: client.round_policy(model)))

    @router.put("/policy")
    async def set_policy(caller: Operator, request: Request) -> Response:
        policy = (await read_body(request, Rule)).policy()
        return said(await caller.ask(lambda client: client.set_round_policy(policy)))

    return router
