"""Masks: drawn by one person, checked by another."""

import uuid
from collections.abc import Iterable, Iterator, Sequence

from madseg.client.connection import Connection, seconds
from madseg.client.decode.common import from_version
from madseg.client.decode.fill import fill
from madseg.client.decode.masks import (
    from_decision,
    from_drawn,
    from_finding_state,
    from_finding_type,
    from_place,
    from_purpose,
    from_start,
    from_state,
    to_beginning,
    to_ceiling,
    to_exported,
    to_finding,
    to_imported,
    to_message,
    to_revision,
    to_sent_back,
    to_task,
)
from madseg.client.errors import InvalidArgument
from madseg.client.pages import Answers, over_pages
from madseg.client.values.common import Version
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
    MaskTaskPage,
    MaskTasksMade,
    MaskTaskState,
    Message,
    Point,
    ReviewDecision,
    SentBack,
)
from madseg.client.windowed import Window, exchange
from madseg.v1 import masks_pb2
from madseg.v1.masks_pb2_grpc import MasksServiceStub

MAKE_SECONDS = 300.0
"""Default deadline of making tasks: the gateway is asked about every image."""

IMPORTS_UNDER_WAY = 8
"""Masks sent ahead of their answers; one may have 16 MB."""


class MaskCalls:
    """The calls of MasksService. They need a token; what it may do is told by its roles.

    Label maps are bytes: the wire form of `madseg.core.label_map` on the original picture's grid.
    """

    _labelling: Connection

    def create_mask_tasks(
        self,
        campaign_id: str = "",
        annotators: Sequence[str] = (),
        *,
        double_share: float | None = None,
        timeout: float = MAKE_SECONDS,
    ) -> MaskTasksMade:
        """Makes tasks for the images of a campaign's S and T (default: the newest that is closed).

        They are split evenly among `annotators`; without, whoever takes one draws it. `double_share` of them, [0, 1],
        are drawn twice (0.05). A second call adds what is new.
        """
        request = fill(
            masks_pb2.CreateMaskTasksRequest, campaign_id=campaign_id, annotators=annotators, double_share=double_share
        )
        answer = self._labelling.call(self._masks_stub().CreateMaskTasks, request, timeout)
        return MaskTasksMade(answer.created, answer.present)

    def add_mask_tasks(
        self,
        image_ids: Iterable[str],
        purpose: str | MaskPurpose,
        *,
        campaign_id: str = "",
        timeout: float = MAKE_SECONDS,
    ) -> MaskTasksMade:
        """Makes tasks for images of one's own choice, "random_lane" or "counterexample"; at most 1000 ids.

        Counterexamples are trained on with the S of a campaign (default: the newest that is closed).
        """
        request = fill(
            masks_pb2.AddMaskTasksRequest, image_ids=image_ids, purpose=from_purpose(purpose), campaign_id=campaign_id
        )
        answer = self._labelling.call(self._masks_stub().AddMaskTasks, request, timeout)
        return MaskTasksMade(answer.created, answer.present)

    def mask_tasks(
        self,
        campaign_id: str = "",
        *,
        state: str | MaskTaskState | None = None,
        purpose: str | MaskPurpose | None = None,
        annotator: str = "",
        page_size: int = 100,
    ) -> Iterator[MaskTask]:
        """Tasks in the order in which they were made, a page at a time. What is left out doesn't filter."""

        def fetch(token: str) -> tuple[Sequence[MaskTask], str]:
            page = self.mask_task_page(
                campaign_id, state=state, purpose=purpose, annotator=annotator, page_size=page_size, page_token=token
            )
            return page.tasks, page.next_page_token

        return over_pages(fetch)

    def mask_task_page(
        self,
        campaign_id: str = "",
        *,
        state: str | MaskTaskState | None = None,
        purpose: str | MaskPurpose | None = None,
        annotator: str = "",
        page_size: int = 100,
        page_token: str = "",
    ) -> MaskTaskPage:
        """One page of tasks."""
        request = fill(
            masks_pb2.ListMaskTasksRequest,
            campaign_id=campaign_id,
            state=from_state(state),
            purpose=from_purpose(purpose),
            annotator=annotator,
            page_size=page_size,
            page_token=page_token,
        )
        answer = self._labelling.call(self._masks_stub().ListMaskTasks, request)
        return MaskTaskPage(tuple(map(to_task, answer.tasks)), answer.next_page_token)

    def mask_task(self, task_id: str) -> MaskTask:
        """One task.

        Raises:
            NotFound: there is no such task.
        """
        request = fill(masks_pb2.GetMaskTaskRequest, task_id=task_id)
        return to_task(self._labelling.call(self._masks_stub().GetMaskTask, request).task)

    def take_mask_task(self, task_id: str = "") -> MaskTask | None:
        """The task that the caller is drawing, else the next to draw, now the caller's; None: nothing is left.

        Raises:
            Forbidden: the task named is somebody else's.
            NotReady: it isn't to be drawn now.
        """
        request = fill(masks_pb2.TakeMaskTaskRequest, task_id=task_id)
        answer = self._labelling.call(self._masks_stub().TakeMaskTask, request)
        return to_task(answer.task) if answer.HasField("task") else None

    def return_mask_task(self, task_id: str) -> MaskTask:
        """Gives a task of the caller's back to be taken by others; its revisions stay."""
        request = fill(masks_pb2.ReturnMaskTaskRequest, task_id=task_id)
        return to_task(self._labelling.call(self._masks_stub().ReturnMaskTask, request).task)

    def reassign_mask_task(self, task_id: str, name: str = "") -> MaskTask:
        """Has somebody else draw a task, or review it where it is handed in; "": whoever takes it.

        What was drawn and found stays. For operators; reviewers so give their own review back.
        """
        request = fill(masks_pb2.ReassignMaskTaskRequest, task_id=task_id, name=name)
        return to_task(self._labelling.call(self._masks_stub().ReassignMaskTask, request).task)

    def mask_start(
        self, task_id: str, start: str | MaskStart | None = None, competitor: str | Version | None = None
    ) -> MaskBeginning:
        """A label map to begin from (default: the target's for S, empty for T and the random lane).

        Raises:
            Forbidden: the mask has to be begun empty.
            NotFound: there is no such map.
        """
        request = fill(
            masks_pb2.GetMaskStartRequest, task_id=task_id, start=from_start(start), competitor=from_version(competitor)
        )
        return to_beginning(self._labelling.call(self._masks_stub().GetMaskStart, request))

    def save_mask(
        self, task_id: str, label_map: bytes, follows: int, *, idempotency_key: str = "", drawing_ms: int = 0
    ) -> int:
        """Saves the mask of the caller's task as the revision after `follows`; its number. An equal map adds none.

        A second call with the same `idempotency_key` answers with the revision that the first one made.

        Raises:
            InvalidArgument: it is no label map of the picture's size, has a label outside the taxonomy, or something
                else than void outside the crop.
            NotReady: `follows` isn't the last revision, or the task isn't being drawn.
            AlreadyExists: the key came with another map or `follows` before.
            Forbidden: the task is somebody else's.
        """
        request = fill(
            masks_pb2.SaveMaskRequest,
            task_id=task_id,
            follows=follows,
            label_map=label_map,
            idempotency_key=idempotency_key or uuid.uuid4().hex,
            drawing_ms=drawing_ms,
        )
        return self._labelling.call(self._masks_stub().SaveMask, request).revision

    def submit_mask(self, task_id: str, revision: int) -> MaskTask:
        """Hands the last revision in for review."""
        request = fill(masks_pb2.SubmitMaskRequest, task_id=task_id, revision=revision)
        return to_task(self._labelling.call(self._masks_stub().SubmitMask, request).task)

    def send_back_image(self, task_id: str, reason: str) -> SentBack:
        """Says that the image of the caller's task is out of domain: it is vetoed, and the next in line takes its place
        in S."""
        request = fill(masks_pb2.SendBackImageRequest, task_id=task_id, reason=reason)
        return to_sent_back(self._labelling.call(self._masks_stub().SendBackImage, request))

    def take_review(self, task_id: str = "") -> MaskTask | None:
        """The mask that the caller is reviewing, else the next that somebody else drew; None: nothing is left."""
        request = fill(masks_pb2.TakeReviewRequest, task_id=task_id)
        answer = self._labelling.call(self._masks_stub().TakeReview, request)
        return to_task(answer.task) if answer.HasField("task") else None

    def add_finding(
        self, task_id: str, revision: int, place: Point | tuple[int, int], kind: str | FindingType, text: str = ""
    ) -> Finding:
        """Pins a finding on a place, column and row, of a revision that the caller reviews."""
        request = fill(
            masks_pb2.AddFindingRequest,
            task_id=task_id,
            revision=revision,
            place=from_place(place),
            type=from_finding_type(kind),
            text=text,
        )
        return to_finding(self._labelling.call(self._masks_stub().AddFinding, request).finding)

    def update_finding(self, task_id: str, number: int, state: str | FindingState) -> Finding:
        """Changes a finding's state: its annotator resolves, its reviewer accepts or opens it again."""
        request = fill(masks_pb2.UpdateFindingRequest, task_id=task_id, number=number, state=from_finding_state(state))
        return to_finding(self._labelling.call(self._masks_stub().UpdateFinding, request).finding)

    def decide_review(self, task_id: str, revision: int, decision: str | ReviewDecision) -> MaskTask:
        """Accepts the last revision, or sends it back to be drawn on.

        Raises:
            NotReady: it isn't the last one, or a finding isn't accepted yet.
        """
        request = fill(
            masks_pb2.DecideReviewRequest, task_id=task_id, revision=revision, decision=from_decision(decision)
        )
        return to_task(self._labelling.call(self._masks_stub().DecideReview, request).task)

    def post_message(self, task_id: str, text: str) -> Message:
        """Writes a message on a task."""
        request = fill(masks_pb2.PostMessageRequest, task_id=task_id, text=text)
        return to_message(self._labelling.call(self._masks_stub().PostMessage, request).message)

    def mask_revision(self, task_id: str, revision: int = 0) -> MaskRevision:
        """A revision with its label map; 0: the last.

        Raises:
            NotFound: there is no such revision.
        """
        request = fill(masks_pb2.GetMaskRevisionRequest, task_id=task_id, revision=revision)
        return to_revision(self._labelling.call(self._masks_stub().GetMaskRevision, request))

    def export_masks(
        self,
        campaign_id: str = "",
        *,
        purpose: str | MaskPurpose | None = None,
        after_image_id: str = "",
        resume_token: str = "",
    ) -> Iterator[ExportedMask]:
        """Accepted masks in order of image id, all but second opinions where no purpose is given.

        An image may have several. `resume_token`, of the last mask that came, goes on where an export was cut off: no
        mask is missing then that was accepted before the export began. A new export has those accepted since.
        `after_image_id` begins after all masks of an image, where no token is given.
        """
        request = fill(
            masks_pb2.ExportMasksRequest,
            campaign_id=campaign_id,
            purpose=from_purpose(purpose),
            after_image_id=after_image_id,
            resume_token=resume_token,
        )
        for answer in self._labelling.stream(lambda: self._masks_stub().ExportMasks(request)):
            yield to_exported(answer)

    def import_masks(
        self, items: Iterable[DrawnMask], *, window: int = IMPORTS_UNDER_WAY, timeout: float | None = None
    ) -> Iterator[ImportedMask]:
        """Takes masks drawn elsewhere and yields one result for each, in order; a refusal does not end the call.

        `items` is drawn from lazily, in another thread, at most `window` ahead of the results that were taken. After
        Unavailable the same masks can be sent again: those that were in become no new revision.

        Raises:
            InvalidArgument: `window` is below 1, or `timeout` not above 0. What a mask has wrong is a refusal.
        """
        deadline = seconds(timeout)

        def start(sent: Iterator[masks_pb2.ImportMasksRequest]) -> Answers[masks_pb2.ImportMasksResponse]:
            return self._masks_stub().ImportMasks(sent, timeout=deadline)

        def refuse(item: DrawnMask, error: InvalidArgument) -> ImportedMask:
            return ImportedMask(item.image_id, 0, str(error))

        flow = Window(items, from_drawn, refuse, window)
        return exchange(flow, start, lambda _, answer: to_imported(answer), self._labelling)

    def human_ceiling(self, campaign_id: str = "") -> HumanCeiling:
        """How alike two masks of the same image are that two people drew."""
        request = fill(masks_pb2.GetHumanCeilingRequest, campaign_id=campaign_id)
        return to_ceiling(self._labelling.call(self._masks_stub().GetHumanCeiling, request))

    def _masks_stub(self) -> MasksServiceStub:
        return self._labelling.stub(MasksServiceStub)
