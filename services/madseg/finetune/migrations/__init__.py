"""The fine-tune service's table, and the revisions in `versions` that make it."""

from madseg.finetune.tables import METADATA
from madseg.ports import Tables

TABLES = Tables("finetune", METADATA, __name__, head="1.2")
