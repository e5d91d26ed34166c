"""Topics of a broker: what is there, what is wanted, and what to do about a difference."""

from dataclasses import dataclass
from typing import Any

from madseg.adapters.streams.kafka_client import ConfigResource, ConfigResourceType, errors, meant
from madseg.adapters.streams.kafka_url import Options
from madseg.core.errors import Conflict
from madseg.ports import Topic

MAX_MESSAGE_BYTES = 1_048_588
"""The broker's own default, of a batch with its overhead: room for the largest record there is."""

DAY_MS = 24 * 3600 * 1000

APPLY = "`madseg topics apply`"


@dataclass(frozen=True)
class Found:
    """A topic as the broker has it. `replicas` is that of the partition with the fewest."""

    topic_id: str
    partitions: int
    replicas: int


def find(admin: Any, name: str) -> Found | None:
    """The topic of this name; None where there is none. Raises the client's errors."""
    (told,) = admin.describe_topics([name])
    error = errors.for_code(told["error_code"])
    if error is errors.UnknownTopicOrPartitionError:
        return None
    if error is not errors.NoError:
        raise error(name)
    partitions = told["partitions"]
    replicas = min((len(partition["replica_nodes"]) for partition in partitions), default=0)
    return Found(str(told["topic_id"]), len(partitions), replicas)


def wanted_settings(topic: Topic, options: Options) -> dict[str, str]:
    """The broker's settings that make a topic what the product wants; what isn't here is the broker's choice."""
    policies = ["compact"] if topic.compacted else []
    if topic.retention_hours is not None or not topic.compacted:
        policies.append("delete")
    kept = -1 if topic.retention_hours is None else topic.retention_hours * 3600 * 1000
    settings = {
        "cleanup.policy": ",".join(policies),
        "retention.ms": str(kept),
        "retention.bytes": "-1",
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "min.insync.replicas": str(options.min_insync),
        "unclean.leader.election.enable": "false",
        "compression.type": "producer",
    }
    if topic.compacted:
        # What was forgotten or overtaken is gone within two days, however little is published.
        settings |= {"max.compaction.lag.ms": str(DAY_MS), "delete.retention.ms": str(DAY_MS)}
    return settings


def differing(admin: Any, topic: Topic, options: Options) -> dict[str, tuple[str, str]]:
    """Per setting that isn't as wanted, what it is and what is wanted. Raises the client's errors."""
    wanted = wanted_settings(topic, options)
    resource = ConfigResource(ConfigResourceType.TOPIC, topic.name, list(wanted))
    told = admin.describe_configs([resource], config_filter="all")["topic"][topic.name]
    found = {name: str(told[name]["value"]) for name in wanted if name in told}
    return {name: (value, wanted[name]) for name, value in found.items() if not _suffices(name, value, wanted[name])}


def make(admin: Any, topic: Topic, options: Options) -> bool:
    """Makes a topic; False where another process has made it meanwhile. Raises the client's errors."""
    described = {
        "num_partitions": topic.partitions,
        "replication_factor": options.replication or -1,
        "configs": wanted_settings(topic, options),
    }
    try:
        admin.create_topics({topic.name: described}, wait_for_metadata=True)
    except errors.TopicAlreadyExistsError:
        admin.wait_for_topics([topic.name])
        return False
    return True


def bring_in_line(admin: Any, topic: Topic, options: Options) -> None:
    """Gives a topic the settings that differ.

    Raises:
        Conflict: the broker refuses one; the client's errors beside that.
    """
    settings = {name: value for name, (_, value) in differing(admin, topic, options).items()}
    if settings:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic.name, settings)
        told = admin.alter_configs([resource])["topic"][topic.name]
        if told != "OK":
            raise Conflict(f"the settings of topic {topic.name} can't be changed to {settings}: {told}")


def check_shape(topic: Topic, found: Found, options: Options) -> None:
    """Raises Conflict for what no setting puts right: other partitions, too few replicas."""
    if found.partitions != topic.partitions:
        raise Conflict(
            f"topic {topic.name} has {found.partitions} partitions, {topic.partitions} are wanted: the number can't "
            "change, since records with one key would move. Set MADSEG_PARTITIONS back; where partitions were added, "
            "start anew under another MADSEG_PREFIX"
        )
    if found.replicas < options.replication:
        raise Conflict(
            f"topic {topic.name} has {found.replicas} replicas of a partition, {options.replication} are wanted: add "
            "them with kafka-reassign-partitions, or lower `replication` in MADSEG_STREAM"
        )


def check_settings(topic: Topic, different: dict[str, tuple[str, str]]) -> None:
    """Raises Conflict where settings differ."""
    if different:
        each = "; ".join(f"{name} is {found}, wanted {value}" for name, (found, value) in different.items())
        raise Conflict(f"topic {topic.name} is set otherwise: {each}. Put it right with {APPLY}")


def refused(error: Exception, topic: Topic) -> Exception:
    """The error of a topic that can't be made, with the way out where we may not."""
    made = meant(error, f"topic {topic.name} can't be made")
    return Conflict(f"{made}. Have it made by {APPLY} with a user who may") if isinstance(made, Conflict) else made


def _suffices(name: str, found: str, wanted: str) -> bool:
    if name in ("max.message.bytes", "min.insync.replicas"):
        return int(found) >= int(wanted)
    if name == "cleanup.policy":
        return set(found.split(",")) == set(wanted.split(","))
    return found == wanted
