"""The gateway's tables, and the revisions in `versions` that make them."""

from madseg.gateway.store import METADATA
from madseg.ports import Tables

TABLES = Tables("gateway", METADATA, __name__, head="1.2")
