"""Files that ask for too much, lead elsewhere, or are no files of their kind."""

import json
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madseg.core.errors import InvalidInput
from madseg.exchange import FORMATS, NamedMask, Policy, Refused
from madseg.exchange.documents import parsed
from madseg.exchange.names import safe, stem
from madseg.exchange.pictures import grey_png, png
from madseg.exchange.places import opened
from tests.builders import label_map
from tests.exchange.building import PETS, place, read, taxonomy_for, write


def huge_png() -> bytes:
    """A PNG whose header claims 50,000 x 50,000 pixels."""
    content = bytearray(grey_png(np.zeros((1, 1), np.uint8)))
    content[16:24] = struct.pack(">II", 50_000, 50_000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


def test_a_png_is_measured_before_it_is_decoded() -> None:
    """By its header."""
    with pytest.raises(InvalidInput, match="50000 x 50000 pixels"):
        png(huge_png())


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", grey_png(np.ones((9, 9), np.uint8))[:60]])
def test_a_broken_png_is_refused(content: bytes) -> None:
    """Never anything else."""
    with pytest.raises(InvalidInput):
        png(content)


def test_an_array_is_measured_before_it_is_read(tmp_path: Path) -> None:
    """By its header; objects are never unpickled."""
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999, 9999), }"
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    np.save(tmp_path / "b.npy", np.array([[{}]], object), allow_pickle=True)
    np.save(tmp_path / "c.npy", np.zeros((2, 2), np.float32))
    assert all(isinstance(item, str) for item in read("npy", tmp_path).values())


@pytest.mark.parametrize("name", ["../a.png", "/a.png", "a/../../b.png", "c:\\a.png", "a/./b.png"])
def test_a_zip_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    """Before anything is read."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(InvalidInput, match="rename it"), opened(tmp_path / "a.zip"):
        pass


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    """By how much an entry grows; what packers leave behind doesn't matter."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/._a.png", b"\0" * (4 << 20))
        archive.writestr("a.png", b"\0" * (1 << 19))
    with opened(tmp_path / "a.zip") as files:
        assert files.files() == ["a.png"]
    with zipfile.ZipFile(tmp_path / "a.zip", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b.png", b"\0" * (4 << 20))
    with pytest.raises(InvalidInput, match="grows from"), opened(tmp_path / "a.zip"):
        pass


def test_a_zip_that_lies_about_an_entry_is_refused(tmp_path: Path) -> None:
    """An entry ends where it says, and its checksum counts."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", b"x" * 100)
    content = (tmp_path / "a.zip").read_bytes().replace(b"x" * 100, b"y" * 100)
    (tmp_path / "a.zip").write_bytes(content)
    with opened(tmp_path / "a.zip") as files, pytest.raises(InvalidInput, match="broken"):
        files.read("a.txt")


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE a [<!ENTITY b "bomb"><!ENTITY c "&b;&b;">]>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_xml_with_a_document_type_is_refused(tmp_path: Path, head: str) -> None:
    """Entities are neither expanded nor fetched."""
    (tmp_path / "a.xml").write_text(f'<?xml version="1.0"?>{head}<annotations></annotations>')
    with pytest.raises(InvalidInput, match="document type"):
        read("cvat-xml", tmp_path / "a.xml")


def test_deep_json_is_refused() -> None:
    """It would end the process's stack."""
    with pytest.raises(InvalidInput, match="no JSON"):
        parsed(b"[" * 100_000, "it")


@pytest.mark.parametrize("form", ["coco", "coco-panoptic", "label-studio", "labelbox"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_documents_with_anything_anywhere_are_refused(form: str, tmp_path: Path, data: st.DataObject) -> None:
    """Whatever stands in a place of a good document is an error on purpose, or a refusal."""
    where = place(tmp_path, form)
    write(form, where, [NamedMask("a", label_map(".cdx"))], taxonomy_for(form), overwrite=True)
    path = next(iter([*where.glob("*.*json")] if where.is_dir() else [where]))
    good = (
        [json.loads(line) for line in path.read_text().splitlines()]
        if form == "labelbox"
        else [parsed(path.read_bytes(), "")]
    )
    places = list(_places(good))
    odd = data.draw(
        st.sampled_from(
            [None, True, -1, 1 << 80, 0.5, "", "../a", "http://[x/a.png", [], [None], {}, {"a": None}, float("inf")]
        )
    )
    parent, key = data.draw(st.sampled_from(places))
    parent[key] = odd
    path.write_text("\n".join(map(json.dumps, good)))
    try:
        for item in FORMATS[form].read(where, PETS, Policy()):
            assert isinstance(item, NamedMask | Refused)
    except InvalidInput:
        pass


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document, as its parent and key."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield value, key
        yield from _places(item)


@pytest.mark.parametrize("name", ["a", "deep/a", "a.b", "größe 2", "0" * 32])
def test_names_that_are_fine_stay(name: str) -> None:
    """As they are."""
    assert safe(name) == name


@pytest.mark.parametrize(("name", "expected"), [("a.JPG", "a"), ("a.b", "a.b"), ("a.png.png", "a.png"), ("a", "a")])
def test_the_ending_of_a_picture_is_no_name(name: str, expected: str) -> None:
    """One of them, where it is one."""
    assert stem(name) == expected
