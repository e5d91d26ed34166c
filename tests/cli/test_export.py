"""`madseg export` where the place is wrong or an export is damaged, and what is taken out of records."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from madseg.cli.everything.folder import MANIFEST, WORK, opened
from madseg.cli.everything.forgetting import sweep, without
from madseg.cli.everything.manifest import seal
from madseg.core.errors import Conflict
from tests.cli.terminal import Terminal

GONE, KEPT = "a" * 32, "b" * 32
CHOICE = {"pictures": "none", "label_maps": "png"}


def now() -> datetime:
    """When everything here happens."""
    return datetime(2026, 3, 14, tzinfo=UTC)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A small whole export."""
    with opened(tmp_path / "out", CHOICE, now) as folder:
        folder.once("campaigns.ndjson", lambda: [{"id": "c1"}])
        folder.once("opinions.ndjson", lambda: [{"image_id": GONE}, {"image_id": KEPT}])
        folder.keep("pictures/aa/one.png", b"picture")
        seal(folder, now(), {"images": 2})
    return tmp_path / "out"


def test_a_whole_export_is_found_whole(whole: Path) -> None:
    """Without any service."""
    answer = Terminal()("export", "check", whole, "--json")
    assert (answer.code, answer.json["files"], answer.json["faults"]) == (0, 3, [])


@pytest.mark.parametrize(
    ("harm", "file", "fault"),
    [
        (lambda root: (root / "campaigns.ndjson").write_text("{}\n"), "campaigns.ndjson", "has changed"),
        (lambda root: (root / "pictures/aa/one.png").unlink(), "pictures/aa/one.png", "is missing"),
        (lambda root: (root / "masks.ndjson").touch(), "masks.ndjson", "isn't of the export"),
    ],
)
def test_what_happened_to_an_export_is_named(whole: Path, harm: object, file: str, fault: str) -> None:
    """A file that differs, that is missing, that came in addition; exit status 3."""
    assert callable(harm)
    harm(whole)
    answer = Terminal()("export", "check", whole, "--json")
    assert (answer.code, answer.json["faults"]) == (3, [{"file": file, "fault": fault}])
    assert f"{file} {fault}." in Terminal()("export", "check", whole).err.replace("\n", " ")


def test_a_list_of_hashes_that_was_changed_too_is_found(whole: Path) -> None:
    """The manifest has its hash."""
    (whole / "SHA256SUMS").write_text("")
    answer = Terminal()("export", "check", whole)
    assert (answer.code, "has changed since the export was written" in answer.err) == (1, True)


@pytest.mark.parametrize("manifest", ["{", '{"format": "another/1"}', "[]"])
def test_another_manifest_is_refused(whole: Path, manifest: str) -> None:
    """Broken, or of another format."""
    (whole / MANIFEST).write_text(manifest)
    answer = Terminal()("export", "check", whole)
    assert (answer.code, "manifest.json is" in answer.err) == (1, True)


def test_a_folder_without_manifest_is_no_whole_export(tmp_path: Path) -> None:
    """It is another folder, or was cut off."""
    answer = Terminal()("export", "check", tmp_path)
    assert (answer.code, "it is no export, or one that was cut off" in answer.err) == (1, True)


def test_a_place_that_has_something_is_left_alone(madseg: Terminal, whole: Path, tmp_path: Path) -> None:
    """A whole export, and a folder of something else."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    for place, reason in ((whole, "is a whole export"), (tmp_path / "other", "is there and is no export")):
        answer = madseg("export", "all", place)
        assert (answer.code, reason in answer.err) == (1, True)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_export_goes_on_only_as_it_was_begun(tmp_path: Path) -> None:
    """And by one process at a time."""
    out, both = tmp_path / "out", {**CHOICE, "pictures": "both"}
    with opened(out, CHOICE, now), pytest.raises(Conflict, match="another process writes"), opened(out, CHOICE, now):
        raise AssertionError
    with pytest.raises(Conflict, match="was begun with pictures none, label_maps png"), opened(out, both, now):
        raise AssertionError
    with opened(out, CHOICE, now) as again:
        assert again.began_at == now().isoformat()


def test_an_image_leaves_every_record_that_names_it(tmp_path: Path) -> None:
    """Records about it, lists with it, fields and texts that name it; files and masks of it too. Others stay."""
    records = [
        {"image_id": GONE, "mean": 1.0},
        {"image_id": KEPT, "near_duplicates": [GONE, KEPT], "text": f"like {GONE}"},
        {"images": [{"image_id": GONE}, {"image_id": KEPT}], "replacement_image_id": GONE},
    ]
    with opened(tmp_path / "out", CHOICE, now) as folder:
        folder.once("records.ndjson", lambda: records)
        folder.once("mask_tasks.ndjson", lambda: [{"id": "t1", "image_id": GONE}, {"id": "t2", "image_id": KEPT}])
        for name in (f"pictures/aa/{GONE}/canonical.png", f"label_maps/aa/{GONE}/a-1.png", "masks/t1/1.png"):
            folder.keep(name, b"")
        folder.keep("masks/t2/1.png", b"")
        sweep(folder, {GONE})
        left = [json.loads(line) for line in (folder.root / "records.ndjson").read_text().splitlines()]
    assert left == [
        {"image_id": KEPT, "near_duplicates": [KEPT], "text": "like (forgotten)"},
        {"images": [{"image_id": KEPT}], "replacement_image_id": None},
    ]
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file() and WORK not in path.parts]
    assert sorted(path.name for path in files) == ["1.png", "mask_tasks.ndjson", "records.ndjson"]
    assert GONE not in "".join(map(str, files))
    assert not (tmp_path / "out" / "masks" / "t1").exists()


def test_a_record_without_images_stays_as_it_is() -> None:
    """Numbers, nothing, truth."""
    record = {"a": [1, 2.5, None, True], "b": {"c": "text"}, "near": [KEPT]}
    assert without(record, {GONE}) == record
