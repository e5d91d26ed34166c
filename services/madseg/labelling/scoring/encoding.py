"""Between the messages of ScoringService and the values of scoring."""

from madseg.core.errors import InvalidInput
from madseg.core.opinion import VetoReason
from madseg.labelling.scoring import kept
from madseg.labelling.scoring.agreement import Agreement, RaterReport
from madseg.labelling.scoring.assignments import Assignment
from madseg.labelling.scoring.campaigns import Progress
from madseg.labelling.scoring.choosing import ChosenImage, ChosenSets
from madseg.labelling.scoring.judgements import MAX_TEXT, Said
from madseg.labelling.scoring.opinions import Opinion
from madseg.labelling.scoring.plan import Plan
from madseg.labelling.scoring.vetoes import VetoRecord
from madseg.requests import plain_text
from madseg.v1 import scoring_pb2 as pb
from madseg.v1 import types_pb2
from madseg.wire import stamp, version_proto

_STATES = {
    kept.OPEN: pb.CAMPAIGN_STATE_OPEN,
    kept.SCORED: pb.CAMPAIGN_STATE_SCORED,
    kept.CLOSED: pb.CAMPAIGN_STATE_CLOSED,
    kept.CANCELLED: pb.CAMPAIGN_STATE_CANCELLED,
}

_REASONS = {
    VetoReason.NO_CLASS.value: pb.VETO_REASON_NO_CLASS,
    VetoReason.CORRUPT.value: pb.VETO_REASON_CORRUPT,
    VetoReason.INAPPROPRIATE.value: pb.VETO_REASON_INAPPROPRIATE,
    VetoReason.OTHER.value: pb.VETO_REASON_OTHER,
}

_REASON_NAMES = {value: name for name, value in _REASONS.items()}

_PLAN = (
    "seed",
    "raters",
    "counterexamples",
    "test_reserved",
    "test_reported",
    "test_per_class",
    "adaptive",
    "full_share",
    "repeat_share",
    "lease_seconds",
)


def plan(message: pb.CampaignPlan, seed: int) -> Plan:
    """The plan of a request; `seed` where it says none. Without test_reported at most the reserved ones are reported.

    Raises:
        InvalidInput: a value outside its range.
    """
    given = {name: getattr(message, name) for name in _PLAN if message.HasField(name)}  # type: ignore[arg-type]
    if "test_reported" not in given and "test_reserved" in given:
        given["test_reported"] = min(30, given["test_reserved"])
    return Plan(**{"seed": seed, **given})


def said(message: pb.JudgeRequest) -> Said:
    """The judgement of a request.

    Raises:
        InvalidInput: none, a grade outside 1..5, a veto without a reason.
    """
    match message.WhichOneof("judgement"):
        case "grade":
            return Said(grade=int(message.grade))
        case "veto":
            return veto_said(message.veto)
        case "abstention":
            return Said()
    raise InvalidInput("a judgement must be a grade, a veto or an abstention", field="judgement")


def veto_said(message: pb.Veto) -> Said:
    """A veto.

    Raises:
        InvalidInput: no reason, or OTHER without a text.
    """
    text = plain_text(message.text, "veto.text", MAX_TEXT)
    return Said(reason=_REASON_NAMES.get(message.reason, ""), text=text)


def campaign_proto(item: Progress) -> pb.Campaign:
    """A campaign and how far it has come."""
    found = item.kept
    return pb.Campaign(
        id=found.id,
        created_at=stamp(found.created_at),
        candidate_set_id=found.candidate_set_id,
        target=version_proto(found.target),
        plan=pb.CampaignPlan(**{name: getattr(found.plan, name) for name in _PLAN}),
        state=_STATES[found.state],
        images=found.images,
        finished=item.finished,
        vetoed=item.vetoed,
        grades=item.grades,
        grades_wanted=item.grades_wanted,
        carried=found.carried,
        active=item.active,
        note=found.note,
    )


def assignment_proto(item: Assignment) -> pb.Assignment:
    """An image to judge."""
    return pb.Assignment(
        id=item.id,
        image_id=item.image_id,
        target=types_pb2.ModelVersion(model=item.target.model, version=item.target.version),
        leased_until=stamp(item.leased_until),
    )


def opinion_proto(item: Opinion) -> pb.Opinion:
    """What the raters think of an image."""
    return pb.Opinion(
        image_id=item.image_id,
        mean=item.mean,
        half_width=item.half_width,
        adjusted=item.adjusted,
        grades=item.grades,
        abstentions=item.abstentions,
        vetoes=item.vetoes,
        mean_discrepancy=item.mean_discrepancy,
    )


def veto_proto(item: VetoRecord) -> pb.VetoRecord:
    """A veto for the audit."""
    return pb.VetoRecord(
        image_id=item.image_id,
        rater=item.rater,
        at=stamp(item.at),
        veto=pb.Veto(reason=_REASONS.get(item.reason, pb.VETO_REASON_UNSPECIFIED), text=item.text),
        revoked_by=item.revoked_by,
    )


def agreement_proto(item: Agreement) -> pb.GetAgreementResponse:
    """How well the raters agree."""
    return pb.GetAgreementResponse(
        alpha=item.alpha,
        images=item.images,
        raters=[_rater_proto(rater) for rater in item.raters],
        hours_scoring=item.hours_scoring,
        hours_masks=item.hours_masks,
        hours_all_masks=item.hours_all_masks,
        grades_saved=item.grades_saved,
        vetoes_missed=item.vetoes_missed,
    )


def _rater_proto(item: RaterReport) -> pb.RaterReport:
    return pb.RaterReport(
        rater=item.rater,
        grades=item.grades,
        vetoes=item.vetoes,
        abstentions=item.abstentions,
        veto_rate=item.veto_rate,
        bias=item.bias,
        inconsistency=item.inconsistency,
        repeats=item.repeats,
        self_agreement=item.self_agreement,
        mean_grade=item.mean_grade,
    )


def sets_proto(item: ChosenSets) -> pb.ChosenSets:
    """What was chosen."""
    return pb.ChosenSets(
        campaign_id=item.campaign_id,
        chosen_at=stamp(item.chosen_at),
        counterexamples=map(_chosen_proto, item.counterexamples),
        test=map(_chosen_proto, item.test),
        just_missed=map(_chosen_proto, item.just_missed),
    )


def _chosen_proto(item: ChosenImage) -> pb.ChosenImage:
    return pb.ChosenImage(
        rank=item.rank,
        image_id=item.image_id,
        mean=item.mean,
        mean_discrepancy=item.mean_discrepancy,
        main_class=item.main_class,
        reported=item.reported,
    )
