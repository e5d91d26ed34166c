"""Scoring candidates: campaigns, judgements, and what is chosen by them."""

import uuid
from collections.abc import Iterator, Sequence

from madseg.client.connection import Connection
from madseg.client.decode.fill import fill
from madseg.client.decode.scoring import (
    from_grade,
    from_plan,
    from_reason,
    to_agreement,
    to_assignment,
    to_campaign,
    to_opinion,
    to_sets,
    to_veto,
)
from madseg.client.pages import over_pages
from madseg.client.values.scoring import (
    Agreement,
    Assignment,
    Campaign,
    CampaignPage,
    CampaignPlan,
    ChosenSets,
    Opinion,
    OpinionPage,
    Taken,
    Tally,
    VetoReason,
    VetoRecord,
)
from madseg.v1 import scoring_pb2
from madseg.v1.scoring_pb2_grpc import ScoringServiceStub

CREATE_SECONDS = 300.0
"""Default deadline of opening a campaign: the selector is asked about every image."""


class ScoringCalls:
    """The calls of ScoringService. They need a token; what it may do is told by its roles."""

    _labelling: Connection

    def create_campaign(
        self,
        candidate_set_id: str = "",
        plan: CampaignPlan | None = None,
        *,
        note: str = "",
        idempotency_key: str = "",
        timeout: float = CREATE_SECONDS,
    ) -> Campaign:
        """Opens a campaign over a candidate set (default: the newest). A second call with the same `idempotency_key`
        answers with the campaign that the first one opened; its `note` alone may be another.

        Raises:
            AlreadyExists: the key came with other arguments before.
            NotFound: there is no such candidate set.
        """
        request = fill(
            scoring_pb2.CreateCampaignRequest,
            candidate_set_id=candidate_set_id,
            plan=from_plan(plan),
            idempotency_key=idempotency_key or uuid.uuid4().hex,
            note=note,
        )
        return to_campaign(self._labelling.call(self._scoring_stub().CreateCampaign, request, timeout).campaign)

    def campaigns(self, *, page_size: int = 100) -> Iterator[Campaign]:
        """All campaigns, newest first, a page at a time."""

        def fetch(token: str) -> tuple[Sequence[Campaign], str]:
            page = self.campaign_page(page_size=page_size, page_token=token)
            return page.campaigns, page.next_page_token

        return over_pages(fetch)

    def campaign_page(self, *, page_size: int = 100, page_token: str = "") -> CampaignPage:
        """One page of campaigns, newest first."""
        request = fill(scoring_pb2.ListCampaignsRequest, page_size=page_size, page_token=page_token)
        answer = self._labelling.call(self._scoring_stub().ListCampaigns, request)
        return CampaignPage(tuple(map(to_campaign, answer.campaigns)), answer.next_page_token)

    def campaign(self, campaign_id: str = "") -> Campaign:
        """A campaign (default: the newest) and how far it has come.

        Raises:
            NotFound: there is no such campaign, or none at all.
        """
        request = fill(scoring_pb2.GetCampaignRequest, campaign_id=campaign_id)
        return to_campaign(self._labelling.call(self._scoring_stub().GetCampaign, request).campaign)

    def watch_campaign(self, campaign_id: str = "") -> Iterator[Campaign]:
        """A campaign now and again whenever it changes, until the loop is left."""
        request = fill(scoring_pb2.WatchCampaignRequest, campaign_id=campaign_id)
        for answer in self._labelling.stream(lambda: self._scoring_stub().WatchCampaign(request)):
            yield to_campaign(answer.campaign)

    def take_assignments(self, campaign_id: str = "", count: int = 1) -> Taken:
        """Leases images until the caller holds `count` (1..20); none: nothing is left for the caller now.

        `campaign_id` "" is the newest that is open.
        """
        request = fill(scoring_pb2.TakeAssignmentsRequest, campaign_id=campaign_id, count=count)
        answer = self._labelling.call(self._scoring_stub().TakeAssignments, request)
        return Taken(tuple(map(to_assignment, answer.assignments)), answer.judged, answer.left)

    def return_assignments(self, assignment_ids: Sequence[str] = ()) -> int:
        """Gives assignments back unjudged, all that the caller holds where none are named; how many there were."""
        request = fill(scoring_pb2.ReturnAssignmentsRequest, assignment_ids=assignment_ids)
        return self._labelling.call(self._scoring_stub().ReturnAssignments, request).returned

    def grade(self, assignment_id: str, grade: int, *, looked_ms: int = 0) -> Tally:
        """Grades an image that the caller holds, 1 (bad) .. 5 (excellent). The same grade may be sent again.

        Raises:
            Forbidden: it is somebody else's.
            NotReady: it was judged otherwise, or the lease has ended and nothing more is needed.
        """
        return self._judge(
            fill(scoring_pb2.JudgeRequest, assignment_id=assignment_id, grade=from_grade(grade), looked_ms=looked_ms)
        )

    def veto(self, assignment_id: str, reason: str | VetoReason, text: str = "", *, looked_ms: int = 0) -> Tally:
        """Vetoes an image that the caller holds: it is out of domain. Raises as `grade`."""
        veto = fill(scoring_pb2.Veto, reason=from_reason(reason), text=text)
        return self._judge(fill(scoring_pb2.JudgeRequest, assignment_id=assignment_id, veto=veto, looked_ms=looked_ms))

    def abstain(self, assignment_id: str, *, looked_ms: int = 0) -> Tally:
        """Says that the caller can't judge an image: somebody else is asked. Raises as `grade`."""
        said = scoring_pb2.Abstention()
        return self._judge(
            fill(scoring_pb2.JudgeRequest, assignment_id=assignment_id, abstention=said, looked_ms=looked_ms)
        )

    def undo_judgement(self, campaign_id: str = "") -> Assignment:
        """Takes the caller's last judgement back; its image, leased again.

        Raises:
            NotFound: there is none.
        """
        request = fill(scoring_pb2.UndoJudgementRequest, campaign_id=campaign_id)
        return to_assignment(self._labelling.call(self._scoring_stub().UndoJudgement, request).assignment)

    def opinions(self, campaign_id: str = "", *, page_size: int = 100) -> Iterator[Opinion]:
        """What raters think of each image, worst first, a page at a time."""

        def fetch(token: str) -> tuple[Sequence[Opinion], str]:
            page = self.opinion_page(campaign_id, page_size=page_size, page_token=token)
            return page.opinions, page.next_page_token

        return over_pages(fetch)

    def opinion_page(self, campaign_id: str = "", *, page_size: int = 100, page_token: str = "") -> OpinionPage:
        """One page of opinions."""
        request = fill(
            scoring_pb2.ListOpinionsRequest, campaign_id=campaign_id, page_size=page_size, page_token=page_token
        )
        answer = self._labelling.call(self._scoring_stub().ListOpinions, request)
        return OpinionPage(tuple(map(to_opinion, answer.opinions)), answer.next_page_token)

    def vetoes(self, campaign_id: str = "") -> list[VetoRecord]:
        """The vetoes of a campaign's images, in force and taken back, newest first."""
        request = fill(scoring_pb2.ListVetoesRequest, campaign_id=campaign_id)
        return [to_veto(item) for item in self._labelling.call(self._scoring_stub().ListVetoes, request).vetoes]

    def revoke_vetoes(self, image_id: str, campaign_id: str = "") -> int:
        """Takes every veto of an image back; how many were in force."""
        request = fill(scoring_pb2.RevokeVetoesRequest, campaign_id=campaign_id, image_id=image_id)
        return self._labelling.call(self._scoring_stub().RevokeVetoes, request).revoked

    def agreement(self, campaign_id: str = "") -> Agreement:
        """How well the raters agree, and what it has cost."""
        request = fill(scoring_pb2.GetAgreementRequest, campaign_id=campaign_id)
        return to_agreement(self._labelling.call(self._scoring_stub().GetAgreement, request))

    def cancel_campaign(self, campaign_id: str) -> Campaign:
        """Ends a campaign before its time, with its mask tasks that aren't accepted; their images leave S and T, and
        may be mined again. What was said is kept. A second call changes nothing.

        Raises:
            NotFound: there is no such campaign.
        """
        request = fill(scoring_pb2.CancelCampaignRequest, campaign_id=campaign_id)
        return to_campaign(self._labelling.call(self._scoring_stub().CancelCampaign, request).campaign)

    def choose_sets(self, campaign_id: str = "", *, allow_incomplete: bool = False) -> ChosenSets:
        """Reserves T, cuts S from the rest, and closes the campaign. A second call answers with what was chosen.

        Raises:
            NotReady: images still lack judgements and `allow_incomplete` is not set.
        """
        request = fill(scoring_pb2.ChooseSetsRequest, campaign_id=campaign_id, allow_incomplete=allow_incomplete)
        return to_sets(self._labelling.call(self._scoring_stub().ChooseSets, request).sets)

    def chosen_sets(self, campaign_id: str = "") -> ChosenSets:
        """What was chosen (default: in the newest campaign that is closed).

        Raises:
            NotFound: there is no such campaign, or none that is closed.
        """
        request = fill(scoring_pb2.GetChosenSetsRequest, campaign_id=campaign_id)
        return to_sets(self._labelling.call(self._scoring_stub().GetChosenSets, request).sets)

    def _judge(self, request: scoring_pb2.JudgeRequest) -> Tally:
        answer = self._labelling.call(self._scoring_stub().Judge, request)
        return Tally(answer.judged, answer.left)

    def _scoring_stub(self) -> ScoringServiceStub:
        return self._labelling.stub(ScoringServiceStub)
