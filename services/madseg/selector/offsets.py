"""Where the selector stands in the stream, kept with the effect so that both move in one transaction.

With the offsets stand the cluster's id, the topic's id and the number of partitions: offsets of another cluster, of a
topic made anew or of another partitioning are lies, and believing them would skip images without a word.
"""

from sqlalchemy import Connection, func, insert, select, update

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
    rows = tx.execute(select(OFFSETS).where(OFFSETS.c.topic == topic)).all()
    for row in rows:
        known = TopicIdentity(row.cluster_id, row.topic_id, row.partitions)
        if known != identity:
            raise Conflict(
                f"the selector's offsets of {topic} belong to {known}, the stream now has {identity}. "
                "Point MADSEG_STREAM at the old stream, or start with an empty selector database and a stream "
                "that still has all predictions"
            )
    if not rows:
        fresh = {
            "topic": topic,
            "next": 0,
            "images": 0,
            "cluster_id": identity.cluster_id,
            "topic_id": identity.topic_id,
        }
        insert_absent(
            tx,
            OFFSETS,
            [{**fresh, "partition": n, "partitions": identity.partitions} for n in range(identity.partitions)],
        )


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
    """The first offset that isn't in yet. In a write transaction the row is locked until its end: this is the fence
    against a consumer that was paused past its session and still holds records."""
    where = (OFFSETS.c.topic == topic) & (OFFSETS.c.partition == partition)
    return int(tx.execute(select(OFFSETS.c.next).where(where).with_for_update()).scalar_one())


def advance(tx: Connection, topic: str, partition: int, to: int) -> None:
    """Moves past every record before `to`; never back."""
    where = (OFFSETS.c.topic == topic) & (OFFSETS.c.partition == partition) & (OFFSETS.c.next < to)
    tx.execute(update(OFFSETS).where(where).values(next=to))


def new_numbers(tx: Connection, topic: str, partition: int, images: int) -> range:
    """Numbers for images that come in for the first time: growing within a partition, and no other partition's."""
    where = (OFFSETS.c.topic == topic) & (OFFSETS.c.partition == partition)
    grown = update(OFFSETS).where(where).values(images=OFFSETS.c.images + images).returning(OFFSETS.c.images)
    end = (partition << PARTITION_BITS) + int(tx.execute(grown).scalar_one()) + 1
    return range(end - images, end)


def standing(tx: Connection, topic: str) -> dict[int, int]:
    """The first offset that isn't in yet, per partition."""
    rows = tx.execute(
        select(OFFSETS.c.partition, OFFSETS.c.next).where(OFFSETS.c.topic == topic).order_by(OFFSETS.c.partition)
    )
    return {row.partition: row.next for row in rows}


def revision(tx: Connection) -> int:
    """A number that grows with every change of the selector's state: records absorbed plus edits."""
    absorbed = tx.execute(select(func.coalesce(func.sum(OFFSETS.c.next), 0))).scalar_one()
    return int(absorbed) + counter(tx, "edits")


def counter(tx: Connection, name: str) -> int:
    """The value of a counter; 0 before it was first bumped."""
    return int(tx.execute(select(COUNTERS.c.value).where(COUNTERS.c.name == name)).scalar_one_or_none() or 0)


def bump(tx: Connection, name: str) -> None:
    """Adds one to a counter."""
    upsert(tx, COUNTERS, [{"name": name, "value": 1}], update=(), add=("value",))
