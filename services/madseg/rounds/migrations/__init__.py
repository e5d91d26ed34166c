"""The tables of rounds, and the revisions in `versions` that make them."""

from madseg.ports import Tables
from madseg.rounds.tables import METADATA

TABLES = Tables("rounds", METADATA, __name__, head="1.1")
