"""Messages of MasksService."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from madseg.client.decode.common import to_moment, to_version
from madseg.client.decode.fill import fill, shown
from madseg.client.errors import InvalidArgument
from madseg.client.values.common import Box, Size
from madseg.client.values.masks import (
    DrawnMask,
    ExportedMask,
    Finding,
    FindingState,
    FindingType,
    HumanCeiling,
    ImportedMask,
    MaskBeginning,
    MaskPurpose,
    MaskRevision,
    MaskStart,
    MaskTask,
    MaskTaskState,
    Message,
    Point,
    ReviewDecision,
    SentBack,
)
from madseg.v1 import masks_pb2, types_pb2

K = TypeVar("K", bound=StrEnum)
V = TypeVar("V", bound=int)

_PURPOSES = {
    MaskPurpose.COUNTEREXAMPLE: masks_pb2.MASK_PURPOSE_COUNTEREXAMPLE,
    MaskPurpose.TEST: masks_pb2.MASK_PURPOSE_TEST,
    MaskPurpose.RANDOM_LANE: masks_pb2.MASK_PURPOSE_RANDOM_LANE,
    MaskPurpose.SECOND_OPINION: masks_pb2.MASK_PURPOSE_SECOND_OPINION,
    MaskPurpose.CONTEST: masks_pb2.MASK_PURPOSE_CONTEST,
}

_STATES = {
    MaskTaskState.WAITING: masks_pb2.MASK_TASK_STATE_WAITING,
    MaskTaskState.DRAWING: masks_pb2.MASK_TASK_STATE_DRAWING,
    MaskTaskState.SUBMITTED: masks_pb2.MASK_TASK_STATE_SUBMITTED,
    MaskTaskState.IN_REVIEW: masks_pb2.MASK_TASK_STATE_IN_REVIEW,
    MaskTaskState.ACCEPTED: masks_pb2.MASK_TASK_STATE_ACCEPTED,
    MaskTaskState.SENT_BACK: masks_pb2.MASK_TASK_STATE_SENT_BACK,
    MaskTaskState.CANCELLED: masks_pb2.MASK_TASK_STATE_CANCELLED,
}

_STARTS = {
    MaskStart.EMPTY: masks_pb2.MASK_START_EMPTY,
    MaskStart.TARGET: masks_pb2.MASK_START_TARGET,
    MaskStart.COMPETITOR: masks_pb2.MASK_START_COMPETITOR,
    MaskStart.MAJORITY: masks_pb2.MASK_START_MAJORITY,
}

_FINDING_TYPES = {
    FindingType.MISSING: masks_pb2.FINDING_TYPE_MISSING,
    FindingType.EXTRA: masks_pb2.FINDING_TYPE_EXTRA,
    FindingType.WRONG_CLASS: masks_pb2.FINDING_TYPE_WRONG_CLASS,
    FindingType.BOUNDARY: masks_pb2.FINDING_TYPE_BOUNDARY,
    FindingType.OTHER: masks_pb2.FINDING_TYPE_OTHER,
}

_FINDING_STATES = {
    FindingState.OPEN: masks_pb2.FINDING_STATE_OPEN,
    FindingState.RESOLVED: masks_pb2.FINDING_STATE_RESOLVED,
    FindingState.ACCEPTED: masks_pb2.FINDING_STATE_ACCEPTED,
}

_DECISIONS = {
    ReviewDecision.ACCEPT: masks_pb2.REVIEW_DECISION_ACCEPT,
    ReviewDecision.SEND_BACK: masks_pb2.REVIEW_DECISION_SEND_BACK,
}


def from_purpose(purpose: str | MaskPurpose | None) -> masks_pb2.MaskPurpose.ValueType:
    """The enum value of a purpose; None is any.

    Raises:
        InvalidArgument: there is no such purpose.
    """
    if purpose is None:
        return masks_pb2.MASK_PURPOSE_UNSPECIFIED
    return _value(_PURPOSES, purpose, "purpose")


def from_state(state: str | MaskTaskState | None) -> masks_pb2.MaskTaskState.ValueType:
    """The enum value of a task's state; None is any. Raises as `from_purpose`."""
    return masks_pb2.MASK_TASK_STATE_UNSPECIFIED if state is None else _value(_STATES, state, "state")


def from_start(start: str | MaskStart | None) -> masks_pb2.MaskStart.ValueType:
    """The enum value of a start; None leaves it to the service. Raises as `from_purpose`."""
    return masks_pb2.MASK_START_UNSPECIFIED if start is None else _value(_STARTS, start, "start")


def from_finding_type(kind: str | FindingType) -> masks_pb2.FindingType.ValueType:
    """The enum value of a finding's type. Raises as `from_purpose`."""
    return _value(_FINDING_TYPES, kind, "type")


