"""Messages of the Models service."""

from madseg.client.decode.common import to_role
from madseg.client.values.models import Model, VersionInfo
from madseg.v1 import models_pb2


def to_model(message: models_pb2.Model) -> Model:
    """The model of a message."""
    return Model(
        message.name,
        to_role(message.role),
        tuple(message.serving),
        tuple(map(_version, message.versions)),
        message.description,
        message.imported,
    )


def _version(message: models_pb2.ModelVersionInfo) -> VersionInfo:
    return VersionInfo(
        message.version,
        message.created,
        message.sha256,
        tuple(message.covers),
        message.has_entropy,
        message.bytes,
    )
