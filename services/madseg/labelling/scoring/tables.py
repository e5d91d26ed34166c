"""The tables of scores.

`items` are a campaign's images; what they count of `judgements` and `assignments` is kept in the same transaction, so
that the next image to ask about is one look into an index. `errands` are what the selector has yet to be told.
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
    String,
    Table,
    Text,
    UniqueConstraint,
)

from madseg.labelling.tables import METADATA


def _number() -> Column[int]:
    return Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


def _campaign(*, key: bool = False) -> Column[str]:
    return Column("campaign_id", String(32), ForeignKey("labelling_campaigns.id"), primary_key=key, nullable=False)


CAMPAIGNS = Table(
    "labelling_campaigns",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("candidate_set_id", String(32), nullable=False),
    Column("target_model", String(63), nullable=False),
    Column("target_version", Integer, nullable=False),
    Column("competitors", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("images", Integer, nullable=False),
    Column("carried", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("idempotency_key", String(200), unique=True),
    Column("revision", BigInteger, nullable=False),
    Column("chosen_at", BigInteger),
    Column("asked_sha256", LargeBinary(32)),
)
"""`state` is open, scored, closed or cancelled. `revision` grows with everything that happens in the campaign.
`competitors` is a JSON list of [model, version]. `asked_sha256` is of what was asked for, null where it isn't known."""

ITEMS = Table(
    "labelling_items",
    METADATA,
    _campaign(key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("image_id", LargeBinary(16), nullable=False),
    Column("map_sha256", LargeBinary(32), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("mean_discrepancy", Double, nullable=False),
    Column("perceptual_hash", BigInteger),
    Column("main_class", Text, nullable=False),
    Column("full", Boolean, nullable=False),
    Column("grades", Integer, nullable=False),
    Column("grade_sum", Integer, nullable=False),
    Column("abstentions", Integer, nullable=False),
    Column("vetoes", Integer, nullable=False),
    Column("stopped", Boolean, nullable=False),
    Column("needed", Integer, nullable=False),
    Column("free", Integer, nullable=False),
    UniqueConstraint("campaign_id", "image_id"),
)
"""`position` shuffles the set by a hash of the campaign's seed. `full` images get all raters in adaptive mode, which
has `stopped` asking about others. `needed` grades are missing, `free` of them are leased to nobody (below 0 where more
is leased than is still needed)."""
Index("labelling_items_free", ITEMS.c.campaign_id, ITEMS.c.free, ITEMS.c.position)
Index("labelling_items_needed", ITEMS.c.campaign_id, ITEMS.c.needed)
Index("labelling_items_by_image", ITEMS.c.image_id)

ASSIGNMENTS = Table(
    "labelling_assignments",
    METADATA,
    Column("id", String(32), primary_key=True),
    _campaign(),
    Column("position", BigInteger, nullable=False),
    Column("rater", String(64), nullable=False),
    Column("repeat", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("taken_at", BigInteger, nullable=False),
    Column("leased_until", BigInteger, nullable=False),
    Column("due", Integer, nullable=False),
    UniqueConstraint("campaign_id", "position", "rater", "repeat"),
)
"""An image and a rater, who is asked at most once, but for marked repeats. `state` is planned (a repeat that is due
after the rater's judgement number `due`), leased, lapsed, returned, judged, or carried (a grade of an earlier
campaign)."""
Index("labelling_assignments_by_rater", ASSIGNMENTS.c.campaign_id, ASSIGNMENTS.c.rater, ASSIGNMENTS.c.state)
Index("labelling_assignments_by_lease", ASSIGNMENTS.c.campaign_id, ASSIGNMENTS.c.state, ASSIGNMENTS.c.leased_until)

JUDGEMENTS = Table(
    "labelling_judgements",
    METADATA,
    _number(),
    Column("assignment_id", String(32)),
    _campaign(),
    Column("position", BigInteger, nullable=False),
    Column("image_id", LargeBinary(16), nullable=False),
    Column("map_sha256", LargeBinary(32), nullable=False),
    Column("rater", String(64), nullable=False),
    Column("repeat", Boolean, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("grade", Integer),
    Column("reason", String(16)),
    Column("text", Text, nullable=False),
    Column("looked_ms", BigInteger, nullable=False),
    Column("given_at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("changed_at", BigInteger),
    Column("changed_by", String(64)),
    Column("origin", BigInteger),
)
"""`kind` is grade, veto or abstention; `state` is in_force, undone (by its rater) or revoked (a veto, by an operator).
`origin` is the judgement of an earlier campaign that this one repeats, for the same image and the same map.
`assignment_id` is null for a veto that came with no assignment: an annotator's."""
Index("labelling_judgements_by_item", JUDGEMENTS.c.campaign_id, JUDGEMENTS.c.position)
Index("labelling_judgements_by_rater", JUDGEMENTS.c.campaign_id, JUDGEMENTS.c.rater, JUDGEMENTS.c.number)
Index("labelling_judgements_by_image", JUDGEMENTS.c.image_id, JUDGEMENTS.c.kind)
Index("labelling_judgements_by_assignment", JUDGEMENTS.c.assignment_id)

CHOSEN = Table(
    "labelling_chosen",
    METADATA,
    _campaign(key=True),
    Column("purpose", String(16), primary_key=True),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("image_id", LargeBinary(16), nullable=False),
    Column("mean", Double),
    Column("mean_discrepancy", Double, nullable=False),
    Column("main_class", Text, nullable=False),
    Column("left_at", BigInteger),
)
"""`purpose` is counterexample (S), test (T, in the order of its draw) or just_missed (all that follow S, in its order).
`left_at` is when it was sent back, or, of one that just missed, when it took a place in S."""
Index("labelling_chosen_by_image", CHOSEN.c.image_id)

ERRANDS = Table(
    "labelling_errands",
    METADATA,
    _number(),
    Column("image_id", LargeBinary(16), nullable=False),
    Column("act", String(16), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("done_at", BigInteger),
)
"""What the selector is to be told, in order: `act` is exclude or restore. Those with a `done_at` are through."""
Index("labelling_errands_open", ERRANDS.c.done_at, ERRANDS.c.number)
Index("labelling_errands_by_image", ERRANDS.c.image_id)
