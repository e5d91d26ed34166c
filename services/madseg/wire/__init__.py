"""Between the core and protobuf: the stream's topics, the bytes of their records, and the messages that all APIs share.

Nothing above this package sees a protobuf of an event.
"""

from madseg.wire.records import (
    MAX_RECORD_BYTES,
    decode_image,
    decode_model_event,
    decode_predictions,
    decode_request,
    encode_image,
    encode_model_event,
    encode_predictions,
    encode_request,
    readable,
)
from madseg.wire.topics import (
    dead_topic,
    images_topic,
    live_group,
    models_topic,
    predictions_topic,
    replay_group,
    requests_topic,
    topics,
)
from madseg.wire.values import (
    moment,
    role,
    role_proto,
    stamp,
    timestamp,
    version_proto,
    version_ref,
)

__all__ = [
    "MAX_RECORD_BYTES",
    "dead_topic",
    "decode_image",
    "decode_model_event",
    "decode_predictions",
    "decode_request",
    "encode_image",
    "encode_model_event",
    "encode_predictions",
    "encode_request",
    "images_topic",
    "live_group",
    "models_topic",
    "moment",
    "predictions_topic",
    "readable",
    "replay_group",
    "requests_topic",
    "role",
    "role_proto",
    "stamp",
    "timestamp",
    "topics",
    "version_proto",
    "version_ref",
]
