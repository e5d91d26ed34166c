"""`madseg evaluation` against a real rounds service: tables for people, dataclasses for machines."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from madseg.client import CampaignPlan, RoundPlan, RunPlan, Version
from tests.cli.terminal import Answer, Terminal
from tests.rounds.fakes import BETTER, FakeNeighbours, name
from tests.rounds.serving import Served, serving

PLAN = RoundPlan(5, CampaignPlan(1, 4, 3, 3), training=RunPlan(s0="/srv/s0", t0="/srv/t0"))


@pytest.fixture
def around() -> FakeNeighbours:
    """Neighbours that get on by themselves; the random lane is drawn."""
    found = FakeNeighbours()
    found.all_drawn()
    return found


@pytest.fixture
def served(tmp_path: Path, around: FakeNeighbours) -> Iterator[Served]:
    """The service, with a round that is through."""
    with capture_logs(), serving(tmp_path, around) as running:
        client = running.client("otto")
        for _ in client.watch_round(client.start_round(PLAN).id):
            pass
        yield running


@pytest.fixture
def madseg(served: Served, tmp_path: Path) -> Terminal:
    """Runs commands with the operator's token."""
    (tmp_path / "token").write_text(served.tokens["otto"])
    return Terminal({"MADSEG_ROUNDS": served.address, "MADSEG_TOKEN_FILE": str(tmp_path / "token"), "COLUMNS": "100"})


def narrow(answer: Answer) -> Answer:
    """One that went well; tables fit the terminal."""
    assert answer.code == 0, answer.err
    tables = [line for line in answer.out.splitlines() if "  " in line]
    assert all(len(line) <= 100 for line in tables), answer.out
    return answer


def test_versions_in_pairs(madseg: Terminal) -> None:
    """On the random lane, or on a T; with what would settle it."""
    shown = narrow(madseg("evaluation", "compare"))
    assert "Random lane: 5 images" in shown.out
    assert "small/2 – small/1" in shown.out
    named = narrow(madseg("evaluation", "compare", "better/1", "small/2", "--round", "1"))
    assert "T(1): 3 images" in named.out
    assert "small/2 – better/1" in named.out
    found = madseg("evaluation", "compare", "--json").json
    assert (found["test_set"]["kind"], found["pairs"][0]["after"]) == ("random_lane", "small/2")


def test_what_the_contests_don_t_see(madseg: Terminal) -> None:
    """In words, with the worst failures; nothing fails below nearly nothing."""
    shown = narrow(madseg("evaluation", "coverage", "--version", "1", "--failed-below", "0.95"))
    assert "small/1 on 5 images of Random lane" in shown.out
    assert "No contest ranks " in shown.out
    none = narrow(madseg("evaluation", "coverage", "--version", "1", "--failed-below", "0.001"))
    assert "It fails on none of them." in none.out
    found = madseg("evaluation", "coverage", "--json").json
    assert (found["version"], found["images"]) == ("small/2", 5)


def test_the_random_lane_at_once(madseg: Terminal) -> None:
    """Pairs, then what mining can't find."""
    shown = narrow(madseg("evaluation", "lane"))
    assert shown.out.index("small/2 – small/1") < shown.out.index("Discrepancy and error correlate")
    assert set(madseg("evaluation", "lane", "--json").json) == {"comparison", "coverage"}


def test_a_competition(madseg: Terminal, around: FakeNeighbours) -> None:
    """Without masks it says what to do; with them who is the strongest."""
    missing = madseg("evaluation", "contest")
    assert missing.code == 1
    assert "with contestants" in missing.err
    around.compete([BETTER, Version("small", 1), Version("small", 2)], [name(number) for number in range(501, 506)])
    empty = narrow(madseg("evaluation", "contest"))
    assert "masks add --set" in empty.out
    around.all_drawn()
    shown = narrow(madseg("evaluation", "contest"))
    assert "5 images, 5 with an accepted mask" in shown.out
    assert "small/1 – better/1" in shown.out
    found = madseg("evaluation", "contest", "--json").json
    assert [item["version"] for item in found["ranking"]][-1] == "small/1"


def test_what_can_t_be(madseg: Terminal) -> None:
    """One line each."""
    for words in (("compare", "small/9"), ("coverage", "--round", "7"), ("compare", *["small/1"] * 9)):
        refused = madseg("evaluation", *words)
        assert (refused.code, len(refused.err.splitlines())) == (1, 1), refused.err
