"""Between the core and protobuf: the stream's topics, the bytes of their records, and the messages that all APIs share.

Each topic has a function that names it, and `encode_...` and `decode_...` for its records; nothing above this module
sees a protobuf of an event. Times, versions and roles are also what requests and answers are made of.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

from google.protobuf import text_format
from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp

from madseg.core.errors import InvalidInput, Poison
from madseg.core.messages import (
    ImageAccepted,
    ImageFacts,
    ModelEvent,
    Prediction,
    PredictionFailure,
    PredictionRequested,
    PredictionsMade,
    Role,
    RoleChanged,
    VersionPublished,
    VersionRef,
    checked_image_id,
    checked_model_name,
)
from madseg.core.preprocess import PERCEPTUAL_HASH_VERSION, Box, Size
from madseg.ports import Topic
from madseg.v1 import events_pb2, types_pb2

M = TypeVar("M", bound=Message)

MAX_RECORD_BYTES = 900_000
"""Records larger than this are split by model before publishing: brokers refuse more than about a megabyte."""


def images_topic(prefix: str, partitions: int) -> Topic:
    """Key image id, value ImageAccepted; a tombstone says the image is forgotten."""
    return Topic(f"{prefix}.images", partitions, compacted=True)


def predictions_topic(prefix: str, partitions: int) -> Topic:
    """Key image id, value PredictionsMade; the selector's database is the store, so a week is plenty."""
    return Topic(f"{prefix}.predictions", partitions, retention_hours=7 * 24)


def requests_topic(prefix: str, partitions: int) -> Topic:
    """Key image id, value PredictionRequested; a month, so that the predictor may be away for a while."""
    return Topic(f"{prefix}.requests", partitions, retention_hours=30 * 24)


def live_group(prefix: str) -> str:
    """The consumer group that asks every version about images as they come."""
    return f"{prefix}.live"


def replay_group(prefix: str) -> str:
    """The consumer group that asks single versions about images that are in already."""
    return f"{prefix}.replay"


def models_topic(prefix: str) -> Topic:
    """Key `version/<name>/<n>` or `role/<name>`, value ModelEvent. One partition: roles follow their versions."""
    return Topic(f"{prefix}.models", 1, compacted=True)


def dead_topic(topic: str) -> Topic:
    """Where records of `topic` go that no retry can help; a month to look at them."""
    return Topic(f"{topic}.dead", 1, retention_hours=30 * 24)


def topics(prefix: str, partitions: int) -> list[Topic]:
    """Every topic of a deployment."""
    read = [
        images_topic(prefix, partitions),
        requests_topic(prefix, partitions),
        predictions_topic(prefix, partitions),
        models_topic(prefix),
    ]
    return read + [dead_topic(topic.name) for topic in read]


def readable(topic: str, value: bytes) -> str:
    """The value of a record for people: its fields as text, bytes cut short. Whatever it isn't is told instead."""
    kinds: dict[str, type[Message]] = {
        "images": events_pb2.ImageAccepted,
        "requests": events_pb2.PredictionRequested,
        "predictions": events_pb2.PredictionsMade,
        "models": events_pb2.ModelEvent,
    }
    kind = kinds.get(topic.rpartition(".")[2])
    try:
        if kind is not None and value:
            return _shortened(text_format.MessageToString(_parsed(kind(), value)))
    except Poison:
        pass
    beginning = value[:64].hex(" ")
    return f"{len(value)} bytes{': ' if value else ''}{beginning}{' ...' if len(value) > 64 else ''}"


def _shortened(text: str) -> str:
    """Lines of a protobuf's text, each cut where it would fill the screen."""
    return "\n".join(
        f"{line[:160]} ... {len(line)} characters" if len(line) > 200 else line for line in text.splitlines()
    )


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


def encode_image(event: ImageAccepted) -> bytes:
    """The record's value for an accepted image."""
    proto = events_pb2.ImageAccepted(
        sha256=event.sha256,
        original_uri=event.original_uri,
        canonical_uri=event.canonical_uri,
        original_size=types_pb2.Size(height=event.original_size.height, width=event.original_size.width),
        crop=types_pb2.Box(left=event.crop.left, top=event.crop.top, width=event.crop.width, height=event.crop.height),
        grid_id=event.grid_id,
    )
    _set_facts(proto, event.image)
    return proto.SerializeToString(deterministic=True)


def decode_image(value: bytes) -> ImageAccepted:
    """The accepted image of a record.

    Raises:
        Poison: it is no such record.
    """
    proto = _parsed(events_pb2.ImageAccepted(), value)
    try:
        return ImageAccepted(
            image=_facts(proto),
            sha256=proto.sha256,
            original_uri=proto.original_uri,
            canonical_uri=proto.canonical_uri,
            original_size=Size(proto.original_size.height, proto.original_size.width),
            crop=Box(proto.crop.left, proto.crop.top, proto.crop.width, proto.crop.height),
            grid_id=proto.grid_id,
        )
    except InvalidInput as error:
        raise Poison(f"not an accepted image: {error}") from error


def encode_predictions(event: PredictionsMade) -> list[bytes]:
    """The records' values for the predictions of one image: one, or several where one would be too large.

    Without outcomes, one that says nobody was asked: the image is known, and what it lacks can be queued.
    """
    parts = [_predictions_head(event.image)]
    size = 0
    for outcome in event.outcomes:
        proto = _outcome_proto(outcome)
        size += proto.ByteSize() + 8
        if size > MAX_RECORD_BYTES and parts[-1].predictions:
            parts.append(_predictions_head(event.image))
            size = proto.ByteSize() + 8
        parts[-1].predictions.append(proto)
    return [part.SerializeToString(deterministic=True) for part in parts]


