"""The table of runs. Times are microseconds since the epoch in UTC. Nothing is deleted."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

METADATA = MetaData()

RUNS = Table(
    "finetune_runs",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("started_by", String(64), nullable=False),
    Column("idempotency_key", String(200), unique=True),
    Column("plan", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("examples", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("result", Text),
    Column("launches", Integer, nullable=False),
    Column("mark", String(64), nullable=False),
    Column("stopping", Boolean, nullable=False),
    Column("releasing", Boolean, nullable=False),
    Column("release_begun", Boolean, nullable=False),
    Column("released", Integer),
    Column("promoted_by", String(64)),
    Column("waits_for", Text),
    Column("asked_sha256", LargeBinary(32)),
)
"""`plan`, `examples` (counts by set), `reasons` and `result` are JSON. `launches` counts those since training last got
on, which `mark` tells. `stopping`: training is yet to be ended. `releasing`: the version is yet to be released.
`released` is the number it got. `waits_for` is why it can't go on for now, "" or null while it gets on. `asked_sha256`
is of what was asked for, null where it isn't known. `release_begun` isn't used any more and goes with the next era."""
Index("finetune_runs_by_state", RUNS.c.state, RUNS.c.number)
