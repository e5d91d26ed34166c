"""Taxonomies and content constraints from files: read back, or refused with the file's name."""

import json
from pathlib import Path

import pytest

from madseg.core.content import ContentConstraint
from madseg.core.errors import InvalidInput, NotFound
from madseg.core.preprocess import Size
from madseg.core.taxonomy import VOC, taxonomy_of
from madseg.project import constraint, remember, remembered, taxonomy, taxonomy_document

PETS = taxonomy_of("pets", ["ground", "cat", "dog"], unranked=["ground"])
GRID = Size(20, 30)


def test_a_built_in_taxonomy_has_a_name() -> None:
    """PASCAL VOC's."""
    assert taxonomy("voc") == VOC


def test_a_taxonomy_is_read_back_from_its_document(tmp_path: Path) -> None:
    """With classes, colours and what is ranked."""
    file = tmp_path / "pets.json"
    file.write_text(json.dumps(taxonomy_document(PETS)))
    assert taxonomy(str(file)) == PETS


def test_colours_and_ranking_have_defaults(tmp_path: Path) -> None:
    """VOC's colour of the label, and ranked."""
    file = tmp_path / "pets.json"
    file.write_text(
        '{"name": "pets", "classes": [{"name": "ground", "ranked": false}, {"name": "cat"}, {"name": "dog"}]}'
    )
    assert taxonomy(str(file)) == PETS


def test_a_taxonomy_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With those that are built in."""
    with pytest.raises(NotFound, match=r"no taxonomy 'vok'.*built in: voc"):
        taxonomy("vok")
    with pytest.raises(NotFound, match="no taxonomy"):
        taxonomy(str(tmp_path))


BAD_TAXONOMIES = {
    "no JSON": b"{",
    "no text": b"\xff\xfe",
    "no end": b"[" * 200_000,
    "a list": b"[]",
    "no classes": b'{"name": "x"}',
    "an empty list": b'{"name": "x", "classes": []}',
    "classes of text": b'{"name": "x", "classes": ["cat", "dog"]}',
    "classes as a number": b'{"name": "x", "classes": 3}',
    "no class name": b'{"name": "x", "classes": [{"colour": [1, 2, 3]}]}',
    "no taxonomy name": b'{"classes": [{"name": "cat"}]}',
    "a name twice": b'{"name": "x", "classes": [{"name": "cat"}, {"name": "cat"}]}',
    "half a colour": b'{"name": "x", "classes": [{"name": "cat", "colour": [1, 2]}]}',
    "a colour too bright": b'{"name": "x", "classes": [{"name": "cat", "colour": [1, 2, 256]}]}',
    "a colour in words": b'{"name": "x", "classes": [{"name": "cat", "colour": "red"}]}',
}


@pytest.mark.parametrize("content", BAD_TAXONOMIES.values(), ids=BAD_TAXONOMIES.keys())
def test_a_file_that_is_no_taxonomy_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    """Whatever is in it."""
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"bad\.json is no "):
        taxonomy(str(file))


def document(**changes: object) -> dict[str, object]:
    """A constraint's document, with keys changed."""
    return {"taxonomy": PETS.id, "grid": str(GRID), "bounds": {"cat": [0.1, 0.5]}, **changes}


def test_no_path_is_no_constraint() -> None:
    """Every image counts."""
    assert ContentConstraint() == constraint("", PETS, GRID)


def test_a_constraint_is_read(tmp_path: Path) -> None:
    """By class names."""
    file = tmp_path / "constraint.json"
    file.write_text(json.dumps(document()))
    assert ContentConstraint({1: (0.1, 0.5)}) == constraint(str(file), PETS, GRID)


def test_a_constraint_that_is_not_there_is_named() -> None:
    """With the command that makes one."""
    with pytest.raises(NotFound, match=r"no content constraint 'nowhere\.json'.*madseg constraint"):
        constraint("nowhere.json", PETS, GRID)


BAD_CONSTRAINTS = {
    "another taxonomy": document(taxonomy="voc@1"),
    "another grid": document(grid="30x20"),
    "an unknown class": document(bounds={"cow": [0.1, 0.5]}),
    "bounds as a list": document(bounds=[0.1, 0.5]),
    "no bounds": {"taxonomy": PETS.id, "grid": str(GRID)},
    "one bound": document(bounds={"cat": [0.1]}),
    "bounds in words": document(bounds={"cat": ["low", "high"]}),
    "bounds the wrong way round": document(bounds={"cat": [0.5, 0.1]}),
    "a share above 1": document(bounds={"cat": [0.5, 1.1]}),
    "no number": document(bounds={"cat": [0.5, float("nan")]}),
}


@pytest.mark.parametrize("content", BAD_CONSTRAINTS.values(), ids=BAD_CONSTRAINTS.keys())
def test_a_file_that_is_no_constraint_of_the_project_is_refused(tmp_path: Path, content: dict[str, object]) -> None:
    """With the file's name."""
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(content))
    with pytest.raises(InvalidInput, match=r"bad\.json|bounds of label"):
        constraint(str(file), PETS, GRID)


def test_a_state_remembers_settings(tmp_path: Path) -> None:
    """What was written is read; without a file there are none."""
    assert remembered(tmp_path) == {}
    remember(tmp_path, {"MADSEG_GRID": "9x9"})
    assert remembered(tmp_path) == {"MADSEG_GRID": "9x9"}


@pytest.mark.parametrize("content", ["{", "[1]", "3"])
def test_settings_that_are_none_are_told(tmp_path: Path, content: str) -> None:
    """With the file that says so."""
    (tmp_path / "settings.json").write_text(content)
    with pytest.raises(InvalidInput, match=r"settings\.json can't be read"):
        remembered(tmp_path)
