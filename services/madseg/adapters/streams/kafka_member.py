"""What a member of a group does when the group shares out its partitions, and how it behaves in it."""

from collections.abc import Callable
from typing import Any

import structlog

from madseg.adapters.streams.kafka_backlog import Backlog
from madseg.adapters.streams.kafka_client import StickyPartitionAssignor, kafka
from madseg.adapters.streams.kafka_places import Places
from madseg.adapters.streams.kafka_url import Place

log = structlog.get_logger("madseg.stream")

HELD_BYTES = 32 << 20
"""What the backlog of one consumer holds, shared evenly by its partitions: enough to be busy while more is fetched."""


class Rebalances(kafka.ConsumerRebalanceListener):  # type: ignore[misc]
    """Called on the client's own thread, while the reader waits in a poll: nothing here may take long."""

    def __init__(self, client: Any, topic: str, backlog: Backlog, places: Places, commit: Callable[[], None]) -> None:
        self._client, self._topic = client, topic
        self._backlog, self._places, self._commit = backlog, places, commit
        self._member: tuple[str, int] | None = None

    def on_partitions_revoked(self, revoked: set[Any]) -> None:  # noqa: ARG002
        """Before every sharing out, of all partitions: the last moment at which commits are ours to make."""
        self._commit()
        # Where new metadata is the reason, kafka-python 3.0.12 forgets the reason once it has joined, and with it to
        # finish the joining, unless that took less time than one poll.
        self._client._coordinator.request_rejoin()

    def on_partitions_assigned(self, assigned: set[Any]) -> None:
        """What we had and have again goes on as it is, where nobody else can have had it meanwhile: where we took part
        in this sharing as the same member as in the one before. Otherwise it is read from its place.
        """
        told = self._client.group_metadata()
        keep = self._member == (told.member_id, told.generation_id - 1)
        self._member = told.member_id, told.generation_id
        fresh = self._backlog.assign({place.partition for place in assigned}, keep=keep)
        self._places.hold(fresh)
        log.info("partitions_assigned", topic=self._topic, member=told.member_id, new=fresh, all=len(assigned))

    def on_partitions_lost(self, lost: set[Any]) -> None:
        """We were thrown out of the group, and others have what we had."""
        log.warning("partitions_lost", topic=self._topic, partitions=len(lost))
        self._member = None
        self._backlog.lose()


def settings(place: Place, group: str | None) -> dict[str, Any]:
    """How kafka-python's consumer is set."""
    options = place.options
    session = int(1000 * options.session_seconds)
    found = place.connecting() | {
        "group_id": group,
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "fetch_max_bytes": HELD_BYTES // 4,
        # All that was fetched: kafka-python 3.0.12 never gives back the rest of a batch whose partition was paused.
        "max_poll_records": 1 << 30,
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
    }
    if group is not None:
        found |= {
            "group_instance_id": options.instance or None,
            "session_timeout_ms": session,
            "heartbeat_interval_ms": max(100, min(1000, session // 5)),
            "max_poll_interval_ms": 60_000,
            "partition_assignment_strategy": (StickyPartitionAssignor,),
        }
    return found
