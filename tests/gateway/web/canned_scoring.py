"""A labelling service with canned scores behind the real gRPC edge."""

from dataclasses import dataclass, field
from typing import Any

from madseg.core.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from madseg.v1 import scoring_pb2, types_pb2
from madseg.v1.scoring_pb2_grpc import ScoringServiceServicer
from tests.client.canned import image_id, moment

CAMPAIGN = "ca" * 16
TARGET = types_pb2.ModelVersion(model="ours", version=2)
NAME = "first <script>alert(1)</script> round"


def campaign(finished: int = 1) -> scoring_pb2.Campaign:
    """One that is open."""
    return scoring_pb2.Campaign(
        id=CAMPAIGN,
        created_at=moment(9),
        candidate_set_id="cut-1",
        target=TARGET,
        plan=scoring_pb2.CampaignPlan(raters=3, seed=(1 << 64) - 1),
        state=scoring_pb2.CAMPAIGN_STATE_OPEN,
        images=4,
        finished=finished,
        active=["ada"],
        note=NAME,
    )


def assignment(number: int) -> scoring_pb2.Assignment:
    """Of one image."""
    return scoring_pb2.Assignment(
        id=image_id(100 + number), image_id=image_id(number), target=TARGET, leased_until=moment(13)
    )


def chosen(rank: int) -> scoring_pb2.ChosenImage:
    """An image of a set."""
    return scoring_pb2.ChosenImage(rank=rank, image_id=image_id(rank), mean=1.5, mean_discrepancy=0.5, main_class="bus")


@dataclass
class CannedScoring(ScoringServiceServicer):
    """Answers everybody who shows a token, and keeps what it was asked and by whom."""

    asked: list[Any] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    finished: int = 1
    refuses: str = ""
    """A token that it doesn't know."""

    def _note(self, request: Any, context: Any) -> None:
        shown = dict(context.invocation_metadata()).get("authorization", "").removeprefix("Bearer ")
        if shown == self.refuses:
            raise Unauthenticated("nobody has this token")
        self.shown.append(shown)
        self.asked.append(request)

    def CreateCampaign(self, request, context):  # type: ignore[no-untyped-def]
        self._note(request, context)
        return scoring_pb2.CreateCampaignResponse(campaign=campaign())

    def ListCampaigns(self, request, context):  # type: ignore[no-untyped-def]
        self._note(request, context)
        return scoring_pb2.ListCampaignsResponse(campaigns=[campaign()])

    def GetCampaign(self, request, context):  # type: ignore[no-untyped-def]
        self._note(request, context)
        if request.campaign_id not in ("", CAMPAIGN):
            raise NotFound(f"no campaign {request.campaign_id!r}")
        return scoring_pb2.GetCampaignResponse(campaign=campaign(self.finished))

    def WatchCampaign(self, request, context):  # type: ignore[no-untyped-def]
        raise NotImplementedError  # the gateway polls

    def CancelCampaign(self, request, context):  # type: ignore[no-untyped-def]
        raise NotImplementedError  # the pages cancel rounds, and those their campaigns

    def TakeAssignments(self, request, context):  # type: ignore[no-untyped-def]
        self._note(request, context)
        held = [assignment(number) for number in range(1, request.count + 1)]
        return scoring_pb2.TakeAssignmentsResponse(assignments=held, judged=7, left=3)

    def ReturnAssignments(self, request, context):  # type: ignore[no-untyped-def]
        self._note(request, context)
        return scoring_pb2.ReturnAssignmentsResponse(returned=2)

    def Judge(self, request, context):  # type: ignore[no-untyped-def]
        self._note(request, context)
        if request.assignment_id == image_id(1):
            raise Forbidden("it is somebody else's")
        if request.veto.reason == scoring_pb2.VETO_REASON_OTHER and not request.veto.text:
            raise InvalidInput("a veto for another reason needs a text", field="veto.text")
        return scoring_pb2.JudgeResponse(judged=8, left=2)

    def UndoJudgement(self, request, context):  # type: ignore[no-untyped-def]
        self._note(request, context)
        return scoring_pb2.UndoJudgementResponse(assignment=assignment(1))

    def ListOpinions(self, request, context):  # type: ignore[no-untyped-def]
        self._note(request, context)
        opinion = scoring_pb2.Opinion(image_id=image_id(1), mean=1.25, grades=4, mean_discrepancy=0.75)
        more = "" if request.page_token == "more" else "more"
        return scoring_pb2.ListOpinionsResponse(opinions=[opinion], next_page_token=more)

    def ListVetoes(self, request, context):  # type: ignore[no-untyped-def]
        self._note(request, context)
        veto = scoring_pb2.Veto(reason=scoring_pb2.VETO_REASON_OTHER, text="<b>a drawing</b>")
        return scoring_pb2.ListVetoesResponse(
            vetoes=[scoring_pb2.VetoRecord(image_id=image_id(3), rater="ada", at=moment(), veto=veto)]
        )

    def RevokeVetoes(self, request, context):  # type: ignore[no-untyped-def]
        self._note(request, context)
        return scoring_pb2.RevokeVetoesResponse(revoked=2)

    def GetAgreement(self, request, context):  # type: ignore[no-untyped-def]
        self._note(request, context)
        rater = scoring_pb2.RaterReport(rater="ada", grades=3, veto_rate=0.25)
        return scoring_pb2.GetAgreementResponse(images=2, raters=[rater], hours_scoring=0.5)

    def ChooseSets(self, request, context):  # type: ignore[no-untyped-def]
        self._note(request, context)
        return scoring_pb2.ChooseSetsResponse(sets=self._sets())

    def GetChosenSets(self, request, context):  # type: ignore[no-untyped-def]
        self._note(request, context)
        return scoring_pb2.GetChosenSetsResponse(sets=self._sets())

    def ForgetImage(self, request, context):  # type: ignore[no-untyped-def]
        self._note(request, context)
        return scoring_pb2.ScoringServiceForgetImageResponse()

    def _sets(self) -> scoring_pb2.ChosenSets:
        return scoring_pb2.ChosenSets(
            campaign_id=CAMPAIGN, chosen_at=moment(), counterexamples=[chosen(1)], test=[chosen(2)]
        )
