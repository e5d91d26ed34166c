"""People draw masks over the real services: a task is taken, drawn, checked by somebody else, mended, accepted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from madseg.cli.progress import tracked
from madseg.client import Client
from madseg.client.values.masks import Finding, FindingState, MaskTask, MaskTaskState, ReviewDecision
from madseg.core.errors import NotReady
from madseg.core.label_map import LabelMap, decode, encode, from_dense
from madseg.simulation.people.annotator import Annotator
from madseg.simulation.people.objects import Labels, Place
from madseg.simulation.people.perception import shows_nothing
from madseg.simulation.people.reviewer import Reviewer


@dataclass(frozen=True)
class Drawer:
    """Somebody who draws and checks what others drew."""

    annotator: Annotator
    reviewer: Reviewer
    client: Client

    @property
    def name(self) -> str:
        """Who it is."""
        return self.annotator.name

    def draw(self, truths: Mapping[str, LabelMap]) -> bool:
        """Takes a task, draws or mends it and hands it in; False where there is nothing to draw."""
        task = self.client.take_mask_task()
        if task is None:
            return False
        truth = truths[task.image_id].dense()
        if shows_nothing(truth):
            self.client.send_back_image(task.id, "it shows none of the classes")
            return True
        open_ones = [finding for finding in task.findings if finding.state is FindingState.OPEN]
        if open_ones:
            self._mend(task, truth, open_ones)
        else:
            self.client.mask_start(task.id)  # what the page would show; the hand draws anew
            mask = self.annotator.draw(task.image_id, truth)
            self._hand_in(task, mask, self.annotator.drawing_ms(task.image_id))
        return True

    def review(self, truths: Mapping[str, LabelMap]) -> bool:
        """Takes a mask that somebody else drew and accepts it or pins findings on it; False where there is none."""
        task = self.client.take_review()
        if task is None:
            return False
        mask = decode(self.client.mask_revision(task.id, task.revision).label_map).dense()
        truth = truths[task.image_id].dense()
        for finding in task.findings:
            if finding.state is FindingState.RESOLVED:
                self.client.update_finding(task.id, finding.number, FindingState.ACCEPTED)
        found = self.reviewer.findings(task.image_id, truth, mask, task.revision)
        for fault in found:
            place = (fault.place.column, fault.place.row)
            self.client.add_finding(task.id, task.revision, place, fault.kind.value)
        decision = ReviewDecision.SEND_BACK if found else ReviewDecision.ACCEPT
        self.client.decide_review(task.id, task.revision, decision)
        return True

    def _mend(self, task: MaskTask, truth: Labels, found: Sequence[Finding]) -> None:
        mask = decode(self.client.mask_revision(task.id, task.revision).label_map).dense()
        mended = self.annotator.mend(truth, mask, [Place(item.y, item.x) for item in found])
        for item in found:
            self.client.update_finding(task.id, item.number, FindingState.RESOLVED)
        self._hand_in(task, mended, self.annotator.mending_ms(task.image_id, len(found)))

    def _hand_in(self, task: MaskTask, mask: Labels, drawing_ms: int) -> None:
        revision = self.client.save_mask(task.id, encode(from_dense(mask)), task.revision, drawing_ms=drawing_ms)
        self.client.submit_mask(task.id, revision)


def draw_all(
    drawers: Sequence[Drawer], operator: Client, campaign_id: str, truths: Mapping[str, LabelMap], *,
    double_share: float, quiet: bool,
) -> list[MaskTask]:  # fmt: skip
    """Makes the tasks of a campaign and sees them through; the tasks as they ended.

    Raises:
        NotReady: nobody has anything to do, and tasks are not accepted.
    """
    names = [drawer.name for drawer in drawers]
    made = operator.create_mask_tasks(campaign_id, names, double_share=double_share)
    draw_open(drawers, truths, made.created, quiet=quiet)
    return ended(list(operator.mask_tasks(campaign_id)))


def draw_open(drawers: Sequence[Drawer], truths: Mapping[str, LabelMap], tasks: int, *, quiet: bool) -> int:
    """Draws and checks until nobody finds anything to do; how many steps that took. `tasks` is about how many wait."""
    return sum(1 for _ in tracked(_steps(drawers, truths), "drawn and checked", 2 * tasks, quiet=quiet))


def ended(tasks: list[MaskTask]) -> list[MaskTask]:
    """The tasks, all of them at their end.

    Raises:
        NotReady: some are not.
    """
    left = [
        task
        for task in tasks
        if task.state not in (MaskTaskState.ACCEPTED, MaskTaskState.SENT_BACK, MaskTaskState.CANCELLED)
    ]
    if left:
        raise NotReady(f"{len(left)} of {len(tasks)} masks are not accepted, the first is {left[0].state}")
    return tasks


def _steps(drawers: Sequence[Drawer], truths: Mapping[str, LabelMap]) -> Iterator[str]:
    busy = True
    while busy:
        busy = False
        for drawer in drawers:
            for step in (drawer.draw, drawer.review):
                if step(truths):
                    busy = True
                    yield drawer.name
