"""The labelling service's tables, and the revisions in `versions` that make them."""

from madseg.labelling.masking import tables as _masking  # noqa: F401 (puts its tables into the definition)
from madseg.labelling.scoring import tables as _scoring  # noqa: F401
from madseg.labelling.tables import METADATA
from madseg.ports import Tables

TABLES = Tables("labelling", METADATA, __name__, head="1.2")
