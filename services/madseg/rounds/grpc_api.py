"""RoundsService: who calls, decode, one call, encode."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from madseg.client.values.rounds import RoundPlan
from madseg.core.errors import InvalidInput
from madseg.core.messages import VersionRef
from madseg.core.rounds import Step
from madseg.ports import Database
from madseg.requests import MAX_PAGE, asked_for, number_in, page_size, plain_text, token
from madseg.rounds import encoding, paging, policies, rounds
from madseg.rounds.asking import Asking, model_name
from madseg.rounds.encoding import MAX_ID, set_number
from madseg.rounds.neighbours import Neighbours
from madseg.rounds.rounds import Beginning, Round
from madseg.rounds.standings import results, standings
from madseg.security.access import Role
from madseg.v1 import rounds_pb2 as pb
from madseg.v1.rounds_pb2_grpc import RoundsServiceServicer

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
        asking: Asking,
        clock: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self._database, self._neighbours, self._asking = database, neighbours, asking
        self._clock, self._new_id = clock, new_id

    def StartRound(self, request: pb.StartRoundRequest, context: Any) -> pb.StartRoundResponse:
        who, plan = self._asking.who(context, Role.OPERATOR), self._plan(request.plan)
        key, model = plain_text(request.idempotency_key, "idempotency_key", MAX_KEY), model_name(request.model)
        asked = asked_for(request)

        def begin() -> Beginning:
            found = self._neighbours.target(model)
            return Beginning(self._new_id(), VersionRef(found.model, found.version), plan, who.name, key, asked)

        made = rounds.start(self._database, key, begin, self._clock(), asked=asked)
        return pb.StartRoundResponse(round=encoding.round_proto(made))

    def GetRound(self, request: pb.GetRoundRequest, context: Any) -> pb.GetRoundResponse:
        self._asking.who(context)
        return pb.GetRoundResponse(round=encoding.round_proto(self._round(request.round_id)))

    def ListRounds(self, request: pb.ListRoundsRequest, context: Any) -> pb.ListRoundsResponse:
        self._asking.who(context)
        size, model = page_size(request.page_size, 100), model_name(request.model)
        before = number_in(request.page_token, "before")
        with self._database.snapshot() as tx:
            found = rounds.page(tx, model, before, size + 1)
        more = token(before=found[size - 1].serial) if len(found) > size else ""
        return pb.ListRoundsResponse(rounds=map(encoding.round_proto, found[:size]), next_page_token=more)

    async def WatchRound(self, request: pb.WatchRoundRequest, context: Any) -> AsyncIterator[pb.WatchRoundResponse]:
        self._asking.who(context)
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
        self._asking.who(context, Role.ADMIN if despite and step is Step.TRAINING else Role.OPERATOR)
        found = rounds.approve(self._database, _named(request.round_id), step, self._clock(), despite=despite)
        return pb.ApproveRoundResponse(round=encoding.round_proto(found))

    def CancelRound(self, request: pb.CancelRoundRequest, context: Any) -> pb.CancelRoundResponse:
        who = self._asking.who(context, Role.OPERATOR)
        found = rounds.cancel(self._database, _named(request.round_id), who.name, self._clock())
        return pb.CancelRoundResponse(round=encoding.round_proto(found))

    def GetPolicy(self, request: pb.GetPolicyRequest, context: Any) -> pb.GetPolicyResponse:
        self._asking.who(context)
        model = self._asking.model(request.model)
        with self._database.snapshot() as tx:
            kept = policies.policy(tx, model)
        return pb.GetPolicyResponse(policy=encoding.policy_proto(model, kept))

    def SetPolicy(self, request: pb.SetPolicyRequest, context: Any) -> pb.SetPolicyResponse:
        self._asking.who(context, Role.OPERATOR)
        wanted, plan = encoding.policy(request.policy), self._plan(request.policy.plan)
        model = self._asking.model(request.policy.model)
        kept = policies.put(self._database, model, wanted, plan, self._clock())
        return pb.SetPolicyResponse(policy=encoding.policy_proto(model, kept))

    def GetStandings(self, request: pb.GetStandingsRequest, context: Any) -> pb.GetStandingsResponse:
        self._asking.who(context, Role.REVIEWER, Role.OPERATOR)
        model = self._asking.model(request.model)
        self._asking.refresh(model)
        return encoding.standings_proto(standings(self._database, model))

    def ListResults(self, request: pb.ListResultsRequest, context: Any) -> pb.ListResultsResponse:
        self._asking.who(context, Role.REVIEWER, Role.OPERATOR)
        size, number = page_size(request.page_size, MAX_PAGE), set_number(request.kind, request.round)
        if request.page_token:
            model, after = paging.after_result(request.page_token, model_name(request.model), number)
        else:
            model, after = self._asking.model(request.model), None
            self._asking.refresh(model)
        found, more = results(self._database, model, number, size, after)
        following = paging.next_results(model, number, found[-1]) if more else ""
        return pb.ListResultsResponse(results=map(encoding.result_proto, found), next_page_token=following)

    def _plan(self, message: pb.RoundPlan) -> RoundPlan:
        """A plan that can be, also for those who train: people's work isn't to be in vain."""
        found = encoding.plan(message)
        if not found.evaluate_only:
            self._neighbours.check_run(found.training)
        return found

    def _round(self, round_id: str) -> Round:
        with self._database.snapshot() as tx:
            return rounds.round_of(tx, plain_text(round_id, "round_id", MAX_ID))


def _named(round_id: str) -> str:
    """An id that isn't empty: nobody approves or cancels "the newest" by accident."""
    if not round_id:
        raise InvalidInput("round_id must be given", field="round_id")
    return plain_text(round_id, "round_id", MAX_ID)
