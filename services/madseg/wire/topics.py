"""The topics of the stream, and the consumer groups that more than one part knows."""

from madseg.ports import Topic


def images_topic(prefix: str, partitions: int) -> Topic:
    """Key image id, value ImageAccepted; a tombstone says the image is forgotten."""
    return Topic(f"{prefix}.images", partitions, compacted=True)


def predictions_topic(prefix: str, partitions: int) -> Topic:
    """Key image id, value PredictionsMade; the selector's database is the store, so a week is plenty."""
    return Topic(f"{prefix}.predictions", partitions, retention_hours=7 * 24)


def requests_topic(prefix: str, partitions: int) -> Topic:
    """Key image id, value PredictionRequested; a month, so that the predictor may be away for a while."""
    return Topic(f"{prefix}.requests", partitions, retention_hours=30 * 24)


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


def live_group(prefix: str) -> str:
    """The consumer group that asks every version about images as they come."""
    return f"{prefix}.live"


def replay_group(prefix: str) -> str:
    """The consumer group that asks single versions about images that are in already."""
    return f"{prefix}.replay"
