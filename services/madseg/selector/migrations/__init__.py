"""The selector's tables, and the revisions in `versions` that make them."""

from madseg.ports import Tables
from madseg.selector.tables import METADATA

TABLES = Tables("selector", METADATA, __name__, head="1.5")
