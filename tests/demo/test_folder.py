"""The folder of a demo: nothing of anybody else's is lost."""

from pathlib import Path

import pytest

from madseg.core.errors import Conflict, InvalidInput
from madseg.demo import main
from madseg.demo.course import Course
from madseg.demo.folder import make_anew
from madseg.up.parts import Lock


def test_what_is_no_demos_stays(tmp_path: Path) -> None:
    """A folder with a file of somebody's, and a file in its place."""
    theirs = tmp_path / "home" / "thesis.txt"
    theirs.parent.mkdir()
    theirs.write_text("chapter one")
    with pytest.raises(Conflict, match=f"{theirs.parent} holds what isn't a demo's, and would be deleted"):
        main(output=theirs.parent, images=1, course=Course(rounds=0))
    with pytest.raises(InvalidInput, match=f"the demo can't have the folder {theirs}"):
        make_anew(theirs)
    assert theirs.read_text() == "chapter one"


def test_a_former_demo_is_replaced(tmp_path: Path) -> None:
    """However soon it was killed, and behind a link too; a folder that is empty or isn't there is made."""
    link = tmp_path / "link"
    (tmp_path / "empty").mkdir()
    link.symlink_to(tmp_path / "empty")
    for output in (tmp_path / "a" / "b", tmp_path / "empty", link):
        make_anew(output)
        (output / "report.html").write_text("old")
        make_anew(output)
        assert [output / "state"] == list(output.iterdir())


def test_a_demo_on_which_services_run_stays(tmp_path: Path) -> None:
    """They say that they have it."""
    make_anew(tmp_path / "demo")
    (tmp_path / "demo" / "report.html").write_text("old")
    lock = Lock(tmp_path / "demo" / "state")
    with pytest.raises(Conflict, match="is in use by process"):
        make_anew(tmp_path / "demo")
    lock.close()
    assert (tmp_path / "demo" / "report.html").read_text() == "old"


def test_outside_of_the_checkout_nothing_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The networks that it serves are in the checkout; nor are they deleted for a demo over them."""
    make_anew(tmp_path / "demo")
    (tmp_path / "demo" / "report.html").write_text("old")
    monkeypatch.chdir(tmp_path / "demo")
    with pytest.raises(InvalidInput, match="run it in the checkout of madseg"):
        make_anew(tmp_path / "demo")
    (tmp_path / "demo" / "model_repository" / "unet").mkdir(parents=True)
    (tmp_path / "demo" / "model_repository" / "unet" / "model.yaml").touch()
    with pytest.raises(InvalidInput, match="give it another folder"):
        make_anew(tmp_path / "demo")
    assert (tmp_path / "demo" / "report.html").read_text() == "old"