def from_finding_state(state: str | FindingState) -> masks_pb2.FindingState.ValueType:
    """The enum value of a finding's state. Raises as `from_purpose`."""
    return _value(_FINDING_STATES, state, "state")


def from_decision(decision: str | ReviewDecision) -> masks_pb2.ReviewDecision.ValueType:
    """The enum value of a decision. Raises as `from_purpose`."""
    return _value(_DECISIONS, decision, "decision")


def from_place(place: Point | tuple[int, int]) -> masks_pb2.Point:
    """The message of a place, given as a point or as column and row.

    Raises:
        InvalidArgument: a number that no message can hold.
    """
    x, y = (place.x, place.y) if isinstance(place, Point) else place
    try:
        return masks_pb2.Point(x=x, y=y)
    except (ValueError, TypeError, OverflowError):
        raise InvalidArgument(
            f"a place must be a column and a row from 0, got {shown((x, y))}", field="place"
        ) from None


def from_drawn(item: DrawnMask) -> masks_pb2.ImportMasksRequest:
    """The message of a mask drawn elsewhere."""
    return fill(
        masks_pb2.ImportMasksRequest, image_id=item.image_id, label_map=item.label_map, annotator=item.annotator
    )


def to_task(message: masks_pb2.MaskTask) -> MaskTask:
    """The task of a message."""
    return MaskTask(
        id=message.id,
        image_id=message.image_id,
        purpose=_name(_PURPOSES, message.purpose, MaskPurpose.UNKNOWN),
        state=_name(_STATES, message.state, MaskTaskState.UNKNOWN),
        annotator=message.annotator,
        reviewer=message.reviewer,
        campaign_id=message.campaign_id,
        target=to_version(message.target) if message.HasField("target") else None,
        size=Size(message.size.height, message.size.width),
        crop=_box(message.crop),
        revision=message.revision,
        accepted_revision=message.accepted_revision,
        findings=tuple(map(to_finding, message.findings)),
        messages=tuple(map(to_message, message.messages)),
        created_at=to_moment(message.created_at),
        changed_at=to_moment(message.changed_at),
        seconds_drawing=message.seconds_drawing,
    )


def to_finding(message: masks_pb2.Finding) -> Finding:
    """The finding of a message."""
    return Finding(
        number=message.number,
        revision=message.revision,
        place=Point(message.place.x, message.place.y),
        type=_name(_FINDING_TYPES, message.type, FindingType.UNKNOWN),
        text=message.text,
        state=_name(_FINDING_STATES, message.state, FindingState.UNKNOWN),
        author=message.author,
    )


def to_message(message: masks_pb2.Message) -> Message:
    """The message on a task."""
    return Message(message.author, to_moment(message.at), message.text)


def to_beginning(message: masks_pb2.GetMaskStartResponse) -> MaskBeginning:
    """What a mask is begun from."""
    return MaskBeginning(message.label_map, tuple(map(_box, message.disagreements)))


def to_sent_back(message: masks_pb2.SendBackImageResponse) -> SentBack:
    """A task that was sent back."""
    return SentBack(to_task(message.task), message.replacement_image_id)


def to_revision(message: masks_pb2.GetMaskRevisionResponse) -> MaskRevision:
    """The revision of a message."""
    return MaskRevision(message.revision, message.label_map, message.author, to_moment(message.at))


def to_exported(message: masks_pb2.ExportMasksResponse) -> ExportedMask:
    """The accepted mask of a message."""
    return ExportedMask(
        image_id=message.image_id,
        purpose=_name(_PURPOSES, message.purpose, MaskPurpose.UNKNOWN),
        label_map=message.label_map,
        annotator=message.annotator,
        reviewer=message.reviewer,
        revision=message.revision,
        resume_token=message.resume_token,
    )


def to_imported(message: masks_pb2.ImportMasksResponse) -> ImportedMask:
    """What became of a mask drawn elsewhere."""
    return ImportedMask(message.image_id, message.revision, message.problem)


def to_ceiling(message: masks_pb2.GetHumanCeilingResponse) -> HumanCeiling:
    """How alike two people draw."""
    return HumanCeiling(message.images, message.mean_iou if message.HasField("mean_iou") else None)


def _value(known: Mapping[K, V], name: str, field: str) -> V:
    found = next((value for key, value in known.items() if key == name), None)
    if found is None:
        raise InvalidArgument(f"{field} must be one of {', '.join(known)}, got {name!r}", field=field)
    return found


def _name(known: Mapping[K, int], value: int, unknown: K) -> K:
    return next((name for name, said in known.items() if said == value), unknown)


def _box(message: types_pb2.Box) -> Box:
    return Box(message.left, message.top, message.width, message.height)
