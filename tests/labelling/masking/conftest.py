"""A service with S and T chosen."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from madseg.ports import Database
from tests.labelling.fakes import neighbours
from tests.labelling.masking.studio import Studio, closed_campaign
from tests.labelling.serving import serving


@pytest.fixture
def studio(database: Database, tmp_path: Path) -> Iterator[Studio]:
    """Twelve images, of which three are S and two are T."""
    around = neighbours(12)
    closed_campaign(database, around)
    with serving(database, around, tmp_path) as served:
        yield Studio(served, around, database)
