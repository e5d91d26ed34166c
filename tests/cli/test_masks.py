"""`madseg masks` against a real labelling service."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from madseg.adapters.databases import open_database
from madseg.labelling.migrations import TABLES
from madseg.security.access import Role
from tests.cli.terminal import Terminal
from tests.labelling.fakes import image, neighbours
from tests.labelling.masking.studio import Studio, closed_campaign
from tests.labelling.serving import serving


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """Twelve images, of which three are S and two are T."""
    database, around = open_database(f"sqlite:///{tmp_path}/labelling.db"), neighbours(12)
    database.prepare(TABLES)
    closed_campaign(database, around)
    with serving(database, around, tmp_path) as served:
        yield Studio(served, around, database)
    database.close()


@pytest.fixture
def madseg(studio: Studio, tmp_path: Path, utc: None) -> Terminal:
    """Runs commands with a token that may see and make everything but draw."""
    token = tmp_path / "token"
    token.write_text(studio.served.token("otto", Role.OPERATOR, Role.REVIEWER) + "\n")
    return Terminal({"MADSEG_LABELLING": studio.served.address, "MADSEG_TOKEN_FILE": str(token)})


def test_the_whole_way(madseg: Terminal, studio: Studio) -> None:
    """Made, listed, shown with what was found and said; nothing is wider than the terminal."""
    assert "No such task" in madseg("masks", "list").out
    made = madseg("masks", "create", "--annotator", "ann", "--annotator", "ben", "--double-share", "0")
    assert made.out.strip() == "5 tasks made; 0 images had one already."
    assert madseg("masks", "create", "--double-share", "0").out.strip() == "0 tasks made; 5 images had one already."
    ann, ben = studio.person("ann"), studio.person("ben")
    task = studio.drawn(ann)
    ben.take_review(task.id)
    ben.add_finding(task.id, 1, (3, 4), "other", "a [bold]leg[/bold]")
    ann.post_message(task.id, "which leg?")
    listed = madseg("masks", "list", "--annotator", "ann", "--limit", "2")
    assert len(listed.out.splitlines()) >= 4
    assert all(len(line) <= 80 for line in listed.out.splitlines()), listed.out
    assert madseg("masks", "list", "--state", "in_review").out.count(task.id) == 1
    shown = madseg("masks", "show", task.id)
    assert "counterexample, in review" in shown.out or "test, in review" in shown.out
    assert "reviewed by ben" in shown.out
    assert "[bold]leg[/bold]" in shown.out
    assert "which leg?" in shown.out


def test_images_of_ones_own_choice(madseg: Terminal) -> None:
    """For the random lane, or to be learned from; for nothing else."""
    made = madseg("masks", "add", image(9), "--purpose", "counterexample", "--json").json
    assert made == {"created": 1, "present": 0}
    assert madseg("masks", "list", "--json").json["purpose"] == "counterexample"
    refused = madseg("masks", "add", image(9), "--purpose", "test")
    assert refused.code == 1
    assert "purpose" in refused.err


def test_what_masks_are_for_is_said_once(madseg: Terminal) -> None:
    """Images, the random lane or a set: one of them, and it says what they are for."""
    for words in ((), (image(1), "--random-lane", "3"), ("--random-lane", "3", "--set", "a")):
        assert madseg("masks", "add", *words).code == 2
    assert madseg("masks", "add", "--random-lane", "3", "--purpose", "contest").code == 2
    assert madseg("masks", "add", image(1)).code == 1
    contest = madseg("masks", "add", image(2), "--purpose", "contest", "--json").json
    assert contest == {"created": 1, "present": 0}
    assert madseg("masks", "list", "--purpose", "contest").out.count("contest") == 1


def test_the_human_ceiling(madseg: Terminal, studio: Studio) -> None:
    """Once two people's masks of one image are accepted."""
    assert madseg("masks", "ceiling").out.strip() == "No image has two accepted masks yet."
    madseg("masks", "create", "--double-share", "1")
    ann, ben, cat = (studio.person(name) for name in ("ann", "ben", "cat"))
    tasks = list(studio.otto.mask_tasks())
    first = next(item for item in tasks if item.purpose == "counterexample")
    second = next(item for item in tasks if item.image_id == first.image_id and item.id != first.id)
    for person, task in ((ann, first), (ben, second)):
        taken = person.take_mask_task(task.id)
        assert taken is not None
        studio.accepted(person, cat, task=taken)
    assert madseg("masks", "ceiling").out.strip() == "Mean mIoU of two people's masks 1.000, over 1 image."
    assert madseg("masks", "ceiling", "--json").json == {"images": 1, "mean_iou": 1.0}
