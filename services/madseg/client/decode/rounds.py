"""Messages of RoundsService."""

from madseg.client.decode import finetune, scoring
from madseg.client.decode.common import to_moment, to_version
from madseg.client.decode.fill import fill
from madseg.client.errors import InvalidArgument
from madseg.client.values.rounds import (
    PairedDifference,
    Result,
    Round,
    RoundOutcome,
    RoundPlan,
    RoundPolicy,
    RoundStep,
    Standing,
    Standings,
    StepRecord,
    TestKind,
    TestSet,
    TieGroup,
)
from madseg.client.values.scoring import CampaignPlan
from madseg.v1 import rounds_pb2, scoring_pb2

_STEPS = {
    RoundStep.MINING: rounds_pb2.ROUND_STEP_MINING,
    RoundStep.SCORING: rounds_pb2.ROUND_STEP_SCORING,
    RoundStep.CHOOSING: rounds_pb2.ROUND_STEP_CHOOSING,
    RoundStep.DRAWING: rounds_pb2.ROUND_STEP_DRAWING,
    RoundStep.EVALUATING: rounds_pb2.ROUND_STEP_EVALUATING,
    RoundStep.TRAINING: rounds_pb2.ROUND_STEP_TRAINING,
    RoundStep.REPLAYING: rounds_pb2.ROUND_STEP_REPLAYING,
    RoundStep.ENDED: rounds_pb2.ROUND_STEP_ENDED,
}
_STEP_NAMES = {value: name for name, value in _STEPS.items()}

_OUTCOMES = {
    rounds_pb2.ROUND_OUTCOME_RELEASED: RoundOutcome.RELEASED,
    rounds_pb2.ROUND_OUTCOME_REFUSED: RoundOutcome.REFUSED,
    rounds_pb2.ROUND_OUTCOME_EVALUATED: RoundOutcome.EVALUATED,
    rounds_pb2.ROUND_OUTCOME_CANCELLED: RoundOutcome.CANCELLED,
    rounds_pb2.ROUND_OUTCOME_FAILED: RoundOutcome.FAILED,
}

_KINDS = {
    TestKind.ROUND: rounds_pb2.TEST_KIND_ROUND,
    TestKind.RANDOM_LANE: rounds_pb2.TEST_KIND_RANDOM_LANE,
    TestKind.T0_REPORT: rounds_pb2.TEST_KIND_T0_REPORT,
}
_KIND_NAMES = {value: name for name, value in _KINDS.items()}


def from_step(step: str | RoundStep) -> rounds_pb2.RoundStep.ValueType:
    """The enum value of a step.

    Raises:
        InvalidArgument: no step.
    """
    try:
        return _STEPS[RoundStep(step)]
    except (ValueError, KeyError):
        raise InvalidArgument(f"step must be one of {', '.join(_STEPS)}, got {step!r}", field="step") from None


def from_kind(kind: str | TestKind) -> rounds_pb2.TestKind.ValueType:
    """The enum value of a kind of test set.

    Raises:
        InvalidArgument: no kind.
    """
    try:
        return _KINDS[TestKind(kind)]
    except (ValueError, KeyError):
        raise InvalidArgument(f"kind must be one of {', '.join(_KINDS)}, got {kind!r}", field="kind") from None


def from_plan(plan: RoundPlan) -> rounds_pb2.RoundPlan:
    """The message of a plan; what is None stays unset.

    Raises:
        InvalidArgument: a value that no message can hold.
    """
    return fill(
        rounds_pb2.RoundPlan,
        per_ranking=plan.per_ranking,
        campaign=scoring.from_plan(plan.campaign),
        annotators=plan.annotators,
        double_share=plan.double_share,
        training=finetune.from_plan(plan.training),
        approve_choice=plan.approve_choice,
        approve_release=plan.approve_release,
        evaluate_only=plan.evaluate_only,
    )


