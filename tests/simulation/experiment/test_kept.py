"""Results on disk."""

import json
from pathlib import Path

import pytest

from madseg.core.errors import Conflict
from madseg.simulation.experiment.kept import Kept, Result, write_json


class Killed(Exception):
    """The process ends here."""


def dies() -> Result:
    """A step that doesn't get to its end."""
    raise Killed


def kept(folder: Path, heard: list[str], digest: str = "one") -> Kept:
    """Results of the settings "one"."""
    return Kept(folder, digest, heard.append)


def test_a_result_is_computed_once(tmp_path: Path) -> None:
    """And told of once."""
    heard: list[str] = []
    assert kept(tmp_path, heard).get("a", lambda: {"x": 1}) == {"x": 1}
    assert kept(tmp_path, heard).get("a", dies) == {"x": 1}
    assert heard == ["a"]


def test_a_step_that_was_killed_leaves_no_result(tmp_path: Path) -> None:
    """It is done again."""
    with pytest.raises(Killed):
        kept(tmp_path, []).get("a", dies)
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]
    assert kept(tmp_path, []).get("a", lambda: {"x": 2}) == {"x": 2}


def test_other_settings_are_refused(tmp_path: Path) -> None:
    """The message says what to do."""
    kept(tmp_path, []).get("a", lambda: {"x": 1})
    with pytest.raises(Conflict, match="take another --out"):
        kept(tmp_path, [], "two").get("a", dies)


def test_other_settings_are_refused_before_there_is_a_result(tmp_path: Path) -> None:
    """The networks of a step that was killed are of the settings that it began with."""
    with pytest.raises(Killed):
        kept(tmp_path, []).get("a", dies)
    with pytest.raises(Conflict, match="take another --out"):
        kept(tmp_path, [], "two")


def test_times_stand_apart_from_results(tmp_path: Path) -> None:
    """Equal results are equal bytes, however long they took."""
    kept(tmp_path, []).get("a", lambda: {"b": 1, "a": 2})
    assert (tmp_path / "a.json").read_text() == '{\n "a": 2,\n "b": 1,\n "settings": "one"\n}\n'
    assert json.loads((tmp_path / "seconds.json").read_text()).keys() == {"a"}


def test_what_is_no_number_is_not_written(tmp_path: Path) -> None:
    """JSON has no such thing."""
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
