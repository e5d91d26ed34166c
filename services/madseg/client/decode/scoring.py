"""Messages of ScoringService."""

from madseg.client.decode.common import to_moment, to_version
from madseg.client.decode.fill import fill
from madseg.client.errors import InvalidArgument
from madseg.client.values.scoring import (
    Agreement,
    Assignment,
    Campaign,
    CampaignPlan,
    CampaignState,
    ChosenImage,
    ChosenSets,
    Grade,
    Opinion,
    RaterReport,
    VetoReason,
    VetoRecord,
)
from madseg.v1 import scoring_pb2

_STATES = {
    scoring_pb2.CAMPAIGN_STATE_OPEN: CampaignState.OPEN,
    scoring_pb2.CAMPAIGN_STATE_SCORED: CampaignState.SCORED,
    scoring_pb2.CAMPAIGN_STATE_CLOSED: CampaignState.CLOSED,
    scoring_pb2.CAMPAIGN_STATE_CANCELLED: CampaignState.CANCELLED,
}

_REASONS = {
    VetoReason.NO_CLASS: scoring_pb2.VETO_REASON_NO_CLASS,
    VetoReason.CORRUPT: scoring_pb2.VETO_REASON_CORRUPT,
    VetoReason.INAPPROPRIATE: scoring_pb2.VETO_REASON_INAPPROPRIATE,
    VetoReason.OTHER: scoring_pb2.VETO_REASON_OTHER,
}

_GRADES = {
    Grade.BAD: scoring_pb2.GRADE_BAD,
    Grade.POOR: scoring_pb2.GRADE_POOR,
    Grade.FAIR: scoring_pb2.GRADE_FAIR,
    Grade.GOOD: scoring_pb2.GRADE_GOOD,
    Grade.EXCELLENT: scoring_pb2.GRADE_EXCELLENT,
}

_NAMES = {value: reason for reason, value in _REASONS.items()}


def from_plan(plan: CampaignPlan | None) -> scoring_pb2.CampaignPlan | None:
    """The message of a plan; what is None stays unset.

    Raises:
        InvalidArgument: a number that no message can hold.
    """
    if plan is None:
        return None
    return fill(
        scoring_pb2.CampaignPlan,
        raters=plan.raters,
        counterexamples=plan.counterexamples,
        test_reserved=plan.test_reserved,
        test_reported=plan.test_reported,
        test_per_class=plan.test_per_class,
        adaptive=plan.adaptive,
        full_share=plan.full_share,
        repeat_share=plan.repeat_share,
        lease_seconds=plan.lease_seconds,
        seed=plan.seed,
    )


def to_plan(message: scoring_pb2.CampaignPlan) -> CampaignPlan:
    """How a campaign is run."""
    return CampaignPlan(
        message.raters,
        message.counterexamples,
        message.test_reserved,
        message.test_reported,
        message.test_per_class,
        message.adaptive,
        message.full_share,
        message.repeat_share,
        message.lease_seconds,
        message.seed,
    )


def to_campaign(message: scoring_pb2.Campaign) -> Campaign:
    """A campaign."""
    return Campaign(
        message.id,
        to_moment(message.created_at),
        message.candidate_set_id,
        to_version(message.target),
        to_plan(message.plan),
        _STATES.get(message.state, CampaignState.UNKNOWN),
        message.images,
        message.finished,
        message.vetoed,
        message.grades,
        message.grades_wanted,
        message.carried,
        tuple(message.active),
        message.note,
    )


def from_grade(grade: int) -> scoring_pb2.Grade.ValueType:
    """The enum value of a grade.

    Raises:
        InvalidArgument: it isn't 1..5.
    """
    try:
        return _GRADES[Grade(grade)]
    except ValueError:
        raise InvalidArgument(f"a grade must be 1 (bad) .. 5 (excellent), got {grade!r}", field="grade") from None


def from_reason(reason: str | VetoReason) -> scoring_pb2.VetoReason.ValueType:
    """The enum value of a veto's reason.

    Raises:
        InvalidArgument: there is no such reason.
    """
    try:
        return _REASONS[VetoReason(reason)]
    except ValueError:
        raise InvalidArgument(f"reason must be {', '.join(VetoReason)}, got {reason!r}", field="reason") from None


def to_assignment(message: scoring_pb2.Assignment) -> Assignment:
    """An image to judge."""
    return Assignment(message.id, message.image_id, to_version(message.target), to_moment(message.leased_until))


def to_opinion(message: scoring_pb2.Opinion) -> Opinion:
    """What raters think of an image."""
    return Opinion(
        message.image_id,
        message.mean if message.HasField("mean") else None,
        message.half_width if message.HasField("half_width") else None,
        message.adjusted if message.HasField("adjusted") else None,
        message.grades,
        message.abstentions,
        message.vetoes,
        message.mean_discrepancy,
    )


def to_veto(message: scoring_pb2.VetoRecord) -> VetoRecord:
    """A veto for the audit."""
    return VetoRecord(
        message.image_id,
        message.rater,
        to_moment(message.at),
        _NAMES.get(message.veto.reason),
        message.veto.text,
        message.revoked_by,
    )


def to_agreement(message: scoring_pb2.GetAgreementResponse) -> Agreement:
    """How well the raters agree."""
    return Agreement(
        message.alpha if message.HasField("alpha") else None,
        message.images,
        tuple(map(_rater, message.raters)),
        message.hours_scoring,
        message.hours_masks,
        message.hours_all_masks,
        message.grades_saved,
        message.vetoes_missed,
    )


def _rater(message: scoring_pb2.RaterReport) -> RaterReport:
    return RaterReport(
        message.rater,
        message.grades,
        message.vetoes,
        message.abstentions,
        message.veto_rate,
        message.bias if message.HasField("bias") else None,
        message.inconsistency if message.HasField("inconsistency") else None,
        message.repeats,
        message.self_agreement if message.HasField("self_agreement") else None,
        message.mean_grade if message.HasField("mean_grade") else None,
    )


def to_sets(message: scoring_pb2.ChosenSets) -> ChosenSets:
    """What was chosen."""
    return ChosenSets(
        message.campaign_id,
        to_moment(message.chosen_at),
        tuple(map(_chosen, message.counterexamples)),
        tuple(map(_chosen, message.test)),
        tuple(map(_chosen, message.just_missed)),
    )


def _chosen(message: scoring_pb2.ChosenImage) -> ChosenImage:
    mean = message.mean if message.HasField("mean") else None
    figures = (mean, message.mean_discrepancy, message.main_class)
    return ChosenImage(message.rank, message.image_id, *figures, message.reported)
