"""Rounds of Algorithm 1, and what the versions are worth."""

import uuid
from collections.abc import Iterator, Sequence

from madseg.client.connection import Connection
from madseg.client.decode.fill import fill
from madseg.client.decode.rounds import (
    from_kind,
    from_plan,
    from_policy,
    from_step,
    to_policy,
    to_result,
    to_round,
    to_standings,
)
from madseg.client.pages import over_pages
from madseg.client.values.rounds import (
    Result,
    ResultPage,
    Round,
    RoundPage,
    RoundPlan,
    RoundPolicy,
    RoundStep,
    Standings,
    TestKind,
)
from madseg.v1 import rounds_pb2
from madseg.v1.rounds_pb2_grpc import RoundsServiceStub

STANDINGS_SECONDS = 300.0
"""Default deadline of standings: a version that is new is first held against every mask."""


class RoundCalls:
    """The calls of RoundsService. They need a token; what it may do is told by its roles.

    A `model` that is left out is the only target there is.
    """

    _rounds: Connection

    def start_round(self, plan: RoundPlan, *, model: str = "", idempotency_key: str = "") -> Round:
        """Begins a round. A second call with the same `idempotency_key` answers with the round of the first one.

        Raises:
            InvalidArgument: a plan that can't be.
            AlreadyExists: the key came with another plan or model before.
            NotFound: there is no such target.
            NotReady: a round of it goes on, or no version of it serves.
        """
        request = fill(
            rounds_pb2.StartRoundRequest,
            model=model,
            plan=from_plan(plan),
            idempotency_key=idempotency_key or uuid.uuid4().hex,
        )
        return to_round(self._rounds.call(self._rounds_stub().StartRound, request).round)

    def round(self, round_id: str = "") -> Round:
        """A round (default: the newest).

        Raises:
            NotFound: there is no such round, or none at all.
        """
        request = fill(rounds_pb2.GetRoundRequest, round_id=round_id)
        return to_round(self._rounds.call(self._rounds_stub().GetRound, request).round)

    def rounds(self, *, model: str = "", page_size: int = 100) -> Iterator[Round]:
        """Rounds, newest first, a page at a time; of one target where one is given."""

        def fetch(token: str) -> tuple[Sequence[Round], str]:
            page = self.round_page(model=model, page_size=page_size, page_token=token)
            return page.rounds, page.next_page_token

        return over_pages(fetch)

    def round_page(self, *, model: str = "", page_size: int = 100, page_token: str = "") -> RoundPage:
        """A page of rounds, newest first."""
        request = fill(rounds_pb2.ListRoundsRequest, model=model, page_size=page_size, page_token=page_token)
        answer = self._rounds.call(self._rounds_stub().ListRounds, request)
        return RoundPage(tuple(map(to_round, answer.rounds)), answer.next_page_token)

    def watch_round(self, round_id: str = "") -> Iterator[Round]:
        """A round (default: the newest) now and again whenever it gets on, until it has ended."""
        request = fill(rounds_pb2.WatchRoundRequest, round_id=round_id)
        for answer in self._rounds.stream(lambda: self._rounds_stub().WatchRound(request)):
            yield to_round(answer.round)

    def approve_round(self, round_id: str, step: str | RoundStep, *, despite: bool = False) -> Round:
        """Lets a round go on that waits at `step` for a person's word. `despite`: choose although images lack
        judgements, or, by an admin, release although the gate refused.

        Raises:
            NotReady: it doesn't wait there.
        """
        request = fill(rounds_pb2.ApproveRoundRequest, round_id=round_id, step=from_step(step), despite=despite)
        return to_round(self._rounds.call(self._rounds_stub().ApproveRound, request).round)

    def cancel_round(self, round_id: str) -> Round:
        """Ends a round that goes on, with its run, its campaign and its mask tasks. One that is cancelled stays so.

        Raises:
            NotReady: it has ended otherwise, or its version is being released.
        """
        request = fill(rounds_pb2.CancelRoundRequest, round_id=round_id)
        return to_round(self._rounds.call(self._rounds_stub().CancelRound, request).round)

    def round_policy(self, model: str = "") -> RoundPolicy:
        """When rounds of a target begin by themselves."""
        request = fill(rounds_pb2.GetPolicyRequest, model=model)
        return to_policy(self._rounds.call(self._rounds_stub().GetPolicy, request).policy)

    def set_round_policy(self, policy: RoundPolicy) -> RoundPolicy:
        """Changes that; the count of rounds in a row begins anew."""
        request = fill(rounds_pb2.SetPolicyRequest, policy=from_policy(policy))
        return to_policy(self._rounds.call(self._rounds_stub().SetPolicy, request).policy)

    def standings(self, model: str = "", *, timeout: float = STANDINGS_SECONDS) -> Standings:
        """Every version of a target, and its competitors, on every test set so far (Table 1)."""
        request = fill(rounds_pb2.GetStandingsRequest, model=model)
        return to_standings(self._rounds.call(self._rounds_stub().GetStandings, request, timeout))

    def results(
        self, kind: str | TestKind, round_number: int = 0, *, model: str = "", page_size: int = 1000
    ) -> Iterator[Result]:
        """A test set image by image, by image id, then version, a page at a time: "round" with its number, or
        "random_lane".

        Raises:
            NotFound: there is no such round.
        """

        def fetch(token: str) -> tuple[Sequence[Result], str]:
            page = self.result_page(kind, round_number, model=model, page_size=page_size, page_token=token)
            return page.results, page.next_page_token

        return over_pages(fetch)

    def result_page(
        self,
        kind: str | TestKind,
        round_number: int = 0,
        *,
        model: str = "",
        page_size: int = 1000,
        page_token: str = "",
    ) -> ResultPage:
        """One page of that. The first one counts what is new."""
        request = fill(
            rounds_pb2.ListResultsRequest,
            model=model,
            kind=from_kind(kind),
            round=round_number,
            page_size=page_size,
            page_token=page_token,
        )
        answer = self._rounds.call(self._rounds_stub().ListResults, request)
        return ResultPage(tuple(map(to_result, answer.results)), answer.next_page_token)

    def _rounds_stub(self) -> RoundsServiceStub:
        return self._rounds.stub(RoundsServiceStub)
