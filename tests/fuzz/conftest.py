"""A deployment with some images in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.conftest import environment
from tests.pipeline.driving import accept, settled
from tests.pipeline.expected import Asked
from tests.pipeline.running import Up
from tests.pipeline.world import picture, write_repository, write_taxonomy


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """`madseg up`, and a candidate set whose campaign is open."""
    write_repository(tmp_path / "models", tmp_path / "networks")
    write_taxonomy(tmp_path / "taxonomy.json")
    with Up(tmp_path / "state", environment(tmp_path, tmp_path)) as process:
        client = process.start()
        settled(client, accept(client, Asked(tmp_path / "models"), [picture(seed) for seed in range(8)]))
        client.create_campaign(client.cut_candidates(per_ranking=5).id)
        yield process


@pytest.fixture
def tokens(up: Up) -> list[str | None]:
    """What callers show: mostly that of an admin."""
    token = (up.state / "operator.token").read_text().strip()
    return [token, token, token, None, "rubbish"]
