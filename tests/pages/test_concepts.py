"""The example of docs/concepts.md, computed: every number and every order that stands there."""

import re

import pytest

from madseg.core.candidates import cut
from madseg.core.confusion import confusion, mean_iou
from madseg.core.content import ContentConstraint
from madseg.core.counterexamples import Scored, Sizes, choose
from madseg.core.label_map import LabelMap
from madseg.core.messages import Defender, VersionRef
from madseg.core.opinion import mean_opinion
from madseg.core.ranking import Entry, RankingKey
from tests.builders import label_map
from tests.pages.blocks import ROOT, blocks

PAGE = ROOT / "docs" / "concepts.md"
TEXT = PAGE.read_text()
CLASSES = {1: "cat", 2: "dog"}
USUAL = ContentConstraint({1: (0.2, 0.7)})


def maps() -> dict[str, tuple[LabelMap, LabelMap]]:
    """Both maps of each image, as the page draws them."""
    (drawn,) = [block.text for block in blocks(PAGE) if block.text.startswith("image")]
    rows = (line.split() for line in drawn.splitlines()[1:])
    return {name: (label_map(first), label_map(second)) for name, first, second in rows}


def discrepancies() -> dict[str, float]:
    return {name: 1 - mean_iou(confusion(first, second, 3)) for name, (first, second) in maps().items()}


def ranking(label: int, side: Defender, constraint: ContentConstraint) -> list[Entry]:
    """As the page defines it: the images whose map by that side shows the class, most different first."""
    found = []
    for name, both in maps().items():
        area = both[0 if side is Defender.TARGET else 1].present.get(label, 0) / 18
        if area and constraint.admits(label, area):
            found.append(Entry(name, discrepancies()[name], area))
    return sorted(found, key=lambda entry: entry.order)


def sees(item: LabelMap) -> str:
    shares = [f"{name} {item.present[label] / 18:.3f}" for label, name in CLASSES.items() if label in item.present]
    return ", ".join(shares) or "nothing"


def test_the_discrepancies_and_shares() -> None:
    """Each row of the table."""
    for name, (first, second) in maps().items():
        assert f"| {name} | {discrepancies()[name]:.3f} | {sees(first)} | {sees(second)} |" in TEXT


def test_the_rankings_with_and_without_the_constraint() -> None:
    """All four, in their order."""
    for label, name in CLASSES.items():
        for side in (Defender.TARGET, Defender.COMPETITOR):
            free, usual = (
                ", ".join(entry.image_id for entry in ranking(label, side, item))
                for item in (ContentConstraint(), USUAL)
            )
            assert f"| {name} | {side.name.lower()} | {free} | {usual} |" in TEXT


@pytest.mark.parametrize("constraint", [ContentConstraint(), USUAL])
def test_the_candidates(constraint: ContentConstraint) -> None:
    """The same with either column of the table."""
    sides = (Defender.TARGET, Defender.COMPETITOR)
    keys = {
        RankingKey(VersionRef("f", 1), VersionRef("g", 1), side, label): ranking(label, side, constraint)
        for label in CLASSES
        for side in sides
    }
    candidates = cut(keys, 1)
    assert f"makes *M* = {', '.join(item.image_id for item in candidates)}, by" in TEXT
    assert [len(item.placements) for item in candidates] == [2, 1, 1]


def grades() -> dict[str, list[int]]:
    rows = re.findall(r"^\| (x\d) \| (\d, \d, \d) \|", TEXT, re.MULTILINE)
    return {name: [int(grade) for grade in given.split(", ")] for name, given in rows}


def test_the_opinions() -> None:
    """Means with their intervals."""
    assert list(grades()) == ["x4", "x3", "x2"]
    for name, given in grades().items():
        found = mean_opinion(given)
        assert found is not None
        row = f"| {name} | {', '.join(map(str, given))} | {found.mean:.3f} | ± {found.half_width:.3f} |"
        assert row in TEXT


def test_what_is_chosen() -> None:
    """T by the draw, S by the means."""
    images = [Scored(name, sum(given) / 3, discrepancies()[name]) for name, given in grades().items()]
    chosen = choose(images, 7, sizes=Sizes(reserved=1, reported=1, counterexamples=1))
    (test,), (counterexample,), (missed,) = chosen.test, chosen.counterexamples, chosen.just_missed
    assert f"with seed 7 the draw gives {test.image_id}." in TEXT
    assert f"*S* is the lowest of the rest: {counterexample.image_id}." in TEXT
    assert f"*{missed.image_id}* just missed it." in TEXT


def test_the_figures_on_the_test_set() -> None:
    """Of both, against the mask that the page draws."""
    truth = re.search(r"mask of \*(x\d)\*: `([.cd/]+)`", TEXT)
    assert truth is not None
    first, second = (mean_iou(confusion(label_map(truth[2]), said, 3)) for said in maps()[truth[1]])
    assert f"the mIoU of *f* is {first:.3f}, and that of *g* is {second:.3f}" in TEXT


def test_the_words_of_the_table_are_those_of_the_interface() -> None:
    """Messages and their values stand in the reference, settings in the manual."""
    table = TEXT.partition("## Symbols")[2].partition("## The formulae")[0]
    words = set(re.findall(r"`([A-Z]\w+)`", table))
    said = (ROOT / "docs" / "api.md").read_text() + (ROOT / "docs" / "operations.md").read_text()
    assert len(words) > 10
    assert not [word for word in words if not re.search(rf"\b{word}\b", said)]
