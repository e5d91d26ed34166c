"""Times, versions and roles: what records, requests and answers are made of."""

from datetime import UTC, datetime
from functools import lru_cache

from google.protobuf.timestamp_pb2 import Timestamp

from madseg.core.errors import InvalidInput
from madseg.core.messages import Role, VersionRef, checked_model_name
from madseg.v1 import types_pb2


def timestamp(moment: datetime) -> Timestamp:
    """A protobuf timestamp; `moment` must have a time zone."""
    result = Timestamp()
    result.FromDatetime(moment.astimezone(UTC))
    return result


def stamp(micros: int) -> Timestamp:
    """A protobuf timestamp of microseconds since 1970, as tables have times."""
    result = Timestamp()
    result.FromMicroseconds(micros)
    return result


def moment(stamp: Timestamp, field: str) -> datetime:
    """A datetime in UTC; `field` is where it stands in the message.

    Raises:
        InvalidInput: no time of the years 1 to 9999.
    """
    try:
        return stamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        name = field.rpartition(".")[2]
        raise InvalidInput(f"{name} is no time of the years 1 to 9999: {error}", field=field) from error


def version_proto(ref: VersionRef) -> types_pb2.ModelVersion:
    """A version as its protobuf."""
    return types_pb2.ModelVersion(model=ref.model, version=ref.version)


def version_ref(proto: types_pb2.ModelVersion) -> VersionRef:
    """The version that a protobuf names.

    Raises:
        InvalidInput: no valid model name, or version 0.
    """
    return _version_ref(proto.model, proto.version)


@lru_cache(maxsize=1024)
def _version_ref(model: str, version: int) -> VersionRef:
    """Cached: every record names the same few versions."""
    if version < 1:
        raise InvalidInput(f"a version number must be at least 1, got {version}", field="version")
    return VersionRef(checked_model_name(model), version)


_ROLES = {
    Role.TARGET: types_pb2.MODEL_ROLE_TARGET,
    Role.COMPETITOR: types_pb2.MODEL_ROLE_COMPETITOR,
    Role.RETIRED: types_pb2.MODEL_ROLE_RETIRED,
}


def role_proto(value: Role) -> types_pb2.ModelRole.ValueType:
    """A role as its protobuf."""
    return _ROLES[value]


def role(proto: types_pb2.ModelRole.ValueType) -> Role:
    """The role that a protobuf names.

    Raises:
        InvalidInput: unspecified or unknown.
    """
    for value, known in _ROLES.items():
        if known == proto:
            return value
    raise InvalidInput("a role must be target, competitor or retired", field="role")
