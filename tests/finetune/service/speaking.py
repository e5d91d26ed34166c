"""The fake neighbours on a real gRPC server, as the gateway, Models and labelling speak."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from madseg.rpc import Server, Service
from madseg.v1 import intake_pb2, masks_pb2, models_pb2, scoring_pb2, types_pb2
from madseg.v1.intake_pb2_grpc import IntakeServiceServicer, add_IntakeServiceServicer_to_server
from madseg.v1.masks_pb2_grpc import MasksServiceServicer, add_MasksServiceServicer_to_server
from madseg.v1.models_pb2_grpc import ModelsServiceServicer, add_ModelsServiceServicer_to_server
from madseg.v1.scoring_pb2_grpc import ScoringServiceServicer, add_ScoringServiceServicer_to_server
from tests.finetune.service.world import CROP, SIZE, FakeNeighbours
from tests.paged import one_a_page

LANE = "the random lane"


class Models(ModelsServiceServicer):
    """What fine-tuning asks of Models."""

    def __init__(self, known: FakeNeighbours) -> None:
        self._known = known

    def ListModels(self, request: Any, context: Any) -> Any:
        return models_pb2.ListModelsResponse(models=[self._model()])

    def GetModel(self, request: models_pb2.GetModelRequest, context: Any) -> Any:
        found = self._known.model(request.name)
        return models_pb2.GetModelResponse(model=self._model(), card=found.card)

    def ReleaseVersion(self, parts: Iterator[models_pb2.ReleaseVersionRequest], context: Any) -> Any:
        header = next(parts).header
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"".join(part.chunk for part in parts))
            file.flush()
            number = self._known.release(Path(file.name), header.card, header.idempotency_key, header.parent)
        return models_pb2.ReleaseVersionResponse(model=self._model(), version=number)

    def _model(self) -> models_pb2.Model:
        found = self._known.model("")
        made = models_pb2.Model(name=found.name, role=types_pb2.MODEL_ROLE_TARGET, serving=found.serving)
        for number, sha256 in found.versions.items():
            made.versions.add(version=number, sha256=sha256)
        return made


class Scoring(ScoringServiceServicer):
    """What fine-tuning asks of scoring. The first campaign is closed, the other still open."""

    def __init__(self, known: FakeNeighbours) -> None:
        self._known = known

    def ListCampaigns(self, request: scoring_pb2.ListCampaignsRequest, context: Any) -> Any:
        assert ("authorization", "Bearer its-own") in [tuple(item) for item in context.invocation_metadata()]
        states = (scoring_pb2.CAMPAIGN_STATE_CLOSED, scoring_pb2.CAMPAIGN_STATE_OPEN)
        target = types_pb2.ModelVersion(model="small", version=1)
        made = [
            scoring_pb2.Campaign(id=name, target=target, state=state)
            for name, state in zip(self._known.campaigns("small"), states, strict=True)
        ]
        elsewhere = types_pb2.ModelVersion(model="other", version=1)
        other = scoring_pb2.Campaign(id="o" * 32, target=elsewhere, state=scoring_pb2.CAMPAIGN_STATE_OPEN)
        found, more = one_a_page([other, *reversed(made)], request.page_token)
        return scoring_pb2.ListCampaignsResponse(campaigns=found, next_page_token=more)

    def GetChosenSets(self, request: scoring_pb2.GetChosenSetsRequest, context: Any) -> Any:
        test = [scoring_pb2.ChosenImage(image_id=name) for name, why in self._known.tested().items() if why != LANE]
        return scoring_pb2.GetChosenSetsResponse(
            sets=scoring_pb2.ChosenSets(campaign_id=request.campaign_id, test=test)
        )


class Masks(MasksServiceServicer):
    """What fine-tuning asks of masks."""

    def __init__(self, known: FakeNeighbours) -> None:
        self._known = known

    def ListMaskTasks(self, request: masks_pb2.ListMaskTasksRequest, context: Any) -> Any:
        assert request.purpose == masks_pb2.MASK_PURPOSE_RANDOM_LANE
        lane = [masks_pb2.MaskTask(image_id=name) for name, why in self._known.tested().items() if why == LANE]
        return masks_pb2.ListMaskTasksResponse(tasks=lane)

    def ExportMasks(self, request: masks_pb2.ExportMasksRequest, context: Any) -> Iterator[Any]:
        assert request.purpose == masks_pb2.MASK_PURPOSE_COUNTEREXAMPLE
        for image, mask in self._known.masks(request.campaign_id):
            yield masks_pb2.ExportMasksResponse(image_id=image, purpose=request.purpose, label_map=mask)


class Intake(IntakeServiceServicer):
    """What fine-tuning asks of the gateway."""

    def __init__(self, known: FakeNeighbours) -> None:
        self._known = known

    def GetImage(self, request: intake_pb2.GetImageRequest, context: Any) -> Any:
        crop, lane = self._known.crop(request.image_id)
        return intake_pb2.GetImageResponse(
            image_id=request.image_id,
            original_size=types_pb2.Size(height=SIZE.height, width=SIZE.width),
            crop=types_pb2.Box(left=CROP.left, top=crop.top, width=crop.width, height=crop.height),
            random_lane=lane,
        )

    def GetPicture(self, request: intake_pb2.GetPictureRequest, context: Any) -> Any:
        return intake_pb2.GetPictureResponse(content=self._known.picture(request.image_id), media_type="image/png")


@contextmanager
def speaking(known: FakeNeighbours) -> Iterator[str]:
    """The address of all of them, while the block lasts."""
    services = [
        Service("madseg.v1.ModelsService", Models(known), add_ModelsServiceServicer_to_server),  # type: ignore[abstract]
        Service("madseg.v1.ScoringService", Scoring(known), add_ScoringServiceServicer_to_server),  # type: ignore[abstract]
        Service("madseg.v1.MasksService", Masks(known), add_MasksServiceServicer_to_server),  # type: ignore[abstract]
        Service("madseg.v1.IntakeService", Intake(known), add_IntakeServiceServicer_to_server),  # type: ignore[abstract]
    ]
    server = Server(services, "127.0.0.1:0")
    server.start()
    try:
        yield server.reachable
    finally:
        server.stop()