def decode_predictions(value: bytes) -> PredictionsMade:
    """The predictions of a record. The label maps stay in their wire form, unread.

    Raises:
        Poison: it is no such record.
    """
    proto = _parsed(events_pb2.PredictionsMade(), value)
    try:
        return PredictionsMade(_facts(proto), tuple(_outcome(item) for item in proto.predictions))
    except InvalidInput as error:
        raise Poison(f"not predictions: {error}") from error


def encode_request(event: PredictionRequested) -> bytes:
    """The record's value for versions that are to be asked about an image."""
    proto = events_pb2.PredictionRequested(versions=[version_proto(ref) for ref in event.versions])
    _set_facts(proto, event.image)
    return proto.SerializeToString(deterministic=True)


def decode_request(value: bytes) -> PredictionRequested:
    """The request of a record.

    Raises:
        Poison: it is no such record.
    """
    proto = _parsed(events_pb2.PredictionRequested(), value)
    try:
        return PredictionRequested(_facts(proto), tuple(version_ref(item) for item in proto.versions))
    except InvalidInput as error:
        raise Poison(f"not a request for predictions: {error}") from error


def encode_model_event(event: ModelEvent) -> tuple[str, bytes]:
    """Key and value of the record for a model event."""
    if isinstance(event, RoleChanged):
        changed = events_pb2.ModelRoleChanged(model=event.model, role=role_proto(event.role), serving=event.serving)
        return f"role/{event.model}", events_pb2.ModelEvent(role_changed=changed).SerializeToString(deterministic=True)
    published = events_pb2.ModelVersionPublished(
        version=version_proto(event.ref),
        covers=event.covers,
        taxonomy_id=event.taxonomy_id,
        grid=types_pb2.Size(height=event.grid.height, width=event.grid.width),
        has_entropy=event.has_entropy,
        sha256=event.sha256,
        parent=version_proto(event.parent) if event.parent else None,
        card=event.card,
    )
    value = events_pb2.ModelEvent(version_published=published).SerializeToString(deterministic=True)
    return f"version/{event.ref}", value


def decode_model_event(value: bytes) -> ModelEvent:
    """The model event of a record.

    Raises:
        Poison: it is no such record.
    """
    proto = _parsed(events_pb2.ModelEvent(), value)
    try:
        match proto.WhichOneof("event"):
            case "role_changed":
                changed = proto.role_changed
                return RoleChanged(checked_model_name(changed.model), role(changed.role), tuple(changed.serving))
            case "version_published":
                published = proto.version_published
                return VersionPublished(
                    ref=version_ref(published.version),
                    covers=tuple(published.covers),
                    taxonomy_id=published.taxonomy_id,
                    grid=Size(published.grid.height, published.grid.width),
                    has_entropy=published.has_entropy,
                    sha256=published.sha256,
                    parent=version_ref(published.parent) if published.HasField("parent") else None,
                    card=published.card,
                )
            case _:
                raise Poison("not a model event: neither a version nor a role")
    except InvalidInput as error:
        raise Poison(f"not a model event: {error}") from error


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


def _parsed(proto: M, value: bytes) -> M:
    try:
        proto.ParseFromString(value)
    except DecodeError as error:
        raise Poison(f"not a {proto.DESCRIPTOR.name}: {error}") from error
    return proto


AboutImage = events_pb2.ImageAccepted | events_pb2.PredictionsMade | events_pb2.PredictionRequested
"""The messages that carry the facts of an image, in fields of the same names."""


def _facts(proto: AboutImage) -> ImageFacts:
    current = proto.HasField("perceptual_hash") and proto.perceptual_hash_version == PERCEPTUAL_HASH_VERSION
    return ImageFacts(
        image_id=checked_image_id(proto.image_id),
        perceptual_hash=proto.perceptual_hash if current else None,
        source=proto.source,
        captured_at=moment(proto.captured_at, "captured_at"),
        tags=dict(proto.tags),
        random_lane=proto.random_lane,
        accepted_at=moment(proto.accepted_at, "accepted_at") if proto.HasField("accepted_at") else None,
    )


def _set_facts(proto: AboutImage, facts: ImageFacts) -> None:
    proto.image_id, proto.source, proto.random_lane = facts.image_id, facts.source, facts.random_lane
    proto.perceptual_hash_version = PERCEPTUAL_HASH_VERSION
    if facts.perceptual_hash is not None:
        proto.perceptual_hash = facts.perceptual_hash
    proto.captured_at.CopyFrom(timestamp(facts.captured_at))
    if facts.accepted_at is not None:
        proto.accepted_at.CopyFrom(timestamp(facts.accepted_at))
    proto.tags.update(facts.tags)


def _predictions_head(facts: ImageFacts) -> events_pb2.PredictionsMade:
    proto = events_pb2.PredictionsMade()
    _set_facts(proto, facts)
    return proto


def _outcome_proto(outcome: Prediction | PredictionFailure) -> events_pb2.Prediction:
    version = version_proto(outcome.version)
    if isinstance(outcome, PredictionFailure):
        return events_pb2.Prediction(version=version, failure=events_pb2.PredictionFailure(reason=outcome.reason))
    segmentation = events_pb2.Segmentation(label_map=outcome.label_map, mean_entropy=outcome.mean_entropy)
    return events_pb2.Prediction(version=version, segmentation=segmentation)


def _outcome(proto: events_pb2.Prediction) -> Prediction | PredictionFailure:
    ref = version_ref(proto.version)
    match proto.WhichOneof("outcome"):
        case "segmentation":
            said = proto.segmentation
            return Prediction(ref, said.label_map, said.mean_entropy if said.HasField("mean_entropy") else None)
        case "failure":
            return PredictionFailure(ref, proto.failure.reason)
        case _:
            raise InvalidInput(f"{ref} has neither a label map nor a failure")
