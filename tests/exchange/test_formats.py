"""What holds for every format: nothing is lost, nothing lands elsewhere, a cut is gone on from."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madseg.core.errors import AlreadyExists, Conflict, InvalidInput, NotFound
from madseg.core.label_map import from_dense
from madseg.core.taxonomy import Taxonomy, taxonomy_of
from madseg.exchange import FORMATS, NamedMask, Policy, Unknown, format_named
from tests.builders import dense_maps, label_map
from tests.exchange.building import BARE, FILES, PETS, place, read, taxonomy_for, write

forms = pytest.mark.parametrize("form", list(FORMATS))
single_files = pytest.mark.parametrize("form", list(FILES))
free_classes = pytest.mark.parametrize("form", [form for form in FORMATS if form != "cityscapes"])
names = st.sampled_from(["a", "deep/b", "a.b", "kerb.jpg", "ein großer Name", "0" * 32])


@forms
@settings(max_examples=25, deadline=None)
@given(st.dictionaries(names, dense_maps(), min_size=1, max_size=3))
def test_masks_come_back_as_they_were(form: str, masks: dict[str, object]) -> None:
    """Names, sizes and every pixel, void included."""
    _round_trip(form, masks, taxonomy_for(form))


@free_classes
@settings(max_examples=15, deadline=None)
@given(st.dictionaries(names, dense_maps(), min_size=1, max_size=2))
def test_a_taxonomy_without_background_is_held(form: str, masks: dict[str, object]) -> None:
    """Gaps are void then."""
    _round_trip(form, masks, BARE)


def _round_trip(form: str, masks: dict[str, object], taxonomy: Taxonomy) -> None:
    expected = {name: from_dense(pixels) for name, pixels in masks.items()}  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        where = place(Path(folder), form)
        write(form, where, [NamedMask(*pair) for pair in expected.items()], taxonomy)
        assert expected == read(form, where, taxonomy)


@free_classes
def test_many_classes_have_a_colour_each(form: str, tmp_path: Path) -> None:
    """Also where the taxonomy gives two the same one."""
    wide = taxonomy_of("wide", [f"class {number}" for number in range(255)])
    same = Taxonomy("same", (*wide.classes[:3], *(type(wide.classes[0])(f"c{i}", (1, 2, 3)) for i in range(3))))
    for number, taxonomy in enumerate((wide, same)):
        pixels = label_map("/".join(["." * 16] * 16)).dense()
        pixels.reshape(-1)[: len(taxonomy)] = range(len(taxonomy))
        where = place(tmp_path / str(number), form)
        write(form, where, [NamedMask("a", from_dense(pixels))], taxonomy)
        assert read(form, where, taxonomy) == {"a": from_dense(pixels)}


def cut_off_after(*masks: NamedMask) -> Iterator[NamedMask]:
    """Some masks, then an interrupt."""
    yield from masks
    raise KeyboardInterrupt


@forms
def test_a_run_that_was_cut_off_is_gone_on_from(form: str, tmp_path: Path) -> None:
    """What was written is there for the next run, and the result is whole."""
    where, taxonomy = place(tmp_path, form), taxonomy_for(form)
    mask = label_map(".cdx/cc..")
    with pytest.raises(KeyboardInterrupt):
        write(form, where, cut_off_after(NamedMask("a", mask)), taxonomy)
    with FORMATS[form].writer(where, taxonomy) as writer:
        assert [writer.has("a"), writer.has("b")] == [True, False]
        writer.write(NamedMask("b", mask))
    assert read(form, where, taxonomy) == {"a": mask, "b": mask}
    assert not list(tmp_path.rglob("*.parts"))
    assert not list(tmp_path.rglob(".*"))


@forms
def test_names_that_lead_elsewhere_are_not_written(form: str, tmp_path: Path) -> None:
    """Nothing appears outside."""
    with FORMATS[form].writer(place(tmp_path / "inside", form), taxonomy_for(form)) as writer:
        for name in ("../a", "/a", "a/../../b", "a\\b", "con", "a\0b", "", ".hidden", "a.", "x" * 300):
            with pytest.raises(InvalidInput, match="rename it"):
                writer.write(NamedMask(name, label_map("c")))
    assert {path.name for path in tmp_path.iterdir()} <= {"inside"}


@forms
def test_a_label_outside_the_taxonomy_is_not_written(form: str, tmp_path: Path) -> None:
    """It would be read back as another class, or not at all."""
    with (
        FORMATS[form].writer(place(tmp_path, form), taxonomy_for(form)) as writer,
        pytest.raises(InvalidInput, match="outside taxonomy"),
    ):
        writer.write(NamedMask("a", from_dense(label_map("c").dense() + 6)))


@forms
def test_a_place_that_is_not_there_is_named(form: str, tmp_path: Path) -> None:
    """As an error of its own."""
    with pytest.raises(NotFound, match="none"):
        read(form, tmp_path / "none", taxonomy_for(form))


@single_files
def test_a_file_that_is_there_is_not_replaced_unasked(form: str, tmp_path: Path) -> None:
    """With `overwrite` it is."""
    where = place(tmp_path, form)
    write(form, where, [NamedMask("a", label_map("c"))], PETS)
    with pytest.raises(AlreadyExists, match="--overwrite"):
        write(form, where, [], PETS)
    write(form, where, [NamedMask("b", label_map("d"))], PETS, overwrite=True)
    assert read(form, where) == {"b": label_map("d")}


@single_files
def test_the_rest_of_another_run_is_not_mixed_in(form: str, tmp_path: Path) -> None:
    """A run of another taxonomy that was cut off must be removed first."""
    where = place(tmp_path, form)
    with pytest.raises(KeyboardInterrupt):
        write(form, where, cut_off_after(), PETS)
    with pytest.raises(Conflict, match="remove the folder"):
        write(form, where, [], BARE)


@single_files
def test_the_same_masks_are_the_same_bytes(form: str, tmp_path: Path) -> None:
    """In whatever order they come."""
    masks = [NamedMask("a", label_map(".cd")), NamedMask("b", label_map("x"))]
    for number, order in enumerate((masks, masks[::-1])):
        write(form, place(tmp_path / str(number), form), order, PETS)
    first, second = (place(tmp_path / number, form).read_bytes() for number in "01")
    assert first == second


@pytest.mark.parametrize("form", ["voc", "npy"])
def test_numbers_that_are_no_class_follow_the_policy(form: str, tmp_path: Path) -> None:
    """Refused, void, or what their number is mapped to."""
    many = taxonomy_of("many", [str(number) for number in range(9)])
    write(form, tmp_path, [NamedMask("a", from_dense(label_map("c").dense() + 6))], many)
    assert "class number 7 is not in taxonomy 'pets'" in str(read(form, tmp_path)["a"])
    assert read(form, tmp_path, policy=Policy(unknown=Unknown.VOID)) == {"a": label_map("x")}
    assert read(form, tmp_path, policy=Policy(names={"7": "dog"})) == {"a": label_map("d")}


def test_a_map_to_a_class_that_is_none_is_an_error(tmp_path: Path) -> None:
    """Before anything is read."""
    with pytest.raises(InvalidInput, match="cow"):
        read("npy", tmp_path, policy=Policy(names={"7": "cow"}))


def test_a_format_that_is_none_is_named() -> None:
    """With those there are."""
    with pytest.raises(InvalidInput, match=r"voc, npy, coco-panoptic.*got 'yolo'"):
        format_named("yolo")
