"""A small neighbourhood in memory: it gets on a little whenever somebody looks, as if people and machines worked."""

import hashlib
import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from madseg.client import (
    Box,
    Campaign,
    CampaignPlan,
    CampaignState,
    Candidate,
    CandidateSet,
    ChosenImage,
    ChosenSets,
    Contest,
    ContestState,
    Defender,
    Figure,
    GateCheck,
    ImagePlaces,
    MaskPurpose,
    MaskTask,
    MaskTaskState,
    Placement,
    RankingKey,
    Run,
    RunPlan,
    RunState,
    Size,
    Version,
)
from madseg.core.errors import Conflict, InvalidInput, NotFound, NotReady, Unavailable
from madseg.core.label_map import encode, from_dense
from madseg.rounds.neighbours import Neighbours

SIZE = Size(12, 16)
"""Of every picture; the canonical grid is the crop, halved."""
CROP = Box(2, 2, 12, 8)
GRID = (4, 6)
CLASSES = 3
BETTER = Version("better", 1)
IMAGES = 20
LANE = 5


def name(number: int) -> str:
    """An image's id."""
    return f"{number:032x}"


def truth(image_id: str) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """(4, 6) uint8: what an image shows on the canonical grid."""
    return np.random.default_rng(int(image_id, 16)).integers(0, CLASSES, GRID).astype(np.uint8)


def drawn(image_id: str) -> bytes:
    """The mask of an image on the original's grid: void outside the crop."""
    pixels = np.full((SIZE.height, SIZE.width), 255, np.uint8)
    pixels[CROP.top : CROP.top + CROP.height, CROP.left : CROP.left + CROP.width] = (
        truth(image_id).repeat(2, 0).repeat(2, 1)
    )
    return encode(from_dense(pixels))


def said(image_id: str, version: Version) -> bytes:
    """What a version makes of an image: a later one errs in fewer pixels."""
    pixels = truth(image_id).reshape(-1).copy()
    errors = 2 if version == BETTER else max(0, 9 - 3 * version.version)
    places = np.random.default_rng([int(image_id, 16), version.version]).permutation(pixels.size)[:errors]
    pixels[places] = (pixels[places] + 1) % CLASSES
    return encode(from_dense(pixels.reshape(GRID)))


def placed(image_id: str, per_ranking: int) -> ImagePlaces:
    """No contest ranks every third image; others are the further behind the larger their number is."""
    number = int(image_id, 16)
    rankings = 0 if number % 3 == 0 else 2
    discrepancy = 1 / (1 + number % 7)
    top = rankings if rankings and number % 10 < per_ranking else 0
    return ImagePlaces(image_id, 1, discrepancy, discrepancy, rankings, top)


