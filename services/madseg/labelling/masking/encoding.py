"""Between the messages of MasksService and the values of masking."""

from collections.abc import Mapping

from madseg.core.errors import InvalidInput
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Box
from madseg.labelling.masking import reviews, starts, tasks
from madseg.labelling.masking.exporting import Exported
from madseg.labelling.masking.revisions import Revision
from madseg.labelling.masking.tasks import Finding, Message, Shown
from madseg.labelling.scoring.standing import COUNTEREXAMPLE, TEST
from madseg.v1 import masks_pb2 as pb
from madseg.v1 import types_pb2
from madseg.wire import stamp, version_proto

_PURPOSES = {
    COUNTEREXAMPLE: pb.MASK_PURPOSE_COUNTEREXAMPLE,
    TEST: pb.MASK_PURPOSE_TEST,
    tasks.RANDOM_LANE: pb.MASK_PURPOSE_RANDOM_LANE,
    tasks.SECOND_OPINION: pb.MASK_PURPOSE_SECOND_OPINION,
    tasks.CONTEST: pb.MASK_PURPOSE_CONTEST,
}

_STATES = {
    tasks.WAITING: pb.MASK_TASK_STATE_WAITING,
    tasks.DRAWING: pb.MASK_TASK_STATE_DRAWING,
    tasks.SUBMITTED: pb.MASK_TASK_STATE_SUBMITTED,
    tasks.IN_REVIEW: pb.MASK_TASK_STATE_IN_REVIEW,
    tasks.ACCEPTED: pb.MASK_TASK_STATE_ACCEPTED,
    tasks.SENT_BACK: pb.MASK_TASK_STATE_SENT_BACK,
    tasks.CANCELLED: pb.MASK_TASK_STATE_CANCELLED,
}

_STARTS = {
    starts.EMPTY: pb.MASK_START_EMPTY,
    starts.TARGET: pb.MASK_START_TARGET,
    starts.COMPETITOR: pb.MASK_START_COMPETITOR,
    starts.MAJORITY: pb.MASK_START_MAJORITY,
}

_TYPES = {
    "missing": pb.FINDING_TYPE_MISSING,
    "extra": pb.FINDING_TYPE_EXTRA,
    "wrong_class": pb.FINDING_TYPE_WRONG_CLASS,
    "boundary": pb.FINDING_TYPE_BOUNDARY,
    "other": pb.FINDING_TYPE_OTHER,
}

_FINDING_STATES = {
    tasks.OPEN: pb.FINDING_STATE_OPEN,
    tasks.RESOLVED: pb.FINDING_STATE_RESOLVED,
    tasks.ACCEPTED: pb.FINDING_STATE_ACCEPTED,
}

_DECISIONS = {
    reviews.ACCEPT: pb.REVIEW_DECISION_ACCEPT,
    reviews.SEND_BACK: pb.REVIEW_DECISION_SEND_BACK,
}


def purpose(value: pb.MaskPurpose.ValueType) -> str:
    """The purpose of an enum value; "" for one that isn't said.

    Raises:
        InvalidInput: one that is unknown.
    """
    return _named(_PURPOSES, value, "purpose")


def state(value: pb.MaskTaskState.ValueType) -> str:
    """A task's state, as `purpose`."""
    return _named(_STATES, value, "state")


def start(value: pb.MaskStart.ValueType) -> str:
    """What a mask is begun from, as `purpose`."""
    return _named(_STARTS, value, "start")


def finding_type(value: pb.FindingType.ValueType) -> str:
    """A finding's type, as `purpose`."""
    return _named(_TYPES, value, "type")


def finding_state(value: pb.FindingState.ValueType) -> str:
    """A finding's state, as `purpose`."""
    return _named(_FINDING_STATES, value, "state")


def decision(value: pb.ReviewDecision.ValueType) -> str:
    """What a reviewer decides, as `purpose`."""
    return _named(_DECISIONS, value, "decision")


def competitor(request: pb.GetMaskStartRequest) -> VersionRef | None:
    """The competitor of a request; None where it names none. Version 0 is the newest."""
    named = request.competitor
    return VersionRef(named.model, named.version) if named.model else None


def task_proto(item: Shown) -> pb.MaskTask:
    """A task."""
    found = item.task
    return pb.MaskTask(
        id=found.id,
        image_id=found.image_id,
        purpose=_PURPOSES[found.purpose],
        state=_STATES[found.state],
        annotator=found.annotator,
        reviewer=found.reviewer,
        campaign_id=found.campaign_id,
        target=version_proto(found.target) if found.target else None,
        size=types_pb2.Size(height=found.size.height, width=found.size.width),
        crop=box_proto(found.crop),
        revision=found.revision,
        accepted_revision=found.accepted_revision,
        findings=map(finding_proto, item.findings),
        messages=map(message_proto, item.messages),
        created_at=stamp(found.created_at),
        changed_at=stamp(found.changed_at),
        seconds_drawing=found.drawing_ms / 1000,
    )


def finding_proto(item: Finding) -> pb.Finding:
    """A finding."""
    return pb.Finding(
        number=item.number,
        revision=item.revision,
        place=pb.Point(x=item.x, y=item.y),
        type=_TYPES[item.type],
        text=item.text,
        state=_FINDING_STATES[item.state],
        author=item.author,
    )


def message_proto(item: Message) -> pb.Message:
    """A message."""
    return pb.Message(author=item.author, at=stamp(item.at), text=item.text)


def revision_proto(item: Revision) -> pb.GetMaskRevisionResponse:
    """A revision."""
    return pb.GetMaskRevisionResponse(
        revision=item.revision, label_map=item.label_map, author=item.author, at=stamp(item.at)
    )


def exported_proto(item: Exported) -> pb.ExportMasksResponse:
    """An accepted mask."""
    return pb.ExportMasksResponse(
        image_id=item.image_id,
        purpose=_PURPOSES[item.purpose],
        label_map=item.label_map,
        annotator=item.annotator,
        reviewer=item.reviewer,
        revision=item.revision,
        resume_token=item.resume_token,
    )


def box_proto(box: Box) -> types_pb2.Box:
    """A box."""
    return types_pb2.Box(left=box.left, top=box.top, width=box.width, height=box.height)


def _named(known: Mapping[str, int], value: int, field: str) -> str:
    found = next((name for name, number in known.items() if number == value), "")
    if value and not found:
        raise InvalidInput(f"{field} {value} is unknown: it must be one of {', '.join(known)}", field=field)
    return found
