"""Small servers with canned data behind the real gRPC edge: intake and models."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO

from google.protobuf.timestamp_pb2 import Timestamp
from PIL import Image

from madseg.core.errors import AlreadyExists, Busy, InvalidImage, InvalidInput, NotFound, NotReady, Stale, Unavailable
from madseg.v1 import intake_pb2, models_pb2, types_pb2
from madseg.v1.intake_pb2_grpc import IntakeServiceServicer
from madseg.v1.models_pb2_grpc import ModelsServiceServicer


def image_id(number: int) -> str:
    """The id of canned image `number`."""
    return f"{number:032x}"


def moment(hour: int = 12) -> Timestamp:
    """An hour of the day on which everything here happens."""
    stamp = Timestamp()
    stamp.FromDatetime(datetime(2026, 3, 14, hour, tzinfo=UTC))
    return stamp


def png(colour: tuple[int, int, int], size: int = 16) -> bytes:
    """A picture of one colour."""
    buffer = BytesIO()
    Image.new("RGB", (size, size), colour).save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class CannedIntake(IntakeServiceServicer):
    """Takes everything but empty files in; image n is the n-th that came."""

    uploads: list[intake_pb2.ImageUpload] = field(default_factory=list)
    imported: list[intake_pb2.ImportPredictionsRequest] = field(default_factory=list)
    requeued: list[str] = field(default_factory=list)
    forgotten: list[tuple[str, str]] = field(default_factory=list)
    known: int = 5
    failures: int = 0
    """How many calls of GetIntakeStatus are still answered with Unavailable."""
    busy: int = 0
    """How many calls of GetIntakeStatus and RequeueImages are still answered with Busy."""
    busy_seconds: float = 0.05
    gate: Callable[[], None] = lambda: None
    """Called before each answer of a stream."""

    def UploadImage(self, request, context):  # type: ignore[no-untyped-def]
        return self._take(request.image)

    async def UploadImages(self, request_iterator, context) -> AsyncIterator[intake_pb2.UploadImagesResponse]:  # type: ignore[no-untyped-def]
        async for request in request_iterator:
            self.gate()
            try:
                yield intake_pb2.UploadImagesResponse(accepted=self._take(request.image))
            except InvalidImage as error:
                refusal = intake_pb2.Refusal(name=request.image.name, reason=str(error))
                yield intake_pb2.UploadImagesResponse(refused=refusal)

    async def ImportPredictions(self, request_iterator, context) -> AsyncIterator[intake_pb2.ImportPredictionsResponse]:  # type: ignore[no-untyped-def]
        async for request in request_iterator:
            self.imported.append(request)
            if request.maps:
                yield intake_pb2.ImportPredictionsResponse(image_id=request.image_id)
            else:
                refusal = intake_pb2.Refusal(name=request.name, reason="it has no label map")
                yield intake_pb2.ImportPredictionsResponse(refused=refusal)

    def GetImage(self, request, context):  # type: ignore[no-untyped-def]
        self._require(request.image_id)
        return intake_pb2.GetImageResponse(
            image_id=request.image_id,
            name="kerb.jpg",
            original_size=types_pb2.Size(height=480, width=640),
            crop=types_pb2.Box(left=80, top=0, width=480, height=480),
            grid_id="16x16/centre",
            source="camera-3",
            captured_at=moment(),
            tags={"town": "Delft"},
        )

    def GetPicture(self, request, context):  # type: ignore[no-untyped-def]
        self._require(request.image_id)
        original = request.kind == intake_pb2.PICTURE_KIND_ORIGINAL
        content = png((200, 30, 60) if original else (60, 120, 180))
        return intake_pb2.GetPictureResponse(content=content, media_type="image/png")

    def ListImages(self, request, context):  # type: ignore[no-untyped-def]
        start, size = int(request.page_token or 0), request.page_size or 100
        ids = [image_id(number) for number in range(1, self.known + 1)]
        more = str(start + size) if start + size < len(ids) else ""
        return intake_pb2.ListImagesResponse(image_ids=ids[start : start + size], next_page_token=more)

    def RequeueImages(self, request, context):  # type: ignore[no-untyped-def]
        self._be_busy()
        known = [item for item in request.image_ids if int(item, 16) <= self.known]
        self.requeued += known
        unknown = [item for item in request.image_ids if item not in known]
        return intake_pb2.RequeueImagesResponse(requeued=len(known), unknown=unknown)

    def GetIntakeStatus(self, request, context):  # type: ignore[no-untyped-def]
        if self.failures:
            self.failures -= 1
            raise Unavailable("the database is restarting")
        self._be_busy()
        return intake_pb2.GetIntakeStatusResponse(accepted=12345, random_lane=246, forgotten=1, duplicates=7, refused=3)

    def ForgetImage(self, request, context):  # type: ignore[no-untyped-def]
        self.forgotten.append((request.image_id, request.reason))
        return intake_pb2.ForgetImageResponse(
            gone=["the original and the canonical picture"],
            later=["its record in madseg.predictions, within 7 days"],
            stays=["the weights of ours/2, which were trained on it"],
        )

    def _be_busy(self) -> None:
        if self.busy:
            self.busy -= 1
            raise Busy("as many calls as it takes at once", retry_after=self.busy_seconds)

    def _take(self, upload: intake_pb2.ImageUpload) -> intake_pb2.UploadImageResponse:
        if not upload.content:
            raise InvalidImage("an image must have at least 1 byte, got 0", field="content")
        duplicate = any(known.content == upload.content for known in self.uploads)
        self.uploads.append(upload)
        return intake_pb2.UploadImageResponse(image_id=image_id(len(self.uploads)), duplicate=duplicate)

    def _require(self, image: str) -> None:
        if int(image, 16) > self.known:
            raise NotFound(f"no image {image}")


@dataclass
class CannedModels(ModelsServiceServicer):
    """A target, two competitors and a retired model."""

    received: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Card, file name and bytes of each network that came."""
    chunks: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    """The idempotency key of each."""
    roles: list[tuple[str, int]] = field(default_factory=list)
    registered: list[models_pb2.RegisterImportedModelRequest] = field(default_factory=list)

    def ListModels(self, request, context):  # type: ignore[no-untyped-def]
        models = [
            _model("ours", types_pb2.MODEL_ROLE_TARGET, 1, 2),
            _model("others", types_pb2.MODEL_ROLE_COMPETITOR, 1, imported=True),
            _model("theirs", types_pb2.MODEL_ROLE_COMPETITOR, 1),
            _model("yesterday", types_pb2.MODEL_ROLE_RETIRED),
        ]
        return models_pb2.ListModelsResponse(models=models)

    def GetModel(self, request, context):  # type: ignore[no-untyped-def]
        if request.name != "ours":
            raise NotFound(f"no model {request.name!r}: others, ours, theirs, yesterday")
        model = _model("ours", types_pb2.MODEL_ROLE_TARGET, 1, 2)
        return models_pb2.GetModelResponse(model=model, card="name: ours\ntaxonomy: town\n")

    async def AddModel(self, request_iterator, context) -> models_pb2.AddModelResponse:  # type: ignore[no-untyped-def]
        await self._receive(request_iterator)
        if "name: ours\n" in self.received[-1][0]:
            raise AlreadyExists("a model 'ours' exists: release a version of it instead")
        return models_pb2.AddModelResponse(
            model=_model("net", types_pb2.MODEL_ROLE_COMPETITOR, 1),
            findings=["99.98 % of the pixels agree with the unwrapped network"],
        )

    async def ReleaseVersion(self, request_iterator, context) -> models_pb2.ReleaseVersionResponse:  # type: ignore[no-untyped-def]
        await self._receive(request_iterator)
        return models_pb2.ReleaseVersionResponse(
            model=_model("ours", types_pb2.MODEL_ROLE_TARGET, 1, 2, 3, 4), version=3
        )

    def RegisterImportedModel(self, request, context):  # type: ignore[no-untyped-def]
        self.registered.append(request)
        model = _model(request.name, request.role, 1, imported=True)
        return models_pb2.RegisterImportedModelResponse(model=model)

    def SetRole(self, request, context):  # type: ignore[no-untyped-def]
        if request.role == types_pb2.MODEL_ROLE_UNSPECIFIED:
            raise InvalidInput("role must be given", field="role")
        self.roles.append((request.name, request.role))
        return models_pb2.SetRoleResponse(model=_model(request.name, request.role, 1))

    def ServeVersions(self, request, context):  # type: ignore[no-untyped-def]
        if not request.versions:
            raise InvalidInput("say which versions", field="versions")
        model = _model(request.name, types_pb2.MODEL_ROLE_TARGET, *request.versions)
        return models_pb2.ServeVersionsResponse(model=model, before=[1, 2])

    def RollbackVersion(self, request, context):  # type: ignore[no-untyped-def]
        if request.name != "ours":
            raise NotReady(f"{request.name!r} serves its first version: there is none to go back to")
        if request.expected_newest not in (0, 3):
            raise Stale(f"the newest version of 'ours' that takes part is 3, not {request.expected_newest}")
        return models_pb2.RollbackVersionResponse(
            model=_model("ours", types_pb2.MODEL_ROLE_TARGET, 1), before=[1, 2, 3]
        )

    async def _receive(self, parts) -> None:  # type: ignore[no-untyped-def]
        header, content = models_pb2.ModelUpload(), b""
        async for part in parts:
            if part.HasField("header"):
                header = part.header
            else:
                self.chunks.append(len(part.chunk))
                content += part.chunk
        self.received.append((header.card, header.file_name, content))
        self.keys.append(header.idempotency_key)


def _model(name: str, role: types_pb2.ModelRole.ValueType, *versions: int, imported: bool = False) -> models_pb2.Model:
    infos = [
        models_pb2.ModelVersionInfo(
            version=number,
            created=f"2026-03-0{number}T10:00:00+00:00",
            sha256=f"{number:064x}",
            covers=["bus", "cat"],
            has_entropy=not imported,
            bytes=5_300_000,
        )
        for number in versions
    ]
    return models_pb2.Model(
        name=name,
        role=role,
        serving=versions[-1:],
        versions=infos,
        description=f"a network called {name}",
        imported=imported,
    )
