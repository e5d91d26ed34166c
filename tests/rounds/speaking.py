"""The fake neighbours on a real gRPC server, as the selector, Models, labelling and fine-tuning speak."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from madseg.client import Campaign, CampaignState, ChosenSets, Contest, ContestState, MaskTask, Run, Version
from madseg.client.decode import finetune, masks, scoring
from madseg.rpc import Server, Service
from madseg.v1 import finetune_pb2, masks_pb2, models_pb2, scoring_pb2, selector_pb2, types_pb2
from madseg.v1.finetune_pb2_grpc import FineTuneServiceServicer, add_FineTuneServiceServicer_to_server
from madseg.v1.masks_pb2_grpc import MasksServiceServicer, add_MasksServiceServicer_to_server
from madseg.v1.models_pb2_grpc import ModelsServiceServicer, add_ModelsServiceServicer_to_server
from madseg.v1.scoring_pb2_grpc import ScoringServiceServicer, add_ScoringServiceServicer_to_server
from madseg.v1.selector_pb2_grpc import SelectorServiceServicer, add_SelectorServiceServicer_to_server
from tests.paged import one_a_page
from tests.rounds.fakes import FakeNeighbours

_CONTESTS = {
    ContestState.FILLING: types_pb2.CONTEST_STATE_FILLING,
    ContestState.COMPLETE: types_pb2.CONTEST_STATE_COMPLETE,
}
_CAMPAIGNS = {
    CampaignState.OPEN: scoring_pb2.CAMPAIGN_STATE_OPEN,
    CampaignState.SCORED: scoring_pb2.CAMPAIGN_STATE_SCORED,
    CampaignState.CLOSED: scoring_pb2.CAMPAIGN_STATE_CLOSED,
    CampaignState.CANCELLED: scoring_pb2.CAMPAIGN_STATE_CANCELLED,
}


class Selector(SelectorServiceServicer):
    """What rounds ask of the selector."""

    def __init__(self, known: FakeNeighbours) -> None:
        self._known = known

    def ListContests(self, request: Any, context: Any) -> Any:
        return selector_pb2.ListContestsResponse(contests=map(_contest, self._known.contests()))

    def CutCandidates(self, request: selector_pb2.CutCandidatesRequest, context: Any) -> Any:
        target = Version(request.target.model, request.target.version)
        cut = self._known.cut(target, request.per_ranking, request.idempotency_key, request.note)
        made = selector_pb2.CandidateSet(id=cut.id, size=cut.size, per_ranking=cut.per_ranking, note=cut.note)
        return selector_pb2.CutCandidatesResponse(candidate_set=made)

    def DiffCandidates(self, request: selector_pb2.DiffCandidatesRequest, context: Any) -> Any:
        target = Version(request.new.target.model, request.new.target.version)
        found = self._known.fresh(target, request.per_ranking, request.old.candidate_set_id)
        entered = [selector_pb2.CandidateChange(image_id=f"{at:032x}") for at in range(found)]
        return selector_pb2.DiffCandidatesResponse(entered=entered)

    def ListCandidateSets(self, request: selector_pb2.ListCandidateSetsRequest, context: Any) -> Any:
        made = [
            selector_pb2.CandidateSet(
                id=chosen.id, per_ranking=chosen.per_ranking, size=chosen.size,
                contestants=map(_version, chosen.contestants),
            )
            for chosen, _ in reversed(self._known.competitions.values())
        ]  # fmt: skip
        cut = [selector_pb2.CandidateSet(id=item.id, size=item.size) for item in self._known.sets.values()]
        found, more = one_a_page([*cut, *made], request.page_token)
        return selector_pb2.ListCandidateSetsResponse(candidate_sets=found, next_page_token=more)

    def ListCandidates(self, request: selector_pb2.ListCandidatesRequest, context: Any) -> Any:
        made = selector_pb2.ListCandidatesResponse()
        for item in self._known.competitions[request.candidate_set_id][1]:
            into = made.candidates.add(rank=item.rank, image_id=item.image_id, discrepancy=item.discrepancy)
            for place in item.placements:
                key = selector_pb2.RankingKey(
                    target=_version(place.key.target),
                    competitor=_version(place.key.competitor),
                    defender=types_pb2.DEFENDER_TARGET,
                    class_name=place.key.class_name,
                )
                into.placements.add(key=key, rank=place.rank, discrepancy=place.discrepancy)
        return made

    def PlaceImages(self, request: selector_pb2.PlaceImagesRequest, context: Any) -> Any:
        target = Version(request.target.model, request.target.version)
        made = selector_pb2.PlaceImagesResponse(target=_version(target))
        for item in self._known.places(target, request.image_ids, request.per_ranking):
            made.places.add(
                image_id=item.image_id, compared=item.compared, mean_discrepancy=item.mean_discrepancy,
                largest_discrepancy=item.largest_discrepancy, rankings=item.rankings, top=item.top,
            )  # fmt: skip
        return made

    def GetLabelMaps(self, request: selector_pb2.GetLabelMapsRequest, context: Any) -> Any:
        made = selector_pb2.GetLabelMapsResponse()
        for version, label_map in self._known.maps(request.image_id).items():
            made.maps.add(version=_version(version), label_map=label_map)
        return made


class Models(ModelsServiceServicer):
    """What rounds ask of Models."""

    def __init__(self, known: FakeNeighbours) -> None:
        self._known = known

    def ListModels(self, request: Any, context: Any) -> Any:
        newest = self._known.target("").version
        target = models_pb2.Model(name="small", role=types_pb2.MODEL_ROLE_TARGET, serving=range(1, newest + 1))
        other = models_pb2.Model(name="better", role=types_pb2.MODEL_ROLE_COMPETITOR, serving=[1])
        return models_pb2.ListModelsResponse(models=[target, other])


class Scoring(ScoringServiceServicer):
    """What rounds ask of scoring."""

    def __init__(self, known: FakeNeighbours) -> None:
        self._known = known

    def CreateCampaign(self, request: scoring_pb2.CreateCampaignRequest, context: Any) -> Any:
        assert ("authorization", "Bearer its-own") in [tuple(item) for item in context.invocation_metadata()]
        plan, key = scoring.to_plan(request.plan), request.idempotency_key
        made = self._known.open_campaign(request.candidate_set_id, plan, key, request.note)
        return scoring_pb2.CreateCampaignResponse(campaign=_campaign(made))

    def GetCampaign(self, request: scoring_pb2.GetCampaignRequest, context: Any) -> Any:
        return scoring_pb2.GetCampaignResponse(campaign=_campaign(self._known.campaign(request.campaign_id)))

    def ListCampaigns(self, request: scoring_pb2.ListCampaignsRequest, context: Any) -> Any:
        found = [_campaign(item) for item in reversed(self._known.campaigns("small"))]
        page, more = one_a_page(found, request.page_token)
        return scoring_pb2.ListCampaignsResponse(campaigns=page, next_page_token=more)

    def CancelCampaign(self, request: scoring_pb2.CancelCampaignRequest, context: Any) -> Any:
        self._known.cancel_campaign(request.campaign_id)
        found = self._known.campaign(request.campaign_id)
        return scoring_pb2.CancelCampaignResponse(campaign=_campaign(found))

    def ChooseSets(self, request: scoring_pb2.ChooseSetsRequest, context: Any) -> Any:
        made = self._known.choose(request.campaign_id, allow_incomplete=request.allow_incomplete)
        return scoring_pb2.ChooseSetsResponse(sets=_sets(made))

    def GetChosenSets(self, request: scoring_pb2.GetChosenSetsRequest, context: Any) -> Any:
        return scoring_pb2.GetChosenSetsResponse(sets=_sets(self._known.chosen(request.campaign_id)))


class Masks(MasksServiceServicer):
    """What rounds ask of masks."""

    def __init__(self, known: FakeNeighbours) -> None:
        self._known = known

    def CreateMaskTasks(self, request: masks_pb2.CreateMaskTasksRequest, context: Any) -> Any:
        self._known.make_tasks(request.campaign_id, request.annotators, request.double_share)
        return masks_pb2.CreateMaskTasksResponse()

    def ListMaskTasks(self, request: masks_pb2.ListMaskTasksRequest, context: Any) -> Any:
        found = self._known.tasks(campaign_id=request.campaign_id)
        wanted = [item for item in found if request.purpose in (0, masks.from_purpose(item.purpose))]
        return masks_pb2.ListMaskTasksResponse(tasks=map(_task, wanted))

    def GetMaskRevision(self, request: masks_pb2.GetMaskRevisionRequest, context: Any) -> Any:
        label_map = self._known.mask(request.task_id, request.revision)
        return masks_pb2.GetMaskRevisionResponse(revision=request.revision, label_map=label_map)


class FineTune(FineTuneServiceServicer):
    """What rounds ask of fine-tuning."""

    def __init__(self, known: FakeNeighbours) -> None:
        self._known = known

    def StartRun(self, request: finetune_pb2.StartRunRequest, context: Any) -> Any:
        if request.check_only:
            self._known.check_run(finetune.to_plan(request.plan))
            return finetune_pb2.StartRunResponse()
        made = self._known.start_run(finetune.to_plan(request.plan), request.idempotency_key)
        return finetune_pb2.StartRunResponse(run=_run(made))

    def GetRun(self, request: finetune_pb2.GetRunRequest, context: Any) -> Any:
        return finetune_pb2.GetRunResponse(run=_run(self._known.run(request.run_id)))

    def ListRuns(self, request: finetune_pb2.ListRunsRequest, context: Any) -> Any:
        assert request.state == finetune_pb2.RUN_STATE_RELEASED
        return finetune_pb2.ListRunsResponse(runs=[_run(item) for item in reversed(self._known.released("small"))])

    def PromoteRun(self, request: finetune_pb2.PromoteRunRequest, context: Any) -> Any:
        found = self._known.promote(request.run_id, despite_gate=request.despite_gate)
        return finetune_pb2.PromoteRunResponse(run=_run(found))

    def CancelRun(self, request: finetune_pb2.CancelRunRequest, context: Any) -> Any:
        return finetune_pb2.CancelRunResponse(run=_run(self._known.cancel_run(request.run_id)))


def _version(found: Version) -> types_pb2.ModelVersion:
    return types_pb2.ModelVersion(model=found.model, version=found.version)


def _contest(found: Contest) -> types_pb2.Contest:
    return types_pb2.Contest(
        target=_version(found.target),
        competitor=_version(found.competitor),
        state=_CONTESTS[found.state],
        compared=found.compared,
        failed=found.failed,
        missing=found.missing,
    )


def _campaign(found: Campaign) -> scoring_pb2.Campaign:
    return scoring_pb2.Campaign(
        id=found.id,
        candidate_set_id=found.candidate_set_id,
        target=_version(found.target),
        plan=scoring.from_plan(found.plan),
        state=_CAMPAIGNS[found.state],
        images=found.images,
        finished=found.finished,
        note=found.note,
    )


def _sets(found: ChosenSets) -> scoring_pb2.ChosenSets:
    made = scoring_pb2.ChosenSets(campaign_id=found.campaign_id)
    for into, images in ((made.counterexamples, found.counterexamples), (made.test, found.test)):
        for item in images:
            known = {"mean": item.mean, "mean_discrepancy": item.mean_discrepancy, "main_class": item.main_class}
            into.add(rank=item.rank, image_id=item.image_id, reported=item.reported, **known)
    return made


def _task(found: MaskTask) -> masks_pb2.MaskTask:
    crop = types_pb2.Box(left=found.crop.left, top=found.crop.top, width=found.crop.width, height=found.crop.height)
    return masks_pb2.MaskTask(
        id=found.id,
        image_id=found.image_id,
        purpose=masks.from_purpose(found.purpose),
        state=masks.from_state(found.state),
        campaign_id=found.campaign_id,
        size=types_pb2.Size(height=found.size.height, width=found.size.width),
        crop=crop,
        revision=found.revision,
        accepted_revision=found.accepted_revision,
    )


def _run(found: Run) -> finetune_pb2.Run:
    made = finetune_pb2.Run(
        id=found.id,
        plan=finetune.from_plan(found.plan),
        state=finetune.from_state(found.state),
        reasons=found.reasons,
        started_by=found.started_by,
        waits_for=found.waits_for,
    )
    for check in found.checks:
        made.checks.add(**{name: getattr(check, name) for name in ("name", "found", "allowed", "passed", "sentence")})
    for into, figure in ((made.before, found.before), (made.after, found.after)):
        if figure is not None:
            into.CopyFrom(
                finetune_pb2.Figure(value=figure.value, low=figure.low, high=figure.high, images=figure.images)
            )
    if found.released is not None:
        made.released.CopyFrom(_version(found.released))
    return made


@contextmanager
def speaking(known: FakeNeighbours) -> Iterator[str]:
    """The address of all of them, while the block lasts."""
    services = [
        Service("madseg.v1.SelectorService", Selector(known), add_SelectorServiceServicer_to_server),  # type: ignore[abstract]
        Service("madseg.v1.ModelsService", Models(known), add_ModelsServiceServicer_to_server),  # type: ignore[abstract]
        Service("madseg.v1.ScoringService", Scoring(known), add_ScoringServiceServicer_to_server),  # type: ignore[abstract]
        Service("madseg.v1.MasksService", Masks(known), add_MasksServiceServicer_to_server),  # type: ignore[abstract]
        Service("madseg.v1.FineTuneService", FineTune(known), add_FineTuneServiceServicer_to_server),  # type: ignore[abstract]
    ]
    server = Server(services, "127.0.0.1:0")
    server.start()
    try:
        yield server.reachable
    finally:
        server.stop()
