"""The one definition that the tables of both halves, scoring and masking, stand in.

Image ids are 16 bytes, times are microseconds since the epoch in UTC. Nothing that a person said is deleted, rows have
states, unless its image is forgotten.
"""

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text

METADATA = MetaData()

BANS = Table(
    "labelling_bans",
    METADATA,
    Column("image_id", LargeBinary(16), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("banned_at", BigInteger, nullable=False),
)
"""Images that are forgotten for ever: nothing is said or drawn of them again."""
