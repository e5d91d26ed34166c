"""RoundsService: who calls, decode, one call, encode."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import structlog

from madseg.client.values.rounds import RoundPlan
from madseg.core.errors import InvalidInput, MadsegError
from madseg.core.messages import VersionRef
from madseg.core.rounds import Step
from madseg.ports import Database
from madseg.requests import foreign_token, from_token, page_size, plain_text, token
from madseg.rounds import encoding, policies, rounds
from madseg.rounds.callers import caller
from madseg.rounds.encoding import MAX_ID, MAX_MODEL
from madseg.rounds.evaluating import LANE, Evaluator
from madseg.rounds.neighbours import Neighbours
from madseg.rounds.rounds import Beginning, Round
from madseg.rounds.standings import results, standings
from madseg.security.access import Access, Principal, Role
from madseg.v1 import rounds_pb2 as pb
from madseg.v1.rounds_pb2_grpc import RoundsServiceServicer

log = structlog.get_logger("madseg.rounds")

MAX_KEY = 200
"""Characters of an idempotency key."""

WATCH_SECONDS = 0.5
"""How often a watched round is looked at: a small query."""


class RoundsApi(RoundsServiceServicer):
    """`clock` gives microseconds since the epoch, `new_id` a round's id."""

    def __init__(
        self,
        database: Database,
        neighbours: Neighbours,
        access: Access,
        evaluator: Evaluator,
        clock: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self._database, self._neighbours, self._access, self._evaluator = database, neighbours, access, evaluator
        self._clock, self._new_id = clock, new_id

    def StartRound(self, request: pb.StartRoundRequest, context: Any) -> pb.StartRoundResponse:
        who, plan = self._who(context, Role.OPERATOR), self._plan(request.plan)
        key, model = plain_text(request.idempotency_key, "idempotency_key", MAX_KEY), _model(request.model)

        def begin() -> Beginning:
            found = self._neighbours.target(model)
            return Beginning(self._new_id(), VersionRef(found.model, found.version), plan, who.name, key)

        made = rounds.start(self._database, key, begin, self._clock())
        return pb.StartRoundResponse(round=encoding.round_proto(made))

    def GetRound(self, request: pb.GetRoundRequest, context: Any) -> pb.GetRoundResponse:
        self._who(context)
        return pb.GetRoundResponse(round=encoding.round_proto(self._round(request.round_id)))

    def ListRounds(self, request: pb.ListRoundsRequest, context: Any) -> pb.ListRoundsResponse:
        self._who(context)
        size, model = page_size(request.page_size, 100), _model(request.model)
        before = from_token(request.page_token).get("before")
        if request.page_token and not isinstance(before, int):
            raise foreign_token()
        with self._database.snapshot() as tx:
            found = rounds.page(tx, model, before if isinstance(before, int) else None, size + 1)
        more = token(before=found[size - 1].serial) if len(found) > size else ""
        return pb.ListRoundsResponse(rounds=map(encoding.round_proto, found[:size]), next_page_token=more)

    async def WatchRound(self, request: pb.WatchRoundRequest, context: Any) -> AsyncIterator[pb.WatchRoundResponse]:
        self._who(context)
        chosen, seen = request.round_id, 0
        while True:
            found = await asyncio.to_thread(self._round, chosen)
            chosen = found.id  # the newest one stays the one that is watched
            if found.revision != seen:
                seen = found.revision
                yield pb.WatchRoundResponse(round=encoding.round_proto(found))
            if not found.goes_on:
                return
            await asyncio.sleep(WATCH_SECONDS)

    def ApproveRound(self, request: pb.ApproveRoundRequest, context: Any) -> pb.ApproveRoundResponse:
        step, despite = encoding.step(request.step), request.despite
        self._who(context, Role.ADMIN if despite and step is Step.TRAINING else Role.OPERATOR)
        found = rounds.approve(self._database, _named(request.round_id), step, self._clock(), despite=despite)
        return pb.ApproveRoundResponse(round=encoding.round_proto(found))

    def CancelRound(self, request: pb.CancelRoundRequest, context: Any) -> pb.CancelRoundResponse:
        who = self._who(context, Role.OPERATOR)
        found = rounds.cancel(self._database, _named(request.round_id), who.name, self._clock())
        return pb.CancelRoundResponse(round=encoding.round_proto(found))

    def GetPolicy(self, request: pb.GetPolicyRequest, context: Any) -> pb.GetPolicyResponse:
        self._who(context)
        model = self._known(request.model)
        with self._database.snapshot() as tx:
            kept = policies.policy(tx, model)
        return pb.GetPolicyResponse(policy=encoding.policy_proto(model, kept))

    def SetPolicy(self, request: pb.SetPolicyRequest, context: Any) -> pb.SetPolicyResponse:
        self._who(context, Role.OPERATOR)
        wanted, plan = encoding.policy(request.policy), self._plan(request.policy.plan)
        model = self._known(request.policy.model)
        kept = policies.put(self._database, model, wanted, plan, self._clock())
        return pb.SetPolicyResponse(policy=encoding.policy_proto(model, kept))

    def GetStandings(self, request: pb.GetStandingsRequest, context: Any) -> pb.GetStandingsResponse:
        self._who(context, Role.REVIEWER, Role.OPERATOR)
        model = self._known(request.model)
        self._refresh(model)
        return encoding.standings_proto(standings(self._database, model))

    def ListResults(self, request: pb.ListResultsRequest, context: Any) -> pb.ListResultsResponse:
        self._who(context, Role.REVIEWER, Role.OPERATOR)
        model = self._known(request.model)
        if request.kind not in (pb.TEST_KIND_ROUND, pb.TEST_KIND_RANDOM_LANE):
            raise InvalidInput("kind must be ROUND or RANDOM_LANE: T0-report has figures alone", field="kind")
        lane = request.kind == pb.TEST_KIND_RANDOM_LANE
        if not lane and not 0 < request.round < 1 << 31:
            raise InvalidInput(f"round must be the number of a round, got {request.round}", field="round")
        self._refresh(model)
        found = results(self._database, model, LANE if lane else request.round)
        return pb.ListResultsResponse(results=map(encoding.result_proto, found))

    def _plan(self, message: pb.RoundPlan) -> RoundPlan:
        """A plan that can be, also for those who train: people's work isn't to be in vain."""
        found = encoding.plan(message)
        if not found.evaluate_only:
            self._neighbours.check_run(found.training)
        return found

    def _refresh(self, model: str) -> None:
        """What is known is told also where a neighbour is away."""
        try:
            self._evaluator.refresh(model)
        except MadsegError as error:
            log.warning("standings_as_they_were", model=model, reason=str(error))

    def _known(self, model: str) -> str:
        """The model of a request; the only target, or the one that rounds are about, where it names none."""
        if _model(model):
            return model
        try:
            return self._neighbours.target("").model
        except MadsegError:
            with self._database.snapshot() as tx:
                newest = rounds.page(tx, "", None, 1)
            if not newest:
                raise
            return newest[0].target.model

    def _round(self, round_id: str) -> Round:
        with self._database.snapshot() as tx:
            return rounds.round_of(tx, plain_text(round_id, "round_id", MAX_ID))

    def _who(self, context: Any, *roles: Role) -> Principal:
        """Whoever calls, if one of the roles is theirs.

        Raises:
            Unauthenticated: nobody knows who it is.
            Forbidden: they have none of the roles.
        """
        who = caller(self._access, context)
        who.must(*roles)
        return who


def _model(text: str) -> str:
    return plain_text(text, "model", MAX_MODEL)


def _named(round_id: str) -> str:
    """An id that isn't empty: nobody approves or cancels "the newest" by accident."""
    if not round_id:
        raise InvalidInput("round_id must be given", field="round_id")
    return plain_text(round_id, "round_id", MAX_ID)
