"""IntakeService: decode, one call, encode. A stream answers in order, and a refused item does not end it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from madseg.core.errors import InvalidInput, NotFound
from madseg.gateway.accept import Intake
from madseg.gateway.forget import Forgetting
from madseg.gateway.import_predictions import ImportPredictions
from madseg.gateway.upload import Accepted, ImageUpload, ImportedMaps, shown
from madseg.requests import page_size
from madseg.v1 import intake_pb2, types_pb2
from madseg.v1.intake_pb2_grpc import IntakeServiceServicer
from madseg.wire import moment, timestamp, version_ref

R = TypeVar("R")
T = TypeVar("T")

PAGE = 100
"""Ids of a page where none are asked for."""


class IntakeApi(IntakeServiceServicer):
    """The gateway over gRPC."""

    def __init__(self, intake: Intake, imports: ImportPredictions, forgetting: Forgetting) -> None:
        self._intake, self._imports, self._forgetting = intake, imports, forgetting

    def UploadImage(self, request: intake_pb2.UploadImageRequest, context: Any) -> intake_pb2.UploadImageResponse:
        return _accepted(self._intake.upload(_upload(request.image)))

    async def UploadImages(
        self,
        request_iterator: AsyncIterator[intake_pb2.UploadImagesRequest],
        context: Any,
    ) -> AsyncIterator[intake_pb2.UploadImagesResponse]:
        number = 0
        async for request in request_iterator:
            number += 1
            name = shown(request.image.name, f"item {number}")
            done = await _tried(name, self._take_image, request.image)
            if isinstance(done, intake_pb2.Refusal):
                yield intake_pb2.UploadImagesResponse(refused=done)
            else:
                yield intake_pb2.UploadImagesResponse(accepted=done)

    async def ImportPredictions(
        self,
        request_iterator: AsyncIterator[intake_pb2.ImportPredictionsRequest],
        context: Any,
    ) -> AsyncIterator[intake_pb2.ImportPredictionsResponse]:
        number = 0
        async for request in request_iterator:
            number += 1
            name = shown(request.name or request.image_id, f"item {number}")
            done = await _tried(name, self._take_maps, request)
            if isinstance(done, intake_pb2.Refusal):
                yield intake_pb2.ImportPredictionsResponse(refused=done)
            else:
                yield intake_pb2.ImportPredictionsResponse(image_id=done)

    def GetImage(self, request: intake_pb2.GetImageRequest, context: Any) -> intake_pb2.GetImageResponse:
        stored = self._intake.find(request.image_id)
        accepted, facts = stored.accepted, stored.accepted.image
        size, crop = accepted.original_size, accepted.crop
        return intake_pb2.GetImageResponse(
            image_id=facts.image_id,
            original_size=types_pb2.Size(height=size.height, width=size.width),
            crop=types_pb2.Box(left=crop.left, top=crop.top, width=crop.width, height=crop.height),
            grid_id=accepted.grid_id,
            source=facts.source,
            captured_at=timestamp(facts.captured_at),
            accepted_at=timestamp(accepted.accepted_at),
            tags=facts.tags,
            random_lane=facts.random_lane,
            name=stored.name,
        )

    def GetPicture(self, request: intake_pb2.GetPictureRequest, context: Any) -> intake_pb2.GetPictureResponse:
        original = request.kind == intake_pb2.PICTURE_KIND_ORIGINAL
        content, media_type = self._intake.picture(request.image_id, original=original)
        return intake_pb2.GetPictureResponse(content=content, media_type=media_type)

    def ListImages(self, request: intake_pb2.ListImagesRequest, context: Any) -> intake_pb2.ListImagesResponse:
        limit = page_size(request.page_size, PAGE)
        rows = self._intake.page(_after(request.page_token), limit, random_lane=request.random_lane)
        token = str(rows[-1][0]) if len(rows) == limit else ""
        return intake_pb2.ListImagesResponse(image_ids=[image for _, image in rows], next_page_token=token)

    def RequeueImages(self, request: intake_pb2.RequeueImagesRequest, context: Any) -> intake_pb2.RequeueImagesResponse:
        requeued, unknown = self._intake.requeue(request.image_ids)
        return intake_pb2.RequeueImagesResponse(requeued=requeued, unknown=unknown)

    def GetIntakeStatus(
        self,
        request: intake_pb2.GetIntakeStatusRequest,
        context: Any,
    ) -> intake_pb2.GetIntakeStatusResponse:
        status = self._intake.status()
        return intake_pb2.GetIntakeStatusResponse(
            accepted=status.stored.accepted,
            random_lane=status.stored.random_lane,
            forgotten=status.stored.forgotten,
            duplicates=status.duplicates,
            refused=status.refused,
        )

    def ForgetImage(self, request: intake_pb2.ForgetImageRequest, context: Any) -> intake_pb2.ForgetImageResponse:
        receipt = self._forgetting.forget(request.image_id, request.reason)
        return intake_pb2.ForgetImageResponse(gone=receipt.gone, later=receipt.later, stays=receipt.stays)

    def _take_image(self, image: intake_pb2.ImageUpload) -> intake_pb2.UploadImageResponse:
        return _accepted(self._intake.upload(_upload(image)))

    def _take_maps(self, request: intake_pb2.ImportPredictionsRequest) -> str:
        return self._imports.take(_maps(request))


async def _tried(name: str, act: Callable[[R], T], item: R) -> T | intake_pb2.Refusal:
    """What the act gives, or a refusal where the item is at fault; what is not the item's fault ends the stream."""
    try:
        return await asyncio.to_thread(act, item)
    except (InvalidInput, NotFound) as error:
        return intake_pb2.Refusal(name=name, reason=str(error))


def _upload(proto: intake_pb2.ImageUpload) -> ImageUpload:
    captured_at = moment(proto.captured_at, "captured_at") if proto.HasField("captured_at") else None
    return ImageUpload(proto.content, proto.name, proto.source or "upload", captured_at, dict(proto.tags))


def _maps(proto: intake_pb2.ImportPredictionsRequest) -> ImportedMaps:
    maps = tuple((version_ref(item.version), item.label_map) for item in proto.maps)
    return ImportedMaps(proto.image_id, maps, proto.name, proto.source or "import")


def _accepted(accepted: Accepted) -> intake_pb2.UploadImageResponse:
    return intake_pb2.UploadImageResponse(
        image_id=accepted.image_id, duplicate=accepted.duplicate, random_lane=accepted.random_lane
    )


def _after(token: str) -> int:
    if not token:
        return 0
    if not (token.isascii() and token.isdigit() and len(token) < 19):
        raise InvalidInput(f"page_token {token[:40]!r} is none that was handed out", field="page_token")
    return int(token)
