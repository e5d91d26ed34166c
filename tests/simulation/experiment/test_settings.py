"""The settings."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from madseg.core.errors import InvalidInput
from madseg.simulation.experiment.settings import LABELLED, UNLABELLED, Settings, read_settings
from tests.simulation.experiment.tiny import TINY, tiny_file


def test_the_frozen_settings_run_every_arm() -> None:
    """With a stream that is a hundred times the labels of a round."""
    found = read_settings()
    assert found.arms == LABELLED + UNLABELLED
    assert found.stream >= 100 * found.counterexamples


def test_a_file_gives_the_settings_again(tmp_path: Path) -> None:
    """With the same digest; any change gives another."""
    assert read_settings(tiny_file(tmp_path)).digest == TINY.digest
    assert replace(TINY, lane=17).digest != TINY.digest


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"streem": 5}, "no setting 'streem'"),
        ({"stream": 399, "counterexamples": 4}, "less than 100 times the 4 labels"),
        ({"arms": ["random"]}, "must begin with mad"),
        ({"arms": ["mad", "guess"]}, "must begin with mad"),
        ({"recipe": {"speed": 3}}, "no setting 'speed'"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, object], message: str, tmp_path: Path) -> None:
    """With the value and what would do."""
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(values))
    with pytest.raises(InvalidInput, match=message):
        read_settings(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """By its path."""
    with pytest.raises(InvalidInput, match=r"none\.json"):
        read_settings(tmp_path / "none.json")


def test_defaults_hold() -> None:
    """They are settings that can be run."""
    assert Settings().modern().name == "modern"
