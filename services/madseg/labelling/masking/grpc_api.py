"""MasksService: who calls, decode, one call, encode."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from madseg.core.errors import Forbidden, InvalidInput, NotFound, NotReady
from madseg.labelling.masking import (
    ceiling,
    drawing,
    encoding,
    exporting,
    findings,
    importing,
    making,
    reassigning,
    reviews,
    revisions,
    sending_back,
    starts,
    tasks,
)
from madseg.labelling.neighbours import Neighbours
from madseg.ports import Database
from madseg.requests import page_size, plain_text
from madseg.security.access import Access, Principal, Role
from madseg.security.callers import caller
from madseg.v1 import masks_pb2 as pb
from madseg.v1.masks_pb2_grpc import MasksServiceServicer

MAX_ID, MAX_KEY, MAX_NAME = 32, 200, 64
"""Characters of an id, of an idempotency key and of a name."""

MAX_REASON, MAX_MESSAGE = 1000, 2000
"""Characters of a finding's text or a reason, and of a message."""

DOUBLE_SHARE = 0.05
"""Share of the tasks that are drawn twice."""

_INSIDERS = (Role.ANNOTATOR, Role.REVIEWER, Role.OPERATOR)


class MasksApi(MasksServiceServicer):
    """`clock` gives microseconds since the epoch."""

    def __init__(self, database: Database, neighbours: Neighbours, access: Access, clock: Callable[[], int]) -> None:
        self._database, self._neighbours, self._clock = database, neighbours, clock
        self._who = partial(caller, access)

    def CreateMaskTasks(self, request: pb.CreateMaskTasksRequest, context: Any) -> pb.CreateMaskTasksResponse:
        who = self._who(context, Role.OPERATOR)
        made = making.create(
            self._database,
            self._neighbours,
            _id(request.campaign_id, "campaign_id"),
            request.annotators,
            request.double_share if request.HasField("double_share") else DOUBLE_SHARE,
            who.name,
            self._clock(),
        )
        return pb.CreateMaskTasksResponse(created=made.created, present=made.present)

    def AddMaskTasks(self, request: pb.AddMaskTasksRequest, context: Any) -> pb.AddMaskTasksResponse:
        who, purpose = self._who(context, Role.OPERATOR), encoding.purpose(request.purpose)
        said = (request.image_ids, purpose, _id(request.campaign_id, "campaign_id"))
        made = making.add(self._database, self._neighbours, *said, who.name, self._clock())
        return pb.AddMaskTasksResponse(created=made.created, present=made.present)

    def ListMaskTasks(self, request: pb.ListMaskTasksRequest, context: Any) -> pb.ListMaskTasksResponse:
        self._who(context, *_INSIDERS)
        with self._database.snapshot() as tx:
            found, token = tasks.page(
                tx,
                _id(request.campaign_id, "campaign_id"),
                encoding.state(request.state),
                encoding.purpose(request.purpose),
                plain_text(request.annotator, "annotator", MAX_NAME),
                page_size(request.page_size, 100),
                request.page_token,
            )
        return pb.ListMaskTasksResponse(tasks=map(encoding.task_proto, found), next_page_token=token)

    def GetMaskTask(self, request: pb.GetMaskTaskRequest, context: Any) -> pb.GetMaskTaskResponse:
        self._who(context, *_INSIDERS)
        with self._database.snapshot() as tx:
            found = tasks.shown(tx, _id(request.task_id))
        return pb.GetMaskTaskResponse(task=encoding.task_proto(found))

    def TakeMaskTask(self, request: pb.TakeMaskTaskRequest, context: Any) -> pb.TakeMaskTaskResponse:
        who = self._who(context, Role.ANNOTATOR)
        found = drawing.take(self._database, _id(request.task_id), who.name, self._clock())
        return pb.TakeMaskTaskResponse(task=encoding.task_proto(found) if found else None)

    def ReturnMaskTask(self, request: pb.ReturnMaskTaskRequest, context: Any) -> pb.ReturnMaskTaskResponse:
        who = self._who(context, Role.ANNOTATOR)
        found = drawing.give_back(self._database, _id(request.task_id), who, self._clock())
        return pb.ReturnMaskTaskResponse(task=encoding.task_proto(found))

    def ReassignMaskTask(self, request: pb.ReassignMaskTaskRequest, context: Any) -> pb.ReassignMaskTaskResponse:
        who, name = self._who(context, Role.REVIEWER, Role.OPERATOR), plain_text(request.name, "name", MAX_NAME)
        found = reassigning.reassign(self._database, _id(request.task_id), name, who, self._clock())
        return pb.ReassignMaskTaskResponse(task=encoding.task_proto(found))

    def GetMaskStart(self, request: pb.GetMaskStartRequest, context: Any) -> pb.GetMaskStartResponse:
        self._who(context, Role.ANNOTATOR)
        start, competitor = encoding.start(request.start), encoding.competitor(request)
        begun = starts.beginning(self._database, self._neighbours, _id(request.task_id), start, competitor)
        return pb.GetMaskStartResponse(
            label_map=begun.label_map, disagreements=map(encoding.box_proto, begun.disagreements)
        )

    def SaveMask(self, request: pb.SaveMaskRequest, context: Any) -> pb.SaveMaskResponse:
        who = self._who(context, Role.ANNOTATOR)
        key = plain_text(request.idempotency_key, "idempotency_key", MAX_KEY)
        said = (request.follows, request.label_map, key, request.drawing_ms)
        saved = drawing.save(self._database, _id(request.task_id), who.name, *said, self._clock())
        return pb.SaveMaskResponse(revision=saved)

    def SubmitMask(self, request: pb.SubmitMaskRequest, context: Any) -> pb.SubmitMaskResponse:
        who = self._who(context, Role.ANNOTATOR)
        found = drawing.submit(self._database, _id(request.task_id), who.name, request.revision, self._clock())
        return pb.SubmitMaskResponse(task=encoding.task_proto(found))

    def SendBackImage(self, request: pb.SendBackImageRequest, context: Any) -> pb.SendBackImageResponse:
        who = self._who(context, Role.ANNOTATOR)
        reason = plain_text(request.reason, "reason", MAX_REASON)
        found, following = sending_back.send_back(
            self._database, self._neighbours, _id(request.task_id), who.name, reason, self._clock()
        )
        return pb.SendBackImageResponse(task=encoding.task_proto(found), replacement_image_id=following)

    def TakeReview(self, request: pb.TakeReviewRequest, context: Any) -> pb.TakeReviewResponse:
        who = self._who(context, Role.REVIEWER)
        found = reviews.take(self._database, _id(request.task_id), who.name, self._clock())
        return pb.TakeReviewResponse(task=encoding.task_proto(found) if found else None)

    def AddFinding(self, request: pb.AddFindingRequest, context: Any) -> pb.AddFindingResponse:
        who = self._who(context, Role.REVIEWER)
        if not request.HasField("place"):
            raise InvalidInput("a finding needs a place", field="place")
        kind, text = encoding.finding_type(request.type), plain_text(request.text, "text", MAX_REASON)
        said = (request.revision, request.place.x, request.place.y, kind, text)
        made = findings.add(self._database, _id(request.task_id), who.name, *said, self._clock())
        return pb.AddFindingResponse(finding=encoding.finding_proto(made))

    def UpdateFinding(self, request: pb.UpdateFindingRequest, context: Any) -> pb.UpdateFindingResponse:
        state = encoding.finding_state(request.state)
        who = self._who(context, Role.ANNOTATOR if state == tasks.RESOLVED else Role.REVIEWER)
        said = (request.number, state)
        changed = findings.update_state(self._database, _id(request.task_id), who.name, *said, self._clock())
        return pb.UpdateFindingResponse(finding=encoding.finding_proto(changed))

    def DecideReview(self, request: pb.DecideReviewRequest, context: Any) -> pb.DecideReviewResponse:
        who = self._who(context, Role.REVIEWER)
        said = (request.revision, encoding.decision(request.decision))
        found = reviews.decide(self._database, _id(request.task_id), who.name, *said, self._clock())
        return pb.DecideReviewResponse(task=encoding.task_proto(found))

    def PostMessage(self, request: pb.PostMessageRequest, context: Any) -> pb.PostMessageResponse:
        who, text = self._who(context, *_INSIDERS), plain_text(request.text, "text", MAX_MESSAGE)
        with self._database.write() as tx:
            said = tasks.say(tx, tasks.task(tx, _id(request.task_id)), who.name, text, self._clock())
        return pb.PostMessageResponse(message=encoding.message_proto(said))

    def GetMaskRevision(self, request: pb.GetMaskRevisionRequest, context: Any) -> pb.GetMaskRevisionResponse:
        who = self._who(context, *_INSIDERS)
        with self._database.snapshot() as tx:
            found = tasks.task(tx, _id(request.task_id))
            reviews.must_not_copy(tx, found, who.name)
            return encoding.revision_proto(revisions.revision(tx, found, request.revision))

    async def ExportMasks(self, request: pb.ExportMasksRequest, context: Any) -> AsyncIterator[pb.ExportMasksResponse]:
        self._who(context, *_INSIDERS)
        campaign_id, purpose = _id(request.campaign_id, "campaign_id"), encoding.purpose(request.purpose)
        place = exporting.start(request.after_image_id, request.resume_token)
        while found := await asyncio.to_thread(exporting.chunk, self._database, campaign_id, purpose, place):
            for item in found:
                yield encoding.exported_proto(item)
            place = found[-1].place

    async def ImportMasks(
        self, request_iterator: AsyncIterator[pb.ImportMasksRequest], context: Any
    ) -> AsyncIterator[pb.ImportMasksResponse]:
        who = self._who(context, Role.ANNOTATOR)
        async for request in request_iterator:
            yield await asyncio.to_thread(self._import, request, who)

    def GetHumanCeiling(self, request: pb.GetHumanCeilingRequest, context: Any) -> pb.GetHumanCeilingResponse:
        self._who(context, Role.REVIEWER, Role.OPERATOR)
        found = ceiling.ceiling(self._database, _id(request.campaign_id, "campaign_id"))
        return pb.GetHumanCeilingResponse(images=found.images, mean_iou=found.mean_iou)

    def _import(self, request: pb.ImportMasksRequest, who: Principal) -> pb.ImportMasksResponse:
        """What became of one mask; what isn't its fault ends the stream, and can be sent again."""
        said = (request.image_id, request.label_map, request.annotator, who.name)
        try:
            revision = importing.take_in(self._database, *said, self._clock())
        except (InvalidInput, NotFound, NotReady, Forbidden) as error:
            return pb.ImportMasksResponse(image_id=request.image_id, problem=str(error))
        return pb.ImportMasksResponse(image_id=request.image_id, revision=revision)


def _id(text: str, field: str = "task_id") -> str:
    return plain_text(text, field, MAX_ID)
