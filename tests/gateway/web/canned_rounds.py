"""A rounds service with canned rounds behind the real gRPC edge."""

from dataclasses import dataclass, field
from typing import Any

from madseg.core.errors import InvalidInput, NotFound, NotReady
from madseg.v1 import evaluation_pb2 as evaluation
from madseg.v1 import finetune_pb2, scoring_pb2, types_pb2
from madseg.v1 import rounds_pb2 as pb
from madseg.v1.evaluation_pb2_grpc import EvaluationServiceServicer
from madseg.v1.rounds_pb2_grpc import RoundsServiceServicer
from tests.client.canned import image_id, moment
from tests.gateway.web.canned_finetune import RUN
from tests.gateway.web.canned_scoring import CAMPAIGN

ROUND = "a1" * 16
OLD, NEW = (types_pb2.ModelVersion(model="ours", version=number) for number in (2, 3))


def plan() -> pb.RoundPlan:
    """With its fields set."""
    return pb.RoundPlan(
        per_ranking=25,
        campaign=scoring_pb2.CampaignPlan(raters=3, seed=(1 << 64) - 1),
        double_share=0.05,
        training=finetune_pb2.RunPlan(t0="/t0", recipe="modern", changes={"epochs": "3"}),
    )


def made(step: pb.RoundStep.ValueType, done: int = 0) -> pb.Round:
    """A round at a step."""
    return pb.Round(
        id=ROUND,
        number=1,
        target=OLD,
        plan=plan(),
        step=step,
        notes=["<b>two masks</b> wait"],
        awaits_approval=step == pb.ROUND_STEP_CHOOSING,
        done=done,
        total=9,
        steps=[pb.StepRecord(step=pb.ROUND_STEP_MINING, began_at=moment(9), ended_at=moment(10))],
        created_at=moment(9),
        changed_at=moment(11),
        started_by="ada",
        campaign_id=CAMPAIGN,
        run_id=RUN,
        candidates=9,
        counterexamples=1,
        test=1,
    )


def standings() -> pb.GetStandingsResponse:
    """One version on one T."""
    figure = finetune_pb2.Figure(value=0.25, low=0.125, high=0.5, images=30)
    return pb.GetStandingsResponse(
        sets=[pb.TestSet(kind=pb.TEST_KIND_ROUND, round=1, images=30, against=OLD, vetoed=2)],
        standings=[pb.Standing(set=0, version=OLD, figure=figure, clean=True)],
        ties=[pb.TieGroup(set=0, versions=[NEW, OLD])],
        differences=[pb.PairedDifference(set=0, before=OLD, after=NEW, gain=figure, p_value=0.5, worse=1, better=2)],
        stability=[float("nan"), 1.0],
    )


@dataclass
class CannedRounds(RoundsServiceServicer):
    """One round."""

    step: pb.RoundStep.ValueType = pb.ROUND_STEP_DRAWING
    done: int = 3
    asked: list[Any] = field(default_factory=list)

    def ListRounds(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        return pb.ListRoundsResponse(rounds=[made(self.step, self.done)], next_page_token="more")

    def GetRound(self, request, context):  # type: ignore[no-untyped-def]
        self._require(request)
        return pb.GetRoundResponse(round=made(self.step, self.done))

    def WatchRound(self, request, context):  # type: ignore[no-untyped-def]
        raise NotImplementedError  # the gateway polls

    def StartRound(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        if not request.plan.training.t0:
            raise InvalidInput("t0 must be a folder", field="plan.training.t0")
        return pb.StartRoundResponse(round=made(pb.ROUND_STEP_MINING))

    def ApproveRound(self, request, context):  # type: ignore[no-untyped-def]
        self._require(request)
        if request.step != self.step:
            raise NotReady("it doesn't wait there")
        return pb.ApproveRoundResponse(round=made(self.step))

    def CancelRound(self, request, context):  # type: ignore[no-untyped-def]
        self._require(request)
        return pb.CancelRoundResponse(round=made(pb.ROUND_STEP_ENDED))

    def GetPolicy(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        return pb.GetPolicyResponse(policy=pb.RoundPolicy(model="ours", candidates=500, plan=plan()))

    def SetPolicy(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        return pb.SetPolicyResponse(policy=request.policy)

    def GetStandings(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        return standings()

    def ListResults(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        return pb.ListResultsResponse(results=[pb.Result(image_id=image_id(1), version=OLD, mean_iou=0.5)])

    def _require(self, request: Any) -> None:
        self.asked.append(request)
        if request.round_id not in ("", ROUND):
            raise NotFound(f"there is no round {request.round_id}")


LANE = pb.TestSet(kind=pb.TEST_KIND_RANDOM_LANE, images=120, vetoed=7)
GAIN = finetune_pb2.Figure(value=0.25, low=0.125, high=0.5, images=30)


@dataclass
class CannedEvaluation(EvaluationServiceServicer):
    """One pair, one failure, one duel; a competition only once it is `met`."""

    met: bool = True
    asked: list[Any] = field(default_factory=list)

    def CompareVersions(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        pair = pb.PairedDifference(before=OLD, after=NEW, gain=GAIN, p_value=0.01, more_images=4, corrected=0.02)
        return evaluation.CompareVersionsResponse(set=LANE, pairs=[pair], stability=[float("nan"), 1.0])

    def GetCoverage(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        return evaluation.GetCoverageResponse(
            set=LANE,
            version=NEW,
            images=2,
            curve=[evaluation.CoveragePoint(coverage=0.5, risk=0.25), evaluation.CoveragePoint(coverage=1, risk=0.5)],
            failures=1,
            unranked=1,
            unranked_share=GAIN,
            worst=[evaluation.Failure(image_id=image_id(1), mean_iou=0.25)],
        )

    def GetCompetition(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        if not self.met:
            raise NotFound("no candidate set with contestants")
        duel = evaluation.Duel(first=OLD, second=NEW, images=3, drawn=0)
        return evaluation.GetCompetitionResponse(candidate_set_id="c1" * 16, contestants=[OLD, NEW], duels=[duel])
