"""The report of a round: complete, self-contained, escaped, and honest about what its figures say."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from madseg.client import Standings
from madseg.report.facts import RoundFacts
from madseg.report.round_page import round_page, write_round
from tests.cli.report.test_page import outline
from tests.report.samples import a_round, facts

SECTIONS = (
    "worth",
    "gains",
    "lane",
    "coverage",
    "competition",
    "gate",
    "repairs",
    "mined",
    "grades",
    "costs",
    "training",
    "settings",
)


def bare() -> RoundFacts:
    """A round that has only begun."""
    begun = replace(a_round(), campaign_id="", run_id="", released=None, outcome=None, steps=())
    nothing = Standings((), (), (), (), ())
    return replace(
        facts(), round=begun, mined={}, campaign=None, agreement=None, opinions=(), repairs=(), photographs={},
        run=None, standings=nothing, lane=None, coverage=None, competition=None,
    )  # fmt: skip


def test_it_fetches_nothing_and_runs_nothing() -> None:
    """Pictures are in it; what people wrote is text."""
    text = round_page(facts())
    assert all(address.startswith("data:image/") for address in outline(text).fetched)
    assert "default-src 'none'" in text
    assert not re.search(r"(src|href)=\"(https?:)?//", text)
    for written in ("<script>", "linus <b>", "<cat>", "<theirs>", "<b>all is well"):
        assert written not in text


def test_every_part_is_there_once() -> None:
    """In an order that begins with what one wants to know."""
    found = outline(round_page(facts()))
    assert len(found.ids) == len(set(found.ids))
    assert [name for name in found.ids if name in SECTIONS] == list(SECTIONS)


def test_a_round_that_has_only_begun_has_few_parts() -> None:
    """Nothing stands there empty."""
    text = round_page(bare())
    assert [name for name in outline(text).ids if name in SECTIONS] == ["settings"]
    assert "It goes on: ended." in text


def test_figures_of_t_are_called_adversarial() -> None:
    """With intervals, tie groups, and who was trained on the set's images."""
    text = round_page(facts())
    assert "T(1)<small>30 images, 2 vetoed; adversarial to ours/2</small>" in text
    assert "are no version’s accuracy" in text
    assert "0.370† <sup>a</sup><small>0.320 – 0.420</small>" in text
    assert "0.300 <sup>ab</sup>" in text


def test_gains_are_paired_and_of_either_sign() -> None:
    """The random lane stands in the summary, whatever it shows."""
    text = round_page(facts())
    assert '<td class="yes">+0.160</td><td>+0.100 to +0.220</td><td>&lt; 0.001</td>' in text
    assert '<td class="no">−0.030</td><td>−0.050 to −0.010</td><td>0.020</td><td>9</td><td>30</td><td>88</td>' in text
    assert "mIoU on the random lane<small>−0.050 to −0.010</small></dt><dd>−0.030</dd>" in text


def test_counterexamples_before_and_after() -> None:
    """Four pictures each, with how well each map fits the mask; what isn't there is said."""
    text = round_page(facts())
    found = outline(text)
    assert len(found.texts) == 4 + 2
    assert "Label map of the annotator: background 50%, bus 50%" in found.texts
    assert "<figcaption>ours/3: 0.700</figcaption>" in text
    assert "<strong>+0.500</strong> mIoU" in text
    assert "On 1 of them mIoU went from 0.200 to 0.700; 1 got better." in text


def test_the_gate_in_words_and_the_curves() -> None:
    """What doesn't hold is marked; a line for each learning rate."""
    text = round_page(facts())
    assert "0.500 (0.400 – 0.600) before, 0.530 (0.430 – 0.630) after, <strong>+0.030</strong>" in text
    assert '<span class="no">doesn’t hold</span> A picture takes 2.00 times as long' in text
    assert text[text.index('id="training"') :].count('<polyline class="line line-') == 3 * 2


def test_what_it_cost() -> None:
    """Hours, beside those of drawing all of M."""
    text = round_page(facts())
    for hours in ("0.5", "3.2", "3.8", "9.0", "2.2"):
        assert f"<td>{hours} h</td>" in text


@pytest.mark.parametrize("made", [facts, bare])
def test_it_is_written_where_one_wants(tmp_path: Path, made: Callable[[], RoundFacts]) -> None:
    """Its folder is made."""
    path = tmp_path / "new" / "round.html"
    size = write_round(path, made())
    assert path.stat().st_size == size > 1000


def test_what_the_contests_don_t_see_is_told_with_its_interval() -> None:
    """And who can't be told apart on how many more images."""
    text = round_page(facts())
    assert "No contest ranks 3 of them: 38% (12% – 75%) of its failures can’t be mined" in text
    assert "2 are ranked too far behind" in text
    assert "rank correlation with discrepancy 0.61" in text
    assert "<code>" + "0b" * 16 + "</code>" in text
    assert "120 images with a mask" in text


def test_a_duel_without_a_mask_has_no_figure() -> None:
    """Those that have one are told with who is right, and the contestants are ranked."""
    text = round_page(facts())
    assert "25 images, 14 with a mask, 1 vetoed" in text
    assert "<td>0 of 5</td>" + "<td>–</td>" * 8 in text
    assert "<td>14 of 20</td><td>0.300</td><td>0.500</td><td>+0.200</td>" in text
    assert '<tr><th scope="row">ours/3</th><td>0.700</td></tr>' in text
