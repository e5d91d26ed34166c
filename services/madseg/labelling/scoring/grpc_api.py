"""ScoringService: who calls, decode, one call, encode."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from madseg.core.errors import InvalidInput
from madseg.labelling.cancelling import cancel
from madseg.labelling.forgetting import forget
from madseg.labelling.neighbours import Neighbours
from madseg.labelling.scoring import assignments, campaigns, choosing, encoding, judgements, kept, vetoes
from madseg.labelling.scoring.opinions import Opinions
from madseg.ports import Database
from madseg.requests import MAX_PAGE, asked_for, page_size, plain_text
from madseg.security.access import Access, Role
from madseg.security.callers import caller
from madseg.v1 import scoring_pb2 as pb
from madseg.v1.scoring_pb2_grpc import ScoringServiceServicer

MAX_KEY, MAX_NOTE, MAX_ID, MAX_REASON = 200, 2000, 32, 1000
"""Characters of an idempotency key, of a note, of an id, and of a reason to forget."""

WATCH_SECONDS = 0.5
"""How often a watched campaign is looked at; one that hasn't changed costs one small query."""


class ScoringApi(ScoringServiceServicer):
    """`clock` gives microseconds since the epoch, `seed` a seed of 64 bits for campaigns that come without one."""

    def __init__(
        self,
        database: Database,
        neighbours: Neighbours,
        access: Access,
        clock: Callable[[], int],
        seed: Callable[[], int],
    ) -> None:
        self._database, self._neighbours, self._who = database, neighbours, partial(caller, access)
        self._clock, self._seed = clock, seed
        self._opinions = Opinions(database)

    def CreateCampaign(self, request: pb.CreateCampaignRequest, context: Any) -> pb.CreateCampaignResponse:
        who = self._who(context, Role.OPERATOR)
        made = campaigns.create(
            self._database,
            self._neighbours,
            plain_text(request.candidate_set_id, "candidate_set_id", MAX_ID),
            encoding.plan(request.plan, self._seed()),
            who=who.name,
            note=plain_text(request.note, "note", MAX_NOTE),
            key=plain_text(request.idempotency_key, "idempotency_key", MAX_KEY),
            now=self._clock(),
            asked=asked_for(request),
        )
        return pb.CreateCampaignResponse(campaign=encoding.campaign_proto(made))

    def ListCampaigns(self, request: pb.ListCampaignsRequest, context: Any) -> pb.ListCampaignsResponse:
        self._who(context)
        size = page_size(request.page_size, MAX_PAGE)
        with self._database.snapshot() as tx:
            found, more = campaigns.page(tx, size, request.page_token, self._clock())
        return pb.ListCampaignsResponse(campaigns=map(encoding.campaign_proto, found), next_page_token=more)

    def GetCampaign(self, request: pb.GetCampaignRequest, context: Any) -> pb.GetCampaignResponse:
        self._who(context)
        with self._database.snapshot() as tx:
            found = campaigns.progress(tx, _campaign(tx, request.campaign_id), self._clock())
        return pb.GetCampaignResponse(campaign=encoding.campaign_proto(found))

    async def WatchCampaign(
        self, request: pb.WatchCampaignRequest, context: Any
    ) -> AsyncIterator[pb.WatchCampaignResponse]:
        self._who(context)
        chosen, seen = request.campaign_id, -1
        while True:
            found = await asyncio.to_thread(self._changed, chosen, seen)
            if found is not None:
                chosen, seen = found.kept.id, found.kept.revision  # the newest one stays the one that is watched
                yield pb.WatchCampaignResponse(campaign=encoding.campaign_proto(found))
            await asyncio.sleep(WATCH_SECONDS)

    def _changed(self, campaign_id: str, seen: int) -> campaigns.Progress | None:
        """A campaign, or None where nothing has happened in it since a revision."""
        with self._database.snapshot() as tx:
            found = _campaign(tx, campaign_id)
            return None if found.revision == seen else campaigns.progress(tx, found, self._clock())

    def TakeAssignments(self, request: pb.TakeAssignmentsRequest, context: Any) -> pb.TakeAssignmentsResponse:
        who = self._who(context, Role.RATER)
        campaign_id, count = _id(request.campaign_id), request.count or 1
        taken, tally = assignments.take(self._database, campaign_id, who.name, count, self._clock())
        return pb.TakeAssignmentsResponse(
            assignments=map(encoding.assignment_proto, taken), judged=tally.judged, left=tally.left
        )

    def ReturnAssignments(self, request: pb.ReturnAssignmentsRequest, context: Any) -> pb.ReturnAssignmentsResponse:
        who = self._who(context, Role.RATER)
        ids = [plain_text(item, "assignment_ids", MAX_ID) for item in request.assignment_ids]
        return pb.ReturnAssignmentsResponse(
            returned=assignments.give_back(self._database, who.name, ids, self._clock())
        )

    def Judge(self, request: pb.JudgeRequest, context: Any) -> pb.JudgeResponse:
        who = self._who(context, Role.RATER)
        assignment_id = plain_text(request.assignment_id, "assignment_id", MAX_ID)
        said, looked = encoding.said(request), request.looked_ms
        tally = judgements.judge(self._database, who.name, assignment_id, said, looked, self._clock())
        return pb.JudgeResponse(judged=tally.judged, left=tally.left)

    def UndoJudgement(self, request: pb.UndoJudgementRequest, context: Any) -> pb.UndoJudgementResponse:
        who = self._who(context, Role.RATER)
        again = judgements.undo(self._database, _id(request.campaign_id), who.name, self._clock())
        return pb.UndoJudgementResponse(assignment=encoding.assignment_proto(again))

    def ListOpinions(self, request: pb.ListOpinionsRequest, context: Any) -> pb.ListOpinionsResponse:
        self._who(context, Role.REVIEWER, Role.OPERATOR)
        size = page_size(request.page_size, 100)
        found, token = self._opinions.page(_id(request.campaign_id), size, request.page_token)
        return pb.ListOpinionsResponse(opinions=map(encoding.opinion_proto, found), next_page_token=token)

    def ListVetoes(self, request: pb.ListVetoesRequest, context: Any) -> pb.ListVetoesResponse:
        self._who(context, Role.REVIEWER, Role.OPERATOR)
        with self._database.snapshot() as tx:
            found = vetoes.vetoes(tx, _campaign(tx, request.campaign_id))
        return pb.ListVetoesResponse(vetoes=map(encoding.veto_proto, found))

    def RevokeVetoes(self, request: pb.RevokeVetoesRequest, context: Any) -> pb.RevokeVetoesResponse:
        who = self._who(context, Role.OPERATOR)
        campaign_id = _id(request.campaign_id)
        revoked = vetoes.revoke(self._database, campaign_id, request.image_id, who.name, self._clock())
        return pb.RevokeVetoesResponse(revoked=revoked)

    def GetAgreement(self, request: pb.GetAgreementRequest, context: Any) -> pb.GetAgreementResponse:
        self._who(context, Role.REVIEWER, Role.OPERATOR)
        return encoding.agreement_proto(self._opinions.agreement(_id(request.campaign_id)))

    def CancelCampaign(self, request: pb.CancelCampaignRequest, context: Any) -> pb.CancelCampaignResponse:
        who, campaign_id = self._who(context, Role.OPERATOR), _id(request.campaign_id)
        if not campaign_id:
            raise InvalidInput("campaign_id must be given", field="campaign_id")
        ended = cancel(self._database, campaign_id, who.name, self._clock())
        with self._database.snapshot() as tx:
            found = campaigns.progress(tx, kept.campaign(tx, campaign_id), self._clock())
        return pb.CancelCampaignResponse(campaign=encoding.campaign_proto(found), tasks_ended=ended)

    def ChooseSets(self, request: pb.ChooseSetsRequest, context: Any) -> pb.ChooseSetsResponse:
        self._who(context, Role.OPERATOR)
        campaign_id, incomplete = _id(request.campaign_id), request.allow_incomplete
        chosen = choosing.choose(self._database, campaign_id, self._clock(), allow_incomplete=incomplete)
        return pb.ChooseSetsResponse(sets=encoding.sets_proto(chosen))

    def GetChosenSets(self, request: pb.GetChosenSetsRequest, context: Any) -> pb.GetChosenSetsResponse:
        self._who(context, Role.ANNOTATOR, Role.REVIEWER, Role.OPERATOR)
        with self._database.snapshot() as tx:
            found = choosing.chosen(tx, kept.campaign(tx, _id(request.campaign_id), kept.CLOSED))
        return pb.GetChosenSetsResponse(sets=encoding.sets_proto(found))

    def ForgetImage(
        self, request: pb.ScoringServiceForgetImageRequest, context: Any
    ) -> pb.ScoringServiceForgetImageResponse:
        self._who(context, Role.OPERATOR)
        reason = plain_text(request.reason, "reason", MAX_REASON)
        gone, stays = forget(self._database, request.image_id, reason, self._clock())
        return pb.ScoringServiceForgetImageResponse(gone=gone, stays=stays)


def _id(text: str) -> str:
    return plain_text(text, "campaign_id", MAX_ID)


def _campaign(tx: Any, campaign_id: str) -> kept.Campaign:
    return kept.campaign(tx, _id(campaign_id))
