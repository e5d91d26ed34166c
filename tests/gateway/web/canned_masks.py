"""A labelling service with canned masks behind the real gRPC edge."""

from dataclasses import dataclass, field
from typing import Any

from madseg.core.errors import Forbidden, InvalidInput, NotFound, NotReady
from madseg.v1 import masks_pb2, types_pb2
from madseg.v1.masks_pb2_grpc import MasksServiceServicer
from tests.client.canned import image_id, moment

TASK = "7a" * 16
NAME = 'Zoë 林 <img src="x">'


def finding() -> masks_pb2.Finding:
    """The first one."""
    return masks_pb2.Finding(
        number=1,
        revision=2,
        place=masks_pb2.Point(x=3, y=4),
        type=masks_pb2.FINDING_TYPE_WRONG_CLASS,
        text="a cat",
        state=masks_pb2.FINDING_STATE_OPEN,
        author="rex",
    )


def message(text: str) -> masks_pb2.Message:
    """Of somebody whose name has all sorts of letters."""
    return masks_pb2.Message(author=NAME, at=moment(), text=text)


@dataclass
class CannedMasks(MasksServiceServicer):
    """One task; what it was asked is kept."""

    asked: list[Any] = field(default_factory=list)
    state: Any = masks_pb2.MASK_TASK_STATE_DRAWING
    nothing_left: bool = False
    drawn: bytes = b"\x00map"
    """What every revision holds."""

    def _task(self, request: Any) -> masks_pb2.MaskTask:
        self.asked.append(request)
        if getattr(request, "task_id", TASK) not in ("", TASK):
            raise NotFound(f"no task {request.task_id!r}")
        return masks_pb2.MaskTask(
            id=TASK,
            image_id=image_id(1),
            purpose=masks_pb2.MASK_PURPOSE_SECOND_OPINION,
            state=self.state,
            annotator=NAME,
            reviewer="rex",
            size=types_pb2.Size(height=20, width=30),
            crop=types_pb2.Box(left=5, top=0, width=20, height=20),
            revision=2,
            accepted_revision=2,
            findings=[finding()],
            messages=[message("hello")],
            created_at=moment(9),
        )

    def CreateMaskTasks(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        return masks_pb2.CreateMaskTasksResponse(created=3, present=1)

    def AddMaskTasks(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        return masks_pb2.AddMaskTasksResponse(created=1)

    def ListMaskTasks(self, request, context):  # type: ignore[no-untyped-def]
        return masks_pb2.ListMaskTasksResponse(tasks=[self._task(request)], next_page_token="")

    def GetMaskTask(self, request, context):  # type: ignore[no-untyped-def]
        return masks_pb2.GetMaskTaskResponse(task=self._task(request))

    def TakeMaskTask(self, request, context):  # type: ignore[no-untyped-def]
        return masks_pb2.TakeMaskTaskResponse(task=None if self.nothing_left else self._task(request))

    def ReturnMaskTask(self, request, context):  # type: ignore[no-untyped-def]
        return masks_pb2.ReturnMaskTaskResponse(task=self._task(request))

    def ReassignMaskTask(self, request, context):  # type: ignore[no-untyped-def]
        return masks_pb2.ReassignMaskTaskResponse(task=self._task(request))

    def GetMaskStart(self, request, context):  # type: ignore[no-untyped-def]
        self._task(request)
        if request.start == masks_pb2.MASK_START_MAJORITY:
            raise NotReady("a mask for T is begun empty")
        boxes = [types_pb2.Box(left=1, top=2, width=3, height=4)] * 2000
        return masks_pb2.GetMaskStartResponse(label_map=b"\x00map", disagreements=boxes)

    def SaveMask(self, request, context):  # type: ignore[no-untyped-def]
        self._task(request)
        if request.label_map == b"wrong":
            raise InvalidInput("it is no label map", field="label_map")
        return masks_pb2.SaveMaskResponse(revision=request.follows + 1)

    def SubmitMask(self, request, context):  # type: ignore[no-untyped-def]
        return masks_pb2.SubmitMaskResponse(task=self._task(request))

    def SendBackImage(self, request, context):  # type: ignore[no-untyped-def]
        return masks_pb2.SendBackImageResponse(task=self._task(request), replacement_image_id=image_id(2))

    def TakeReview(self, request, context):  # type: ignore[no-untyped-def]
        return masks_pb2.TakeReviewResponse(task=None if self.nothing_left else self._task(request))

    def AddFinding(self, request, context):  # type: ignore[no-untyped-def]
        self._task(request)
        return masks_pb2.AddFindingResponse(finding=finding())

    def UpdateFinding(self, request, context):  # type: ignore[no-untyped-def]
        self._task(request)
        return masks_pb2.UpdateFindingResponse(finding=finding())

    def DecideReview(self, request, context):  # type: ignore[no-untyped-def]
        if request.decision == masks_pb2.REVIEW_DECISION_ACCEPT:
            raise Forbidden("nobody accepts their own mask")
        return masks_pb2.DecideReviewResponse(task=self._task(request))

    def PostMessage(self, request, context):  # type: ignore[no-untyped-def]
        self._task(request)
        return masks_pb2.PostMessageResponse(message=message(request.text))

    def GetMaskRevision(self, request, context):  # type: ignore[no-untyped-def]
        self._task(request)
        number = request.revision or 2
        return masks_pb2.GetMaskRevisionResponse(revision=number, label_map=self.drawn, author=NAME, at=moment())

    def ExportMasks(self, request, context):  # type: ignore[no-untyped-def]
        raise NotImplementedError  # the pages don't

    def ImportMasks(self, request_iterator, context):  # type: ignore[no-untyped-def]
        raise NotImplementedError  # the pages don't

    def GetHumanCeiling(self, request, context):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        return masks_pb2.GetHumanCeilingResponse(images=0)
