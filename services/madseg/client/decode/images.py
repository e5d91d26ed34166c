"""Messages of intake."""

from collections.abc import Iterable

from madseg.client.decode.common import from_version, to_moment, to_timestamp
from madseg.client.decode.fill import fill
from madseg.client.errors import InvalidArgument
from madseg.client.values.common import Box, Size
from madseg.client.values.images import (
    Accepted,
    Image,
    ImportedMaps,
    IntakeStatus,
    Receipt,
    Refused,
    Upload,
)
from madseg.v1 import intake_pb2

MAX_PICTURE_BYTES = 64 << 20
"""Largest file that intake takes, whatever it is set to: MADSEG_MAX_BYTES may be smaller."""


def from_upload(upload: Upload) -> intake_pb2.ImageUpload:
    """The message of a picture.

    Raises:
        InvalidArgument: it is larger than any service takes, or no message can hold what is said of it.
    """
    if len(upload.content) > MAX_PICTURE_BYTES:
        told = f"a picture must have at most {MAX_PICTURE_BYTES} bytes, got {len(upload.content)}"
        raise InvalidArgument(told, field="content")
    return fill(
        intake_pb2.ImageUpload,
        content=upload.content,
        name=upload.name,
        source=upload.source,
        captured_at=to_timestamp(upload.captured_at, "captured_at"),
        tags=dict(upload.tags),
    )


def from_imported(item: ImportedMaps) -> intake_pb2.ImportPredictionsRequest:
    """The message of an image's label maps."""
    kind = intake_pb2.ImportedMap
    maps = [fill(kind, version=from_version(each.version), label_map=each.label_map) for each in item.maps]
    return fill(
        intake_pb2.ImportPredictionsRequest, image_id=item.image_id, name=item.name, maps=maps, source=item.source
    )


def to_accepted(message: intake_pb2.UploadImageResponse, name: str) -> Accepted:
    """The image that is in."""
    return Accepted(name, message.image_id, message.duplicate, message.random_lane)


def upload_outcome(item: Upload, message: intake_pb2.UploadImagesResponse) -> Accepted | Refused:
    """What became of one picture of a stream."""
    if message.HasField("refused"):
        return Refused(message.refused.name or item.name, message.refused.reason)
    return to_accepted(message.accepted, item.name)


def import_outcome(item: ImportedMaps, message: intake_pb2.ImportPredictionsResponse) -> Accepted | Refused:
    """What became of one image's label maps."""
    if message.HasField("refused"):
        return Refused(message.refused.name or item.name, message.refused.reason)
    return Accepted(item.name, message.image_id)


def to_image(message: intake_pb2.GetImageResponse) -> Image:
    """What is known of an image."""
    size, crop = message.original_size, message.crop
    return Image(
        message.image_id,
        message.name,
        Size(size.height, size.width),
        Box(crop.left, crop.top, crop.width, crop.height),
        message.grid_id,
        message.source,
        to_moment(message.captured_at),
        to_moment(message.accepted_at),
        dict(message.tags),
        message.random_lane,
    )


def to_intake_status(message: intake_pb2.GetIntakeStatusResponse) -> IntakeStatus:
    """Counts of what came in."""
    return IntakeStatus(message.accepted, message.random_lane, message.forgotten, message.duplicates, message.refused)


def to_receipt(image_id: str, gone: Iterable[str], later: Iterable[str], stays: Iterable[str]) -> Receipt:
    """What forgetting did."""
    return Receipt(image_id, tuple(gone), tuple(later), tuple(stays))
