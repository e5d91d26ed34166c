"""What a backup copies is what a state has."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from madseg.backup import DATABASES, FILES, FOLDERS
from madseg.client.endpoints import OPERATOR
from madseg.project import SETTINGS
from madseg.up.configuring import configured


def test_every_place_that_services_are_given_in_a_state_is_copied(tmp_path: Path) -> None:
    """And nothing else, but for what is written beside their settings: a new store can't be forgotten."""
    placed = set(_placed(tmp_path))
    assert {"stream.db", "blobs", "tokens.json"} < placed
    assert sorted(placed | {SETTINGS, OPERATOR}) == sorted({*DATABASES, *FOLDERS, *FILES})


def _placed(state: Path) -> Iterator[str]:
    """Names in the state folder of which a setting of a service speaks."""
    made = configured(state, {}, {})
    for service in fields(made):
        config = getattr(made, service.name)
        for item in fields(config):
            _, here, name = str(getattr(config, item.name)).partition(f"{state}/")
            if here:
                yield name.partition("/")[0]
