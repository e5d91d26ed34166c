"""Settings: each with its type, from a variable or a file, and none that nobody knows."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from madseg.core.errors import InvalidInput
from madseg.settings import changed, describe, load, reference, setting


@dataclass(frozen=True)
class Config:
    """Of a kiosk."""

    name: str = setting("MADSEG_KIOSK", "corner", "What it is called")
    pies: int = setting("MADSEG_PIES", 3, "How many pies")
    price: float = setting("MADSEG_PRICE", 1.5, "Of a pie, in crowns")
    opens: bool = setting("MADSEG_OPENS", False, "True on Sundays")
    safe: str = setting("MADSEG_SAFE", "", "Where the money is", secret=True)


@dataclass(frozen=True)
class Neighbour:
    """Of the shop next door."""

    cakes: int = setting("MADSEG_CAKES", 1, "How many cakes")


def test_what_is_otherwise_than_usual_is_told() -> None:
    """Every value where configurations differ; secrets hidden, defaults and the usual left out."""
    first = Config("park", 12, safe="cellar")
    assert changed([Config(), Neighbour()]) == {}
    assert changed([first, Neighbour(), first]) == {"MADSEG_KIOSK": "park", "MADSEG_PIES": 12, "MADSEG_SAFE": "***"}
    assert changed([first, Config("square", 12)], [12, "cellar"]) == {"MADSEG_KIOSK": ["park", "square"]}


def test_defaults_hold_where_nothing_is_set() -> None:
    """And variables of others are not looked at."""
    assert Config() == load(Config, {"HOME": "/", "PIES": "7"})


def test_variables_are_read_by_type() -> None:
    """Text, whole numbers, numbers, truth."""
    environment = {"MADSEG_KIOSK": "park", "MADSEG_PIES": "12", "MADSEG_PRICE": "2.25", "MADSEG_OPENS": "True"}
    assert Config("park", 12, 2.25, True) == load(Config, environment)
    assert load(Config, {"MADSEG_OPENS": "1"}).opens
    assert not load(Config, {"MADSEG_OPENS": "false"}).opens


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("MADSEG_PIES", "many", "MADSEG_PIES must be a whole number, got 'many'"),
        ("MADSEG_PIES", "2.5", "MADSEG_PIES must be a whole number, got '2.5'"),
        ("MADSEG_PIES", "", "MADSEG_PIES must be a whole number, got ''"),
        ("MADSEG_PRICE", "dear", "MADSEG_PRICE must be a number, got 'dear'"),
        ("MADSEG_PRICE", "nan", "MADSEG_PRICE must be a number, got 'nan'"),
        ("MADSEG_PRICE", "inf", "MADSEG_PRICE must be a number, got 'inf'"),
        ("MADSEG_OPENS", "perhaps", "MADSEG_OPENS must be true or false, got 'perhaps'"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_name(variable: str, text: str, said: str) -> None:
    """With what it should be."""
    with pytest.raises(InvalidInput, match=said):
        load(Config, {variable: text})


def test_a_file_may_hold_the_value(tmp_path: Path) -> None:
    """As secrets are mounted, the line's end left out."""
    file = tmp_path / "safe"
    file.write_text("under the floor\n")
    assert load(Config, {"MADSEG_SAFE_FILE": str(file)}).safe == "under the floor"


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    """Missing, or no text."""
    with pytest.raises(InvalidInput, match="MADSEG_SAFE_FILE can't be read"):
        load(Config, {"MADSEG_SAFE_FILE": str(tmp_path / "nowhere")})
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InvalidInput, match="MADSEG_SAFE_FILE can't be read"):
        load(Config, {"MADSEG_SAFE_FILE": str(tmp_path / "bytes")})


def test_a_variable_and_its_file_are_one_too_many(tmp_path: Path) -> None:
    """Which one counts is not guessed."""
    with pytest.raises(InvalidInput, match="MADSEG_SAFE and MADSEG_SAFE_FILE are both set: keep one"):
        load(Config, {"MADSEG_SAFE": "a", "MADSEG_SAFE_FILE": str(tmp_path)})


@pytest.mark.parametrize("variable", ["MADSEG_PYES", "MADSEG_CAKES", "MADSEG_PYES_FILE"])
def test_a_variable_that_nobody_knows_is_refused(variable: str) -> None:
    """A misspelt setting would else be a silent default."""
    with pytest.raises(InvalidInput, match=f"{variable} is no setting of madseg; there are MADSEG_KIOSK, "):
        load(Config, {variable: "1"})


def test_variables_of_the_same_process_and_of_tests_are_known() -> None:
    """One environment serves all parts of a process."""
    environment = {"MADSEG_CAKES": "4", "MADSEG_TEST_SEED": "1", "MADSEG_SOAK": "1", "MADSEG_REAL": "x"}
    assert Config() == load(Config, environment, known=(Neighbour,))


def test_given_values_win_and_none_leaves_it() -> None:
    """What the command line says counts before the environment."""
    assert Config(pies=9) == load(Config, {"MADSEG_PIES": "4"}, pies=9, name=None)


def test_secrets_are_hidden_and_the_rest_is_shown() -> None:
    """An empty secret is shown as such: that it is missing is worth knowing."""
    shown = describe(load(Config, {"MADSEG_SAFE": "under the floor"}))
    assert shown == {"name": "corner", "pies": 3, "price": 1.5, "opens": False, "safe": "***"}
    assert describe(Config())["safe"] == ""


def test_the_reference_lists_every_setting_once() -> None:
    """For the manual."""
    rows = reference(Config, Neighbour, Config)
    assert ("MADSEG_PIES", "3", "How many pies") in rows
    assert len(rows) == 6
