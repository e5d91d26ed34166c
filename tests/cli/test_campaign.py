"""`madseg campaign` against a real labelling service."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from madseg.adapters.databases import open_database
from madseg.labelling.migrations import TABLES
from madseg.security.access import Role
from tests.cli.terminal import Terminal
from tests.labelling.fakes import neighbours
from tests.labelling.serving import Served, serving


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A candidate set of twelve images."""
    database = open_database(f"sqlite:///{tmp_path}/labelling.db")
    database.prepare(TABLES)
    with serving(database, neighbours(12), tmp_path) as running:
        yield running
    database.close()


@pytest.fixture
def madseg(served: Served, tmp_path: Path, utc: None) -> Terminal:
    """Runs commands with the operator's token, which stands in a file."""
    token = tmp_path / "token"
    token.write_text(served.token("otto", Role.OPERATOR) + "\n")
    return Terminal({"MADSEG_LABELLING": served.address, "MADSEG_TOKEN_FILE": str(token)})


CREATE = ["campaign", "create", "--raters", "2", "--counterexamples", "3", "--test-reserved", "2", "--seed", "5"]


def judged(served: Served) -> None:
    """Two raters say what they think; each vetoes or can't judge one image."""
    for number, name in enumerate(("ada", "bob", "cy")):
        rater = served.client(name, Role.RATER)
        while held := rater.take_assignments().assignments:
            image = int(held[0].image_id, 16)
            if image == 7:
                rater.veto(held[0].id, "other", "a [bold]drawing[/bold]")
            elif image == 3 and name == "ada":
                rater.abstain(held[0].id)
            else:
                rater.grade(held[0].id, 1 + (image + number) % 5)


def test_the_whole_way(madseg: Terminal, served: Served) -> None:
    """Created, listed, read, chosen; nothing is wider than the terminal."""
    made = madseg(*CREATE, "--note", "for [Tuesday]")
    assert "open, 0 of 12 images finished, 0 vetoed" in made.out
    assert "0 of 24 grades" in made.out
    judged(served)
    answers = {name: madseg("campaign", name) for name in ("list", "show", "opinions", "vetoes", "agreement")}
    answers |= {name: madseg("campaign", name) for name in ("choose", "sets")}
    for name, answer in answers.items():
        assert answer.code == 0, (name, answer.err)
    for name in ("list", "opinions", "vetoes", "agreement", "choose"):
        assert all(len(line) <= 80 for line in answers[name].out.splitlines()), answers[name].out
    assert "for [Tuesday]" in answers["show"].out
    assert "scored, 12 of 12 images finished, 1 vetoed" in answers["show"].out
    assert answers["opinions"].out.splitlines()[-1].split()[2] == "vetoed"
    assert "[bold]" in answers["vetoes"].out
    assert "Krippendorff's alpha (ordinal)" in answers["agreement"].out
    assert ": 3 counterexamples, 2 test images;\n2 of them reported, chosen" in answers["choose"].out
    assert answers["choose"].out == answers["sets"].out


def test_json_has_the_same_for_machines(madseg: Terminal, served: Served) -> None:
    """The client's values; opinions a line each."""
    made = madseg(*CREATE, "--json").json
    assert (made["state"], made["plan"]["raters"], made["plan"]["test_reported"]) == ("open", 2, 2)
    judged(served)
    assert madseg("campaign", "list", "--json").json[0]["id"] == made["id"]
    assert len(madseg("campaign", "opinions", "--json").out.splitlines()) == 12
    assert madseg("campaign", "vetoes", "--json").json[0]["reason"] == "other"
    assert [item["rater"] for item in madseg("campaign", "agreement", "--json").json["raters"]] == ["ada", "bob", "cy"]
    assert len(madseg("campaign", "choose", "--json").json["counterexamples"]) == 3


def test_a_set_that_is_too_small_is_said_at_once(madseg: Terminal) -> None:
    """Before anybody has scored; one that suffices is no word."""
    assert madseg(*CREATE).err == ""
    assert madseg("campaign", "create", "--json").err.startswith(
        "M has 12 images, which is less than the 100 of S and the 40 reserved for T: T comes first"
    )


def test_what_lacks_is_said(madseg: Terminal, served: Served) -> None:
    """No campaign, no judgements, no token."""
    assert "madseg campaign create" in madseg("campaign", "list").out
    assert "no campaign yet" in madseg("campaign", "show").err
    madseg(*CREATE)
    told = madseg("campaign", "choose").err
    assert "12 of 12 images still lack judgements" in told
    assert "--allow-incomplete" in told
    assert "nothing" in madseg("campaign", "sets", madseg("campaign", "list", "--json").json[0]["id"]).err
    bare = Terminal({"MADSEG_LABELLING": served.address, "MADSEG_STATE": "/nowhere"})
    answer = bare("campaign", "list")
    assert answer.code != 0
    assert "token" in answer.err
    both = Terminal({"MADSEG_LABELLING": served.address, "MADSEG_TOKEN": "a", "MADSEG_TOKEN_FILE": "/b"})
    assert "both set" in both("campaign", "list").err


def test_vetoes_are_taken_back(madseg: Terminal, served: Served) -> None:
    """By the image; the image is scored on."""
    madseg(*CREATE)
    judged(served)
    vetoed = madseg("campaign", "vetoes", "--json").json[0]["image_id"]
    assert madseg("campaign", "unveto", vetoed).out.strip() == f"{vetoed}: vetoes taken back: 1."
    assert madseg("campaign", "vetoes", "--json").json[0]["revoked_by"] == "otto"
    assert madseg("campaign", "unveto", vetoed, "--json").json == {"image_id": vetoed, "revoked": 0}
