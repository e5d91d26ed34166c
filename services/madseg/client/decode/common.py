"""Times, versions, contests and filters."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from madseg.client.decode.fill import fill
from madseg.client.errors import InvalidArgument
from madseg.client.values.common import Contest, ContestState, Defender, ImageFilter, Role, Version
from madseg.v1 import selector_pb2, types_pb2

_STATES = {
    types_pb2.CONTEST_STATE_FILLING: ContestState.FILLING,
    types_pb2.CONTEST_STATE_COMPLETE: ContestState.COMPLETE,
    types_pb2.CONTEST_STATE_RETIRED: ContestState.RETIRED,
}
_DEFENDERS = {Defender.TARGET: types_pb2.DEFENDER_TARGET, Defender.COMPETITOR: types_pb2.DEFENDER_COMPETITOR}
_ROLES = {
    Role.TARGET: types_pb2.MODEL_ROLE_TARGET,
    Role.COMPETITOR: types_pb2.MODEL_ROLE_COMPETITOR,
    Role.RETIRED: types_pb2.MODEL_ROLE_RETIRED,
}


def to_timestamp(moment: datetime | None, field: str) -> Timestamp | None:
    """The message of a moment.

    Raises:
        InvalidArgument: it has no time zone, or is no time of the years 1 to 9999 in UTC.
    """
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise InvalidArgument(f"{field} must have a time zone, got {moment.isoformat()}", field=field)
    stamp = Timestamp()
    try:
        stamp.FromDatetime(moment)
    except OverflowError as error:
        words = f"{field} must be a time of the years 1 to 9999 in UTC, got {moment.isoformat()}"
        raise InvalidArgument(words, field=field) from error
    return stamp


def to_moment(stamp: Timestamp) -> datetime | None:
    """The moment in UTC of a message; None for one that was never set."""
    return stamp.ToDatetime(tzinfo=UTC) if stamp.seconds or stamp.nanos else None


def to_version(message: types_pb2.ModelVersion) -> Version:
    """The version of a message."""
    return Version(message.model, message.version)


def from_version(version: str | Version | None) -> types_pb2.ModelVersion | None:
    """The message of a version; None stays unset."""
    if version is None:
        return None
    found = Version.of(version)
    return fill(types_pb2.ModelVersion, model=found.model, version=found.version)


def to_defender(value: types_pb2.Defender.ValueType) -> Defender:
    """The defender of an enum value."""
    return Defender.COMPETITOR if value == types_pb2.DEFENDER_COMPETITOR else Defender.TARGET


def from_defender(defender: str | Defender | None) -> types_pb2.Defender.ValueType:
    """The enum value of a defender; None is either.

    Raises:
        InvalidArgument: it is neither "target" nor "competitor".
    """
    if defender is None:
        return types_pb2.DEFENDER_UNSPECIFIED
    try:
        return _DEFENDERS[Defender(defender)]
    except ValueError:
        raise InvalidArgument(f"defender must be target or competitor, got {defender!r}", field="defender") from None


def from_role(role: str | Role) -> types_pb2.ModelRole.ValueType:
    """The enum value of a role.

    Raises:
        InvalidArgument: it is not "target", "competitor" or "retired".
    """
    try:
        return _ROLES[Role(role)]
    except ValueError:
        raise InvalidArgument(f"role must be {', '.join(Role)}, got {role!r}", field="role") from None


def to_role(value: types_pb2.ModelRole.ValueType) -> Role | None:
    """The role of an enum value; None for one that isn't said."""
    return next((role for role, known in _ROLES.items() if known == value), None)


def to_contest(message: types_pb2.Contest) -> Contest:
    """The contest of a message."""
    return Contest(
        to_version(message.target),
        to_version(message.competitor),
        _STATES.get(message.state, ContestState.UNKNOWN),
        message.compared,
        message.failed,
        message.missing,
    )


def from_filter(images: ImageFilter | None) -> types_pb2.ImageFilter | None:
    """The message of a filter; None stays unset."""
    if images is None:
        return None
    return fill(
        types_pb2.ImageFilter,
        captured_from=to_timestamp(images.since, "since"),
        captured_until=to_timestamp(images.until, "until"),
        source=images.source,
        tags=dict(images.tags),
    )


def ranking_key(
    target: str | Version, competitor: str | Version, defender: str | Defender, class_name: str
) -> selector_pb2.RankingKey:
    """The message that names one ranking."""
    return fill(
        selector_pb2.RankingKey,
        target=from_version(target),
        competitor=from_version(competitor),
        defender=from_defender(defender),
        class_name=class_name,
    )