def to_plan(message: rounds_pb2.RoundPlan) -> RoundPlan:
    """The plan of a message; what it leaves out is None."""
    return RoundPlan(
        message.per_ranking if message.HasField("per_ranking") else None,
        _campaign(message.campaign),
        tuple(message.annotators),
        message.double_share if message.HasField("double_share") else None,
        finetune.to_plan(message.training),
        message.approve_choice,
        message.approve_release,
        message.evaluate_only,
    )


def to_round(message: rounds_pb2.Round) -> Round:
    """The round of a message."""
    return Round(
        message.id,
        message.number,
        to_version(message.target),
        to_plan(message.plan),
        _STEP_NAMES.get(message.step, RoundStep.UNKNOWN),
        _OUTCOMES.get(message.outcome, RoundOutcome.UNKNOWN) if message.outcome else None,
        tuple(message.notes),
        message.awaits_approval,
        message.done,
        message.total,
        tuple(map(_record, message.steps)),
        to_moment(message.created_at),
        to_moment(message.changed_at),
        message.started_by,
        message.candidate_set_id,
        message.campaign_id,
        message.run_id,
        to_version(message.released) if message.HasField("released") else None,
        message.candidates,
        message.counterexamples,
        message.test,
    )


def from_policy(policy: RoundPolicy) -> rounds_pb2.RoundPolicy:
    """The message of a policy.

    Raises:
        InvalidArgument: a value that no message can hold.
    """
    return fill(
        rounds_pb2.RoundPolicy,
        model=policy.model,
        enabled=policy.enabled,
        candidates=policy.candidates,
        seconds=policy.seconds,
        rounds=policy.rounds,
        plan=from_plan(policy.plan),
    )


def to_policy(message: rounds_pb2.RoundPolicy) -> RoundPolicy:
    """The policy of a message."""
    plan = to_plan(message.plan)
    return RoundPolicy(message.model, message.enabled, message.candidates, message.seconds, message.rounds, plan)


def to_standings(message: rounds_pb2.GetStandingsResponse) -> Standings:
    """Table 1 of a message."""
    return Standings(
        tuple(map(to_set, message.sets)),
        tuple(
            Standing(item.set, to_version(item.version), finetune.to_figure(item.figure), item.clean)
            for item in message.standings
        ),
        tuple(map(to_ties, message.ties)),
        tuple(map(to_difference, message.differences)),
        tuple(message.stability),
    )


def to_ties(message: rounds_pb2.TieGroup) -> TieGroup:
    """Versions that can't be told apart."""
    return TieGroup(message.set, tuple(map(to_version, message.versions)))


def to_result(message: rounds_pb2.Result) -> Result:
    """A version on an image."""
    return Result(message.image_id, to_version(message.version), message.mean_iou)


def _campaign(message: scoring_pb2.CampaignPlan) -> CampaignPlan:
    """`scoring.to_plan` is for answers, in which every field is set."""
    return CampaignPlan(**{field.name: value for field, value in message.ListFields()})


def _record(message: rounds_pb2.StepRecord) -> StepRecord:
    return StepRecord(
        _STEP_NAMES.get(message.step, RoundStep.UNKNOWN), to_moment(message.began_at), to_moment(message.ended_at)
    )


def to_set(message: rounds_pb2.TestSet) -> TestSet:
    """A test set."""
    against = to_version(message.against) if message.HasField("against") else None
    kind = _KIND_NAMES.get(message.kind, TestKind.UNKNOWN)
    return TestSet(kind, message.round, message.images, against, message.vetoed)


def to_difference(message: rounds_pb2.PairedDifference) -> PairedDifference:
    """A version against another."""
    return PairedDifference(
        message.set,
        to_version(message.before),
        to_version(message.after),
        finetune.to_figure(message.gain),
        message.p_value,
        message.images_to_separate if message.HasField("images_to_separate") else None,
        message.worse,
        message.better,
        message.more_images if message.HasField("more_images") else None,
        message.corrected if message.HasField("corrected") else None,
    )
