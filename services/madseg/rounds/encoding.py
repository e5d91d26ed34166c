"""Between the messages of RoundsService and rounds."""

from madseg.client.decode.rounds import from_plan, to_plan
from madseg.client.values.common import Version
from madseg.client.values.finetune import Figure
from madseg.client.values.rounds import (
    PairedDifference,
    Result,
    RoundPlan,
    Standings,
    TestKind,
    TestSet,
    TieGroup,
)
from madseg.core.errors import InvalidInput
from madseg.core.messages import VersionRef
from madseg.core.rounds import Outcome, Policy, Step
from madseg.requests import plain_text
from madseg.rounds.evaluating import LANE
from madseg.rounds.plans import checked
from madseg.rounds.policies import Kept
from madseg.rounds.rounds import Round
from madseg.v1 import finetune_pb2, types_pb2
from madseg.v1 import rounds_pb2 as pb
from madseg.wire import stamp, version_proto

MAX_ID, MAX_TEXT, MAX_CHANGES = 32, 1000, 1000
"""Characters of an id and of a path, and settings of a recipe that are changed."""

_STEPS = {
    Step.MINING: pb.ROUND_STEP_MINING,
    Step.SCORING: pb.ROUND_STEP_SCORING,
    Step.CHOOSING: pb.ROUND_STEP_CHOOSING,
    Step.DRAWING: pb.ROUND_STEP_DRAWING,
    Step.EVALUATING: pb.ROUND_STEP_EVALUATING,
    Step.TRAINING: pb.ROUND_STEP_TRAINING,
    Step.REPLAYING: pb.ROUND_STEP_REPLAYING,
    Step.ENDED: pb.ROUND_STEP_ENDED,
}

_OUTCOMES = {
    Outcome.RELEASED: pb.ROUND_OUTCOME_RELEASED,
    Outcome.REFUSED: pb.ROUND_OUTCOME_REFUSED,
    Outcome.EVALUATED: pb.ROUND_OUTCOME_EVALUATED,
    Outcome.CANCELLED: pb.ROUND_OUTCOME_CANCELLED,
    Outcome.FAILED: pb.ROUND_OUTCOME_FAILED,
}

_KINDS = {
    TestKind.ROUND: pb.TEST_KIND_ROUND,
    TestKind.RANDOM_LANE: pb.TEST_KIND_RANDOM_LANE,
    TestKind.T0_REPORT: pb.TEST_KIND_T0_REPORT,
}


def plan(message: pb.RoundPlan) -> RoundPlan:
    """The plan of a request, complete.

    Raises:
        InvalidInput: a value that can't be; the message names it.
    """
    for text in (message.training.s0, message.training.t0, message.training.recipe):
        plain_text(text, "plan.training", MAX_TEXT)
    if message.training.seed >= 1 << 63 or message.campaign.seed >= 1 << 63:
        raise InvalidInput("seeds must be below 2 ** 63", field="plan")
    if len(message.training.changes) > MAX_CHANGES:
        raise InvalidInput(f"at most {MAX_CHANGES} settings can be changed", field="plan.training.changes")
    try:
        found = to_plan(message)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"training.changes must be JSON values: {error}", field="plan.training.changes") from error
    return checked(found)


def step(value: pb.RoundStep.ValueType) -> Step:
    """The step of an approval.

    Raises:
        InvalidInput: no step.
    """
    found = next((name for name, known in _STEPS.items() if known == value), None)
    if found is None:
        raise InvalidInput(f"step must be one of {', '.join(_STEPS)}, got {value}", field="step")
    return found


def set_number(kind: pb.TestKind.ValueType, number: int) -> int:
    """The round of a T, or LANE.

    Raises:
        InvalidInput: neither, or no round.
    """
    if kind not in (pb.TEST_KIND_ROUND, pb.TEST_KIND_RANDOM_LANE):
        raise InvalidInput("kind must be ROUND or RANDOM_LANE: T0-report has figures alone", field="kind")
    if kind == pb.TEST_KIND_RANDOM_LANE:
        return LANE
    if not 0 < number < 1 << 31:
        raise InvalidInput(f"round must be the number of a round, got {number}", field="round")
    return number


