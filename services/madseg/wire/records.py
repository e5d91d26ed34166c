"""The bytes of the stream's records: `encode_...` and `decode_...` for what each topic carries, and text for people."""

from typing import TypeVar

from google.protobuf import text_format
from google.protobuf.message import DecodeError, Message

from madseg.core.errors import InvalidInput, Poison
from madseg.core.messages import (
    ImageAccepted,
    ImageFacts,
    ModelEvent,
    Prediction,
    PredictionFailure,
    PredictionRequested,
    PredictionsMade,
    RoleChanged,
    VersionPublished,
    checked_image_id,
    checked_model_name,
)
from madseg.core.preprocess import PERCEPTUAL_HASH_VERSION, Box, Size
from madseg.v1 import events_pb2, types_pb2
from madseg.wire.values import moment, role, role_proto, timestamp, version_proto, version_ref

M = TypeVar("M", bound=Message)

MAX_RECORD_BYTES = 900_000
"""Records larger than this are split by model before publishing: brokers refuse more than about a megabyte."""


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
