"""The selector's tables, its own and nobody else's.

The truth: `images`, `maps`, `failures`, `pairs`, `exclusions`, `bans`, `offsets`.
Caches over it, which can be made again from it: `leaders` (with the floors in `rankings`), `tallies`,
`ranking_tallies`. Image ids are 16 bytes, times are microseconds since the epoch in UTC.
Within the selector an image goes by its number: numbers grow as images come, so that new rows stand together at the end
of their tables, where random ids would touch a page each.
Tallies are kept per shard (the partition that the rows came from), so that selectors never wait for each other's
counts; their sum over the shards is what counts.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()


def _image_id() -> Column[bytes]:
    return Column("image_id", LargeBinary(16), primary_key=True)


def _number() -> Column[int]:
    return Column("number", BigInteger, primary_key=True, autoincrement=False)


OFFSETS = Table(
    "selector_offsets",
    METADATA,
    Column("topic", String(255), primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next", BigInteger, nullable=False),
    Column("images", BigInteger, nullable=False),
    Column("cluster_id", String(255), nullable=False),
    Column("topic_id", String(255), nullable=False),
    Column("partitions", Integer, nullable=False),
)

"""`next` is the first offset that isn't in yet; `images` is how many images of the partition have got a number."""

COUNTERS = Table(
    "selector_counters",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""`layout` grows when contests, versions or constraints change; `edits` with every change not made by the stream.
`dead_letters` counts records that were put aside.
`horizon` is a time: records of images that were accepted before it are dropped."""

PROJECT = Table(
    "selector_project",
    METADATA,
    Column("taxonomy_id", String(255), primary_key=True),
    Column("grid", String(32), nullable=False),
    Column("metric", String(64)),
    Column("content_constraint", Text),
)
"""One row: the taxonomy and grid that everything stored here is of, the metric by which all selectors compare, and the
id of the content constraint by which all rank, or a word while rankings are made again for another one."""

VERSIONS = Table(
    "selector_versions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("model", String(63), nullable=False),
    Column("version", Integer, nullable=False),
    Column("event", LargeBinary),
    UniqueConstraint("model", "version"),
)
"""`event` is the ModelVersionPublished record; null for a version that has predicted but isn't published yet."""

ROLES = Table(
    "selector_roles",
    METADATA,
    Column("model", String(63), primary_key=True),
    Column("event", LargeBinary, nullable=False),
)

IMAGES = Table(
    "selector_images",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("image_id", LargeBinary(16), nullable=False, unique=True),
    Column("perceptual_hash", BigInteger),
    Column("source", Text, nullable=False),
    Column("captured_at", BigInteger, nullable=False),
    Column("tags", Text, nullable=False),
    Column("random_lane", Boolean, nullable=False),
    Column("stored", Text, nullable=False),
    Column("failed", Text, nullable=False),
    Column("accepted_at", BigInteger),
)
"""`stored` and `failed` are the ids of versions with a map and with a failure, ascending, joined by commas.
`accepted_at` is null where the image's first record is older than the field."""

MAPS = Table(
    "selector_maps",
    METADATA,
    _number(),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("versions", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""One row per record that brought something new: the maps of `versions`, packed by `madseg.selector.packing`."""

FAILURES = Table(
    "selector_failures",
    METADATA,
    _number(),
    Column("version_id", Integer, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
)

TALLIES = Table(
    "selector_tallies",
    METADATA,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("stored", Text, primary_key=True),
    Column("failed", Text, primary_key=True),
    Column("images", BigInteger, nullable=False),
)
"""How many images have just these versions stored and failed."""

CONTESTS = Table(
    "selector_contests",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("target_id", Integer, ForeignKey(VERSIONS.c.id), nullable=False),
    Column("competitor_id", Integer, ForeignKey(VERSIONS.c.id), nullable=False),
    Column("metric", String(64), nullable=False),
    Column("cursor", BigInteger),
    UniqueConstraint("target_id", "competitor_id", "metric"),
)
"""`cursor` is the number of the last image that the backfill has looked at; null when it is through."""

PAIRS = Table(
    "selector_pairs",
    METADATA,
    Column("contest_id", Integer, primary_key=True, autoincrement=False),
    _number(),
    Column("discrepancy", Double, nullable=False),
    Column("areas", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""Without an index by rank: only what reads past a floor wants that order, and sorts."""

RANKINGS = Table(
    "selector_rankings",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("contest_id", Integer, ForeignKey(CONTESTS.c.id), nullable=False),
    Column("defender", String(16), nullable=False),
    Column("label", Integer, nullable=False),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("floor_discrepancy", Double),
    Column("floor_image", LargeBinary(16)),
    UniqueConstraint("contest_id", "defender", "label"),
)
"""`low` and `high` are the bounds of the area share that the leaders were chosen by. The floor is the best entry ever
dropped: every entry that precedes it is in `leaders`. Null: nothing was dropped."""

LEADERS = Table(
    "selector_leaders",
    METADATA,
    Column("ranking_id", Integer, primary_key=True, autoincrement=False),
    Column("discrepancy", Double, primary_key=True),
    Column("image_id", LargeBinary(16), primary_key=True),
    Column("area", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""The key is the order of reading, backwards but for ties; a pair, and so an image, enters a ranking once."""

RANKING_TALLIES = Table(
    "selector_ranking_tallies",
    METADATA,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("ranking_id", Integer, ForeignKey(RANKINGS.c.id), primary_key=True, autoincrement=False),
    Column("images", BigInteger, nullable=False),
    Column("eligible", BigInteger, nullable=False),
    Column("discrepancy_sum", BigInteger, nullable=False),
)
"""Images of the subgroup, those within the constraint, and the sum of their discrepancies in units of 2**-32:
whole numbers, so that the sum doesn't depend on the order."""

SWEEPS = Table(
    "selector_sweeps",
    METADATA,
    Column("version_id", Integer, ForeignKey(VERSIONS.c.id), primary_key=True, autoincrement=False),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("cursor", BigInteger, nullable=False),
    Column("leased_until", BigInteger, nullable=False),
)
"""How far a version has been taken over the images of a partition: `cursor` is the number of the last image looked at.
Until `leased_until` one process is at the images that follow; a later one may take over."""

SWEEP_MARKS = Table(
    "selector_sweep_marks",
    METADATA,
    Column("version_id", Integer, ForeignKey(VERSIONS.c.id), primary_key=True, autoincrement=False),
    Column("taken_at", BigInteger, primary_key=True, autoincrement=False),
    Column("missing", BigInteger, nullable=False),
)
"""How many images lacked a version at times of the last minute, from which its rate is told."""

EXCLUSIONS = Table(
    "selector_exclusions",
    METADATA,
    _image_id(),
    Column("reason", String(200), primary_key=True),
    Column("excluded_at", BigInteger, nullable=False),
)

BANS = Table(
    "selector_bans",
    METADATA,
    _image_id(),
    Column("reason", Text, nullable=False),
    Column("banned_at", BigInteger, nullable=False),
)

CANDIDATE_SETS = Table(
    "selector_candidate_sets",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("cut_at", BigInteger, nullable=False),
    Column("per_ranking", Integer, nullable=False),
    Column("criteria_id", String(16), nullable=False),
    Column("contests", Text, nullable=False),
    Column("offsets", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("near_duplicates", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("idempotency_key", String(200), unique=True),
    Column("strategy", String(16)),
    Column("grouped", Boolean),
    Column("seed", BigInteger),
    Column("contestants", Text),
    Column("asked_sha256", LargeBinary(32)),
)
"""`strategy` to `contestants` are null where a set was cut before there was a choice: by discrepancy then.
`contestants` is a JSON list of [model, version]. `asked_sha256` is of what was asked for, null where it isn't known."""

CANDIDATES = Table(
    "selector_candidates",
    METADATA,
    Column("set_id", String(32), ForeignKey(CANDIDATE_SETS.c.id), primary_key=True),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("image_id", LargeBinary(16), nullable=False),
    Column("placements", Text, nullable=False),
    Column("near_duplicates", Text, nullable=False),
    Column("score", Double),
)
"""`score` is what the set was put in order by, where that isn't the discrepancy."""
Index("selector_candidates_by_image", CANDIDATES.c.image_id)