def round_proto(found: Round) -> pb.Round:
    """The message of a round."""
    made = pb.Round(
        id=found.id,
        number=found.number,
        target=version_proto(found.target),
        plan=from_plan(found.plan),
        step=_STEPS[found.step],
        notes=found.notes,
        awaits_approval=found.awaits,
        done=found.done,
        total=found.total,
        created_at=stamp(found.created_at),
        changed_at=stamp(found.changed_at),
        started_by=found.started_by,
        candidate_set_id=found.candidate_set_id,
        campaign_id=found.campaign_id,
        run_id=found.run_id,
        candidates=found.candidates,
        counterexamples=found.counterexamples,
        test=found.test,
    )
    if found.outcome is not None:
        made.outcome = _OUTCOMES[found.outcome]
    for item in found.steps:
        ended = None if item.ended is None else stamp(item.ended)
        made.steps.add(step=_STEPS[item.step], began_at=stamp(item.began), ended_at=ended)
    if found.released is not None:
        made.released.CopyFrom(version_proto(VersionRef(found.target.model, found.released)))
    return made


def policy(message: pb.RoundPolicy) -> Policy:
    """When rounds begin, of a request.

    Raises:
        InvalidInput: it begins nothing, or numbers that are too large.
    """
    for name in ("candidates", "seconds", "rounds"):
        if getattr(message, name) >= 1 << 31:
            raise InvalidInput(f"{name} must be below 2 ** 31, got {getattr(message, name)}", field=f"policy.{name}")
    if message.enabled and not message.candidates and not message.seconds:
        raise InvalidInput("a policy that is enabled needs candidates or seconds", field="policy")
    return Policy(message.enabled, message.candidates, message.seconds, message.rounds)


def policy_proto(model: str, kept: Kept | None) -> pb.RoundPolicy:
    """The message of a policy; one that isn't enabled where none was set."""
    if kept is None:
        return pb.RoundPolicy(model=model, plan=from_plan(checked(RoundPlan(evaluate_only=True))))
    rule = kept.policy
    return pb.RoundPolicy(
        model=model,
        enabled=rule.enabled,
        candidates=rule.candidates,
        seconds=rule.seconds,
        rounds=rule.rounds,
        plan=from_plan(kept.plan),
    )


def standings_proto(found: Standings) -> pb.GetStandingsResponse:
    """The message of Table 1."""
    made = pb.GetStandingsResponse(stability=found.stability)
    made.sets.extend(map(set_proto, found.sets))
    for item in found.standings:
        made.standings.add(
            set=item.set, version=version_message(item.version), figure=figure_proto(item.figure), clean=item.clean
        )
    made.ties.extend(map(ties_proto, found.ties))
    made.differences.extend(map(difference_proto, found.differences))
    return made


def result_proto(found: Result) -> pb.Result:
    """The message of a version on an image."""
    return pb.Result(image_id=found.image_id, version=version_message(found.version), mean_iou=found.mean_iou)


def set_proto(found: TestSet) -> pb.TestSet:
    """The message of a test set."""
    against = None if found.against is None else version_message(found.against)
    kind = _KINDS[found.kind]
    return pb.TestSet(kind=kind, round=found.round, images=found.images, against=against, vetoed=found.vetoed)


def ties_proto(found: TieGroup) -> pb.TieGroup:
    """The message of versions that can't be told apart."""
    return pb.TieGroup(set=found.set, versions=map(version_message, found.versions))


def difference_proto(item: PairedDifference) -> pb.PairedDifference:
    """The message of a version against another."""
    return pb.PairedDifference(
        set=item.set,
        before=version_message(item.before),
        after=version_message(item.after),
        gain=figure_proto(item.gain),
        p_value=item.p_value,
        images_to_separate=at_most_32_bits(item.images_to_separate),
        worse=item.worse,
        better=item.better,
        more_images=at_most_32_bits(item.more_images),
        corrected=item.corrected,
    )


def at_most_32_bits(number: int | None) -> int | None:
    """A count of images that nobody will ever draw, as large as the field holds."""
    return None if number is None else min(number, (1 << 32) - 1)


def figure_proto(found: Figure) -> finetune_pb2.Figure:
    """The message of a figure."""
    return finetune_pb2.Figure(value=found.value, low=found.low, high=found.high, images=found.images)


def version_message(found: Version) -> types_pb2.ModelVersion:
    """The message of a version."""
    return types_pb2.ModelVersion(model=found.model, version=found.version)
