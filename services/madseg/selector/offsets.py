"""Where the selector stands in the stream, kept with the effect so that both move in one transaction.

With the offsets stand the cluster's id, the topic's id and the number of partitions: offsets of another cluster, of a
topic made anew or of another partitioning are lies, and believing them would skip images without a word.
"""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update

from madseg.core.errors import Conflict
from madseg.ports import TopicIdentity
from madseg.selector.tables import COUNTERS, OFFSETS, PROJECT
from madseg.selector.upsert import insert_absent, upsert

PARTITION_BITS = 40
"""Numbers of partition p begin at p * 2**40: a million million images each."""


def check_identity(tx: Connection, topic: str, identity: TopicIdentity) -> None:
    """Makes the offset rows of a topic at its first use, and refuses a topic that isn't the one they were made for.

    Raises:
        Conflict: another cluster, another topic of that name, or another number of partitions.
    """
    for known in _identities(tx, topic):
        if known != identity:
            raise Conflict(
                f"the selector's offsets of {topic} belong to {known}, the stream now has {identity}. "
                "Point MADSEG_STREAM at the old stream, or start with an empty selector database and a stream "
                "that still has all predictions"
            )
    _begin(tx, topic, identity)


def follow_identity(tx: Connection, topic: str, identity: TopicIdentity) -> None:
    """Makes the offset rows of a topic at its first use, and begins at its start where it isn't the one they were made
    for. This is for the topic of models: whatever is on a new one has been said anew, and repeats what holds."""
    if _identities(tx, topic) - {identity}:
        bump(tx, "edits", sum(standing(tx, topic).values()))  # the revision doesn't fall
        tx.execute(delete(OFFSETS).where(OFFSETS.c.topic == topic))
    _begin(tx, topic, identity)


def check_project(tx: Connection, taxonomy_id: str, grid: str) -> None:
    """Notes the project's taxonomy and grid at the first use, and refuses others later.

    Raises:
        Conflict: the stored label maps are of another taxonomy or grid.
    """
    row = tx.execute(select(PROJECT)).one_or_none()
    if row is None:
        tx.execute(insert(PROJECT).values(taxonomy_id=taxonomy_id, grid=grid))
    elif (row.taxonomy_id, row.grid) != (taxonomy_id, grid):
        raise Conflict(
            f"the selector's database holds label maps of taxonomy {row.taxonomy_id} on grid {row.grid}, the settings "
            f"say {taxonomy_id} on {grid}: set MADSEG_TAXONOMY and MADSEG_GRID back, or start another state directory"
        )


def next_offset(tx: Connection, topic: str, partition: int) -> int:
    """The first offset that isn't in yet."""
    return int(tx.execute(select(OFFSETS.c.next).where(_row(topic, partition))).scalar_one())


def held_offset(tx: Connection, topic: str, partition: int) -> int:
    """The first offset that isn't in yet. Nobody else moves it until the transaction's end: this is the fence against
    a consumer that was paused past its session and still holds records."""
    return int(tx.execute(select(OFFSETS.c.next).where(_row(topic, partition)).with_for_update()).scalar_one())


def advance(tx: Connection, topic: str, partition: int, to: int) -> bool:
    """Moves past every record before `to`, never back; False where that was so already."""
    behind = _row(topic, partition) & (OFFSETS.c.next < to)
    return tx.execute(update(OFFSETS).where(behind).values(next=to)).rowcount == 1


def new_numbers(tx: Connection, topic: str, partition: int, images: int) -> range:
    """Numbers for images that come in for the first time: growing within a partition, and no other partition's."""
    grown = update(OFFSETS).where(_row(topic, partition)).values(images=OFFSETS.c.images + images)
    grown = grown.returning(OFFSETS.c.images)
    end = first_number(partition) + int(tx.execute(grown).scalar_one())
    return range(end - images, end)


def numbers(tx: Connection, topic: str) -> dict[int, range]:
    """The numbers given to images so far, per partition."""
    rows = tx.execute(select(OFFSETS.c.partition, OFFSETS.c.images).where(OFFSETS.c.topic == topic))
    return {row.partition: range(first := first_number(row.partition), first + row.images) for row in rows}


def first_number(partition: int) -> int:
    """The number of the first image of a partition."""
    return (partition << PARTITION_BITS) + 1


def standing(tx: Connection, topic: str) -> dict[int, int]:
    """The first offset that isn't in yet, per partition."""
    rows = tx.execute(
        select(OFFSETS.c.partition, OFFSETS.c.next).where(OFFSETS.c.topic == topic).order_by(OFFSETS.c.partition)
    )
    return {row.partition: row.next for row in rows}


def behind(offsets: Mapping[int, int], ends: Mapping[int, int]) -> int:
    """Records that wait in the stream, which ends at `ends`; of partitions without an offset all do."""
    return sum(max(0, end - offsets.get(partition, 0)) for partition, end in ends.items())


def revision(tx: Connection) -> int:
    """A number that grows with every change of the selector's state: records absorbed plus edits."""
    absorbed = tx.execute(select(func.coalesce(func.sum(OFFSETS.c.next), 0))).scalar_one()
    return int(absorbed) + counter(tx, "edits")


def counter(tx: Connection, name: str) -> int:
    """The value of a counter; 0 before it was first bumped."""
    return int(tx.execute(select(COUNTERS.c.value).where(COUNTERS.c.name == name)).scalar_one_or_none() or 0)


def bump(tx: Connection, name: str, by: int = 1) -> None:
    """Adds to a counter."""
    upsert(tx, COUNTERS, [{"name": name, "value": by}], update=(), add=("value",))


def _identities(tx: Connection, topic: str) -> set[TopicIdentity]:
    """What the offset rows of a topic were made for; nothing where there are none."""
    rows = tx.execute(
        select(OFFSETS.c.cluster_id, OFFSETS.c.topic_id, OFFSETS.c.partitions).where(OFFSETS.c.topic == topic)
    )
    return {TopicIdentity(*row) for row in rows}


def _begin(tx: Connection, topic: str, identity: TopicIdentity) -> None:
    """Makes the offset rows that aren't there."""
    fresh = {
        "topic": topic,
        "next": 0,
        "images": 0,
        "cluster_id": identity.cluster_id,
        "topic_id": identity.topic_id,
        "partitions": identity.partitions,
    }
    insert_absent(tx, OFFSETS, [{**fresh, "partition": n} for n in range(identity.partitions)])


def _row(topic: str, partition: int) -> ColumnElement[bool]:
    return and_(OFFSETS.c.topic == topic, OFFSETS.c.partition == partition)
