"""The tables of rounds and of their evaluation. Times are microseconds since the epoch in UTC. Nothing is deleted but
what a test set no longer holds."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
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

ROUNDS = Table(
    "rounds_rounds",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("serial", Integer, nullable=False, unique=True),
    Column("model", String(63), nullable=False),
    Column("number", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("started_by", String(64), nullable=False),
    Column("idempotency_key", String(200), unique=True),
    Column("going_on", String(63), unique=True),
    Column("plan", Text, nullable=False),
    Column("step", String(16), nullable=False),
    Column("outcome", String(16)),
    Column("notes", Text, nullable=False),
    Column("steps", Text, nullable=False),
    Column("awaits", Boolean, nullable=False),
    Column("approved", Boolean, nullable=False),
    Column("despite", Boolean, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("candidate_set_id", String(32), nullable=False),
    Column("campaign_id", String(32), nullable=False),
    Column("run_begun", Boolean, nullable=False),
    Column("run_id", String(32), nullable=False),
    Column("promoting", Boolean, nullable=False),
    Column("stopping", Boolean, nullable=False),
    Column("released", Integer),
    Column("candidates", Integer, nullable=False),
    Column("counterexamples", Integer, nullable=False),
    Column("test", Integer, nullable=False),
    Column("asked_sha256", LargeBinary(32)),
    UniqueConstraint("model", "number"),
)
"""`serial` counts all rounds, `number` those of a model. `going_on` is the model while the round goes on, so that two
of one model can't. `revision` grows with every change. `plan`, `notes` and `steps` ([name, began, ended]) are JSON.
`awaits`, `approved`, `despite`: a person's word is wanted, and was given, at this step. `run_begun`: a run may have
been started, whether its id is known or not. `promoting`: its release may have been asked for. `stopping`: what it has
begun is yet to be ended. Ids are "" before they are known. `asked_sha256` is of what was asked for, null where it isn't
known."""
Index("rounds_by_model", ROUNDS.c.model, ROUNDS.c.serial)
Index("rounds_to_stop", ROUNDS.c.stopping)

POLICIES = Table(
    "rounds_policies",
    METADATA,
    Column("model", String(63), primary_key=True),
    Column("enabled", Boolean, nullable=False),
    Column("candidates", Integer, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("rounds", Integer, nullable=False),
    Column("plan", Text, nullable=False),
    Column("set_at", BigInteger, nullable=False),
    Column("begun", Integer, nullable=False),
    Column("evaluated", Boolean, nullable=False),
)
"""`begun` and `evaluated` are those since it was set."""

IMAGES = Table(
    "rounds_images",
    METADATA,
    Column("model", String(63), primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("image_id", String(32), primary_key=True),
    Column("mask", String(48), nullable=False),
)
"""The images of each test set, and the mask that they are held against, `<task>/<revision>`. Round 0 is the random
lane."""

SETS = Table(
    "rounds_sets",
    METADATA,
    Column("model", String(63), primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("vetoed", Integer, nullable=False),
)
"""How many images were vetoed after they had been drawn for a test set."""

RESULTS = Table(
    "rounds_results",
    METADATA,
    Column("mask", String(48), primary_key=True),
    Column("model", String(63), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("confusion", LargeBinary, nullable=False),
    Column("mean_iou", Float(53), nullable=False),
)
"""A version against a mask: (classes, classes) uint32 in little-endian order, row-major, zlib; rows are the truth."""

VERSIONS = Table(
    "rounds_versions",
    METADATA,
    Column("model", String(63), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("report", Text),
    Column("trained", Text, nullable=False),
)
"""What the target's versions were trained on, all before them included, as a JSON list of image ids, and their figure
on T0-report (JSON)."""

FIGURES = Table(
    "rounds_figures",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("figures", Text, nullable=False),
)
"""Figures by the SHA-256 of what they follow from: intervals and comparisons take seconds to draw."""