def id_of(key: str) -> str:
    """32 hexadecimal digits that follow from a text."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


class FakeNeighbours(Neighbours):
    """`pause` is the longest time in seconds that a call takes; `away` names methods that don't answer.

    `passes`: whether the gate lets versions through. `by_itself`: people and machines work; else a test leads them by
    `scored`, `all_drawn`, `trained` and `competed`.
    """

    def __init__(self, *, by_itself: bool = True, pause: float = 0.0) -> None:
        self.by_itself, self.pause, self.passes, self.away = by_itself, pause, True, set[str]()
        self.serving, self.images = [1], [name(number) for number in range(1, IMAGES + 1)]
        self.missing: dict[int, int] = {1: 0}
        self.sets: dict[str, CandidateSet] = {}
        self.opened: dict[str, Campaign] = {}
        self.chosen_sets: dict[str, ChosenSets] = {}
        self.made: list[MaskTask] = [_task(name(1000 + at), MaskPurpose.RANDOM_LANE, "") for at in range(LANE)]
        self.runs: dict[str, Run] = {}
        self.competitions: dict[str, tuple[CandidateSet, tuple[Candidate, ...]]] = {}
        self.forgotten: set[str] = set()
        """Images that are forgotten after their tasks were listed."""
        self.releasing: set[str] = set()
        self.calls: list[str] = []
        self._lock = threading.RLock()
        self._random = random.Random(1)

    def target(self, model: str) -> Version:
        self._called("target")
        if model not in ("", "small"):
            raise NotFound(f"no target {model}")
        return Version("small", max(self.serving))

    def contests(self) -> Sequence[Contest]:
        self._called("contests")
        with self._lock:
            found = [self._contest(number) for number in self.serving]
            if self.by_itself:
                self.missing = {number: max(0, left - 5) for number, left in self.missing.items()}
            return found

    def cut(self, target: Version, per_ranking: int, key: str, note: str) -> CandidateSet:
        self._called("cut")
        with self._lock:
            if key not in self.sets:
                taken = {item.image_id for item in self.made}
                ids = [image for image in self.images if image not in taken][: 2 * per_ranking]
                self.sets[key] = CandidateSet(id_of(key), None, per_ranking, len(ids), "", (), (), 0, note)
                self._candidates = ids
            return self.sets[key]

    def fresh(self, target: Version, per_ranking: int, since: str) -> int:
        self._called("fresh")
        with self._lock:
            return 0 if since else len(self.images)

    def competition(self, candidate_set_id: str) -> tuple[CandidateSet, Sequence[Candidate]]:
        self._called("competition")
        if candidate_set_id in [item.id for item in self.sets.values()]:
            raise InvalidInput(f"candidate set {candidate_set_id} was cut for a target and has no contestants")
        if candidate_set_id not in ("", *self.competitions) or not self.competitions:
            raise NotFound(f"no candidate set {candidate_set_id or 'with contestants'}")
        return self.competitions[candidate_set_id or list(self.competitions)[-1]]

    def compete(self, contestants: Sequence[Version], ids: Sequence[str]) -> str:
        """A set is cut in which each pair has chosen each image for "red", and those of even number for "blue" too."""
        pairs = [(a, b) for at, a in enumerate(contestants) for b in contestants[at + 1 :]]
        candidates = tuple(
            Candidate(
                rank,
                image,
                0.5,
                tuple(
                    Placement(RankingKey(a, b, Defender.TARGET, label), rank, 0.5)
                    for a, b in pairs
                    for label in (("red", "blue") if int(image, 16) % 2 == 0 else ("red",))
                ),
                (),
            )
            for rank, image in enumerate(ids, 1)
        )
        made = id_of(f"competition {len(self.competitions)}")
        chosen = CandidateSet(made, None, len(ids), len(ids), "", (), (), 0, "", contestants=tuple(contestants))
        self.competitions[made] = (chosen, candidates)
        self.made += [_task(image, MaskPurpose.CONTEST, "") for image in ids]
        return made

    def places(self, target: Version, image_ids: Sequence[str], per_ranking: int) -> Sequence[ImagePlaces]:
        self._called("places")
        if target.model != "small":
            raise NotFound(f"no contest of {target}")
        return [placed(image, per_ranking) for image in image_ids]

    def open_campaign(self, candidate_set_id: str, plan: CampaignPlan, key: str, note: str) -> Campaign:
        self._called("open_campaign")
        with self._lock:
            if key not in self.opened:
                version, size = Version("small", max(self.serving)), len(self._candidates)
                state = CampaignState.OPEN
                self.opened[key] = Campaign(
                    id_of(f"campaign {key}"),
                    None,
                    candidate_set_id,
                    version,
                    plan,
                    state,
                    size,
                    0,
                    0,
                    0,
                    0,
                    0,
                    (),
                    note,
                )
            return self.opened[key]

    def campaign(self, campaign_id: str) -> Campaign:
        self._called("campaign")
        with self._lock:
            found = self._campaign(campaign_id)
            if self.by_itself and found.state is CampaignState.OPEN:
                self.scored(campaign_id, min(found.images, found.finished + 8))
            return found

    def campaigns(self, model: str) -> Sequence[Campaign]:
        self._called("campaigns")
        return [item for item in self.opened.values() if item.target.model == model]

    def cancel_campaign(self, campaign_id: str) -> None:
        self._called("cancel_campaign")
        with self._lock:
            found = self._campaign(campaign_id)
            if found.state is not CampaignState.CLOSED:
                self._put(replace(found, state=CampaignState.CANCELLED))
            settled = (MaskTaskState.ACCEPTED, MaskTaskState.SENT_BACK)
            for at, item in enumerate(self.made):
                if item.campaign_id == campaign_id and item.state not in settled:
                    self.made[at] = replace(item, state=MaskTaskState.CANCELLED)

    def choose(self, campaign_id: str, *, allow_incomplete: bool) -> ChosenSets:
        self._called("choose")
        with self._lock:
            campaign = self._campaign(campaign_id)
            if campaign.state is CampaignState.CANCELLED:
                raise NotReady("it was cancelled")
            if campaign_id in self.chosen_sets:
                return self.chosen_sets[campaign_id]
            if campaign.state is CampaignState.OPEN and not allow_incomplete:
                raise NotReady("images still lack judgements")
            reserved, most = campaign.plan.test_reserved or 0, campaign.plan.counterexamples or 0
            test = [_chosen(at, image) for at, image in enumerate(self._candidates[:reserved], 1)]
            rest = self._candidates[reserved : reserved + most]
            sets = ChosenSets(campaign_id, None, tuple(_chosen(at, i) for at, i in enumerate(rest, 1)), tuple(test), ())
            self.chosen_sets[campaign_id] = sets
            self._put(replace(campaign, state=CampaignState.CLOSED))
            return sets

    def chosen(self, campaign_id: str) -> ChosenSets:
        self._called("chosen")
        if campaign_id not in self.chosen_sets:
            raise NotFound("it has chosen nothing yet")
        return self.chosen_sets[campaign_id]

    def make_tasks(self, campaign_id: str, annotators: Sequence[str], double_share: float) -> None:
        self._called("make_tasks")
        with self._lock:
            there, sets = {item.image_id for item in self.made}, self.chosen_sets[campaign_id]
            parts = ((sets.counterexamples, MaskPurpose.COUNTEREXAMPLE), (sets.test, MaskPurpose.TEST))
            for images, purpose in parts:
                self.made += [_task(i.image_id, purpose, campaign_id) for i in images if i.image_id not in there]

    def tasks(self, *, campaign_id: str = "", purpose: MaskPurpose | None = None) -> Sequence[MaskTask]:
        self._called("tasks")
        with self._lock:
            found = [item for item in self.made if campaign_id in ("", item.campaign_id)]
            if self.by_itself and campaign_id:
                self.all_drawn(4)
            return [item for item in found if purpose in (None, item.purpose)]

    def mask(self, task_id: str, revision: int) -> bytes:
        self._called("mask")
        image = next(item.image_id for item in self.made if item.id == task_id)
        if image in self.forgotten:
            raise NotFound(f"no mask task {task_id}")
        return drawn(image)

    def maps(self, image_id: str) -> Mapping[Version, bytes]:
        self._called("maps")
        versions = [BETTER, *(Version("small", number) for number in self.serving)]
        return {version: said(image_id, version) for version in versions}

    def check_run(self, plan: RunPlan) -> None:
        self._called("check_run")
        if plan.recipe == "best":
            raise InvalidInput("no recipe is called 'best'")

    def start_run(self, plan: RunPlan, key: str) -> Run:
        self._called("start_run")
        with self._lock:
            if key not in self.runs:
                self.runs[key] = _run(id_of(f"run {key}"), plan)
            if self.runs[key].plan != plan:
                raise Conflict(f"{key!r} came with another plan before")
            return self.runs[key]

    def run(self, run_id: str) -> Run:
        self._called("run")
        with self._lock:
            found = self._run(run_id)
            if self.by_itself and found.state is RunState.PREPARING:
                self._put_run(replace(found, state=RunState.TRAINING))
            elif self.by_itself and found.state is RunState.TRAINING:
                self.trained(run_id)
            elif run_id in self.releasing and found.state is not RunState.RELEASED:
                self._release(found)
            return found

    def released(self, model: str) -> Sequence[Run]:
        self._called("released")
        return [run for run in self.runs.values() if run.released is not None and run.released.model == model]

    def promote(self, run_id: str, *, despite_gate: bool) -> Run:
        self._called("promote")
        with self._lock:
            found = self._run(run_id)
            if found.state is RunState.REFUSED and not despite_gate:
                raise NotReady("the gate refused it")
            self.releasing.add(run_id)
            return found

    def cancel_run(self, run_id: str) -> Run:
        self._called("cancel_run")
        with self._lock:
            found = self._run(run_id)
            if found.state is RunState.RELEASED:
                raise NotReady("it is released")
            self._put_run(replace(found, state=RunState.CANCELLED))
            return self._run(run_id)

    def scored(self, campaign_id: str, finished: int | None = None) -> None:
        """People have judged so many images; None: all."""
        found = self._campaign(campaign_id)
        done = found.images if finished is None else finished
        state = CampaignState.SCORED if done == found.images else CampaignState.OPEN
        self._put(replace(found, finished=done, state=state))

    def all_drawn(self, most: int = 10_000) -> None:
        """People have drawn and checked so many masks more."""
        waiting = [at for at, item in enumerate(self.made) if item.state is MaskTaskState.WAITING]
        for at in waiting[:most]:
            self.made[at] = replace(self.made[at], state=MaskTaskState.ACCEPTED, revision=1, accepted_revision=1)

    def run_waits(self, run_id: str, reason: str) -> None:
        """A run can't go on for now; "" where it can."""
        self._put_run(replace(self._run(run_id), waits_for=reason))

    def trained(self, run_id: str) -> None:
        """Training has come to its end, and the gate has spoken."""
        state = RunState.PASSED if self.passes else RunState.REFUSED
        reasons = () if self.passes else ("mIoU on T0-report falls by 0.2",)
        checks = (GateCheck("t0_report_drop", 0.2, 0.01, self.passes, "mIoU on T0-report falls by 0.2"),)
        before, after = Figure(0.5, 0.4, 0.6, 5), Figure(0.6, 0.5, 0.7, 5)
        found = self._run(run_id)
        self._put_run(replace(found, state=state, reasons=reasons, checks=checks, before=before, after=after))

    def competed(self) -> None:
        """Every contest has answered for all images."""
        self.missing = dict.fromkeys(self.missing, 0)

    def veto(self, image_id: str) -> None:
        """An image of a T turns out to be out of domain."""
        for campaign_id, sets in self.chosen_sets.items():
            test = tuple(item for item in sets.test if item.image_id != image_id)
            self.chosen_sets[campaign_id] = replace(sets, test=test)

    def _release(self, found: Run) -> None:
        version = max(self.serving) + 1
        self.serving.append(version)
        self.missing[version] = IMAGES
        self._put_run(replace(found, state=RunState.RELEASED, released=Version("small", version)))

    def _contest(self, number: int) -> Contest:
        left = self.missing[number]
        state = ContestState.FILLING if left else ContestState.COMPLETE
        return Contest(Version("small", number), BETTER, state, IMAGES - left, 0, left)

    def _campaign(self, campaign_id: str) -> Campaign:
        found = next((item for item in self.opened.values() if item.id == campaign_id), None)
        if found is None:
            raise NotFound(f"no campaign {campaign_id}")
        return found

    def _put(self, campaign: Campaign) -> None:
        self.opened = {key: campaign if item.id == campaign.id else item for key, item in self.opened.items()}

    def _run(self, run_id: str) -> Run:
        found = next((item for item in self.runs.values() if item.id == run_id), None)
        if found is None:
            raise NotFound(f"no run {run_id}")
        return found

    def _put_run(self, run: Run) -> None:
        self.runs = {key: run if item.id == run.id else item for key, item in self.runs.items()}

    def _called(self, method: str) -> None:
        self.calls.append(method)
        if method in self.away:
            raise Unavailable(f"{method}: nobody answers")
        if self.pause:
            time.sleep(self._random.uniform(0, self.pause))


def _chosen(rank: int, image_id: str) -> ChosenImage:
    return ChosenImage(rank, image_id, 2.0, 0.5, "", reported=True)


def _task(image_id: str, purpose: MaskPurpose, campaign_id: str) -> MaskTask:
    known = (id_of(f"task {image_id}"), image_id, purpose, MaskTaskState.WAITING, "", "", campaign_id)
    return MaskTask(*known, None, SIZE, CROP, 0, 0, (), (), None, None, 0.0)


def _run(run_id: str, plan: RunPlan) -> Run:
    state = RunState.PREPARING
    return Run(run_id, plan, state, None, None, None, (), (), {}, None, None, None, "", "rounds")
