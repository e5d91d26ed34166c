"""Pixel-level masks: tasks, revisions, reviews."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from madseg.client.values.common import Box, Size, Version


class MaskPurpose(StrEnum):
    """What a mask is for. Only a COUNTEREXAMPLE is trained on; a SECOND_OPINION is drawn by somebody else than the
    first mask of the image; a CONTEST mask judges versions where they disagree."""

    UNKNOWN = "unknown"
    COUNTEREXAMPLE = "counterexample"
    TEST = "test"
    RANDOM_LANE = "random_lane"
    SECOND_OPINION = "second_opinion"
    CONTEST = "contest"


class MaskTaskState(StrEnum):
    """WAITING: nobody draws. SUBMITTED: waits for a reviewer. ACCEPTED: two people agree. SENT_BACK: out of domain.
    CANCELLED: its campaign was."""

    UNKNOWN = "unknown"
    WAITING = "waiting"
    DRAWING = "drawing"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    ACCEPTED = "accepted"
    SENT_BACK = "sent_back"
    CANCELLED = "cancelled"


class MaskStart(StrEnum):
    """What a mask is begun from. Masks for T and the random lane begin EMPTY."""

    EMPTY = "empty"
    TARGET = "target"
    COMPETITOR = "competitor"
    MAJORITY = "majority"


class FindingType(StrEnum):
    """What is wrong in a place. OTHER needs a text."""

    UNKNOWN = "unknown"
    MISSING = "missing"
    EXTRA = "extra"
    WRONG_CLASS = "wrong_class"
    BOUNDARY = "boundary"
    OTHER = "other"


class FindingState(StrEnum):
    """OPEN: to be dealt with. RESOLVED: its annotator says that it is mended. ACCEPTED: the reviewer agrees."""

    UNKNOWN = "unknown"
    OPEN = "open"
    RESOLVED = "resolved"
    ACCEPTED = "accepted"


class ReviewDecision(StrEnum):
    """What a reviewer decides."""

    ACCEPT = "accept"
    SEND_BACK = "send_back"


@dataclass(frozen=True)
class Point:
    """A place on the original picture: column and row, both from 0."""

    x: int
    y: int


@dataclass(frozen=True)
class Finding:
    """A finding of a review; `number` counts from 1 within the task."""

    number: int
    revision: int
    place: Point
    type: FindingType
    text: str
    state: FindingState
    author: str

    @property
    def x(self) -> int:
        """Its column."""
        return self.place.x

    @property
    def y(self) -> int:
        """Its row."""
        return self.place.y


@dataclass(frozen=True)
class Message:
    """A message on a task."""

    author: str
    at: datetime | None
    text: str


@dataclass(frozen=True)
class MaskTask:
    """One image to be drawn. `annotator`, `reviewer` and `campaign_id` are "" where there is none.

    The mask has the `size` of the original picture and is void outside `crop`, the part that models see. `revision` is
    the last one and `accepted_revision` the accepted one, 0: none. `target` is the version whose failure is repaired.
    """

    id: str
    image_id: str
    purpose: MaskPurpose
    state: MaskTaskState
    annotator: str
    reviewer: str
    campaign_id: str
    target: Version | None
    size: Size
    crop: Box
    revision: int
    accepted_revision: int
    findings: tuple[Finding, ...]
    messages: tuple[Message, ...]
    created_at: datetime | None
    changed_at: datetime | None
    seconds_drawing: float


@dataclass(frozen=True)
class MaskTaskPage:
    """A page of tasks in the order in which they were made, and the token of the next one; "" at the end."""

    tasks: tuple[MaskTask, ...]
    next_page_token: str


@dataclass(frozen=True)
class MaskTasksMade:
    """How many tasks were made, and how many images had one already."""

    created: int
    present: int


@dataclass(frozen=True)
class MaskBeginning:
    """A label map in wire form to begin from, and where the models disagree, largest first."""

    label_map: bytes
    disagreements: tuple[Box, ...]


@dataclass(frozen=True)
class SentBack:
    """A task that was sent back; `replacement_image_id` takes its image's place in S, "": none does."""

    task: MaskTask
    replacement_image_id: str


@dataclass(frozen=True)
class MaskRevision:
    """A revision of a mask, with its label map in wire form on the original's grid."""

    revision: int
    label_map: bytes
    author: str
    at: datetime | None


@dataclass(frozen=True)
class ExportedMask:
    """An accepted mask, in wire form on the original's grid. With `resume_token` an export goes on after it."""

    image_id: str
    purpose: MaskPurpose
    label_map: bytes
    annotator: str
    reviewer: str
    revision: int
    resume_token: str = field(default="", compare=False)


@dataclass(frozen=True)
class DrawnMask:
    """A mask drawn elsewhere, in wire form on the original's grid; `annotator` "": the caller drew it."""

    image_id: str
    label_map: bytes
    annotator: str = ""


@dataclass(frozen=True)
class ImportedMask:
    """What became of a mask drawn elsewhere: the `revision` it is now, or 0 and the `problem`."""

    image_id: str
    revision: int
    problem: str


@dataclass(frozen=True)
class HumanCeiling:
    """Mean over `images` of the mIoU of two masks that two people drew, [0, 1]; None without such an image."""

    images: int
    mean_iou: float | None
