"""The model card: what is read, what is refused, and how classes map to the taxonomy."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from madseg.core.errors import InvalidModel
from madseg.core.taxonomy import VOC, VOID
from madseg.predictor.card import InputSpec, ModelCard, OutputSpec, dump_card, load_card, parse_card
from tests.predictor.networks import COLOURS, card

names = st.text("abcdefghij klmnö", min_size=1, max_size=8)
positive = st.floats(1e-6, 1e3)
triples = st.tuples(positive, positive, positive)
cards = st.builds(
    ModelCard,
    name=st.from_regex(r"[a-z0-9][a-z0-9._-]{0,62}", fullmatch=True),
    classes=st.lists(names, min_size=1, max_size=6, unique=True).map(tuple),
    input=st.builds(
        InputSpec,
        name=st.none() | names,
        layout=st.sampled_from([None, "NCHW", "NHWC"]),
        colour=st.sampled_from(["RGB", "BGR"]),
        size=st.none() | st.tuples(st.integers(1, 8192), st.integers(1, 8192)),
        scale=st.none() | positive,
        mean=st.none() | triples,
        std=st.none() | triples,
        resize=st.sampled_from(["bilinear", "nearest"]),
    ),
    output=st.builds(OutputSpec, kind=st.just("labels"), align_corners=st.booleans()),
    taxonomy=names | st.just(""),
    role=st.sampled_from(["target", "competitor", "retired"]),
    description=names | st.just(""),
    void=st.lists(st.integers(0, 255), max_size=3).map(tuple),
)


@given(cards)
def test_a_dumped_card_is_read_back_equal(written: ModelCard) -> None:
    """parse(dump(card)) == card."""
    assert parse_card(yaml.safe_load(dump_card(written))) == written


def test_a_card_of_classes_alone_gets_defaults() -> None:
    """Only classes are needed; the name falls back to the one passed in."""
    read = parse_card({"classes": ["dark"]}, default_name="net")

    assert read == ModelCard("net", ("dark",), InputSpec(), OutputSpec(), role="competitor")


def test_load_card_reads_a_file(tmp_path: Path) -> None:
    """A YAML file becomes a card."""
    path = tmp_path / "card.yaml"
    path.write_text("name: net\nclasses: [dark, red]\ninput: {mean: [0.5, 0.5, 0.5], size: [24, 32]}\n")

    read = load_card(path)

    assert (read.classes, read.input.mean, read.input.size) == (("dark", "red"), (0.5, 0.5, 0.5), (24, 32))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"clases": ["a"]}, r"card has no key 'clases'; known keys: name, classes, input"),
        ({"input": {"maen": 1}}, r"card\.input has no key 'maen'; known keys: name, layout, colour, size, scale, mean"),
        ({"input": {"layout": "CHWN"}}, r"card\.input\.layout must be NCHW or NHWC, got 'CHWN'"),
        ({"input": {"mean": [1, 2]}}, r"card\.input\.mean must be three numbers, one per channel, got \[1, 2\]"),
        ({"input": {"std": [1, 0, 1]}}, r"card\.input\.std must be three numbers above 0"),
        ({"input": {"scale": "1e-3"}}, r"card\.input\.scale must be a finite number \(in YAML 1e-3 is text"),
        ({"input": {"size": [0, 5]}}, r"card\.input\.size must be \[height, width\], each 1\.\.8192"),
        ({"input": "RGB"}, r"card\.input must be a mapping of name, layout"),
        ({"output": {"kind": "masks"}}, r"card\.output\.kind must be logits or probabilities or labels, got 'masks'"),
        ({"output": {"align_corners": "no"}}, r"card\.output\.align_corners must be true or false, got 'no'"),
        ({"role": "champion"}, r"card\.role must be target or competitor or retired, got 'champion'"),
        ({"classes": []}, r"card\.classes must list the network's 1\.\.255 classes in its own order, got 0"),
        ({"classes": ["a", "a"]}, r"card\.classes has a twice"),
        ({"classes": ["a", True]}, r"card\.classes must be a list of names \(quote"),
        ({"mapping": {"sky": "void"}}, r"card\.mapping speaks of 'sky', which is not in card\.classes: dark, red"),
        ({"void": [255]}, r"card\.void is for networks of kind labels"),
        ({"name": "../up"}, r"model name '\.\./up' must be 1\.\.63 of a-z"),
        ({"name": ""}, r"model name '' must be 1\.\.63"),
        ({"input": {"scale": 10**400}}, r"card\.input\.scale must be a finite number .* got a number of many digits"),
        ({"input": {"mean": [0, 0, 10**400]}}, r"card\.input\.mean must be three finite numbers"),
        ({"description": 16**9000}, r"card\.description must be text .* got a number of many digits"),
        ({"description": "\ud800"}, r"card\.description must be text"),
        ({"classes": ["a", "\udfff"]}, r"card\.classes must be a list of names"),
        ({"\ud800": 1}, r"card has no key '\\ud800'"),
    ],
)
def test_a_mistake_is_told_with_place_value_and_fix(content: dict[str, object], message: str) -> None:
    """Every refusal names the key."""
    with pytest.raises(InvalidModel, match=message):
        card(**content)


@pytest.mark.parametrize(
    "text",
    ["classes: [a", "description: 2024-02-30", "[" * 5000, "!!int ''", "!!bool x", "!!timestamp x", '"\\U00110000"'],
    ids=["cut off", "no day", "deep", "no number", "no truth", "no time", "no letter"],
)
def test_what_is_not_yaml_is_refused(tmp_path: Path, text: str) -> None:
    """Also what YAML's grammar lets pass. The message has the file's name."""
    path = tmp_path / "card.yaml"
    path.write_text(text)

    with pytest.raises(InvalidModel, match=r"card\.yaml can't be read as a YAML card"):
        load_card(path)


def test_a_card_that_is_long_to_print_is_refused_in_a_short_sentence() -> None:
    """Twelve lines of YAML that name each other are a million million values."""
    lines = ["- &l0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"- &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(InvalidModel, match="card must be a mapping") as raised:
        parse_card(yaml.safe_load("\n".join(lines)))
    assert len(str(raised.value)) < 10_000


def test_a_missing_card_is_refused(tmp_path: Path) -> None:
    """As above."""
    with pytest.raises(InvalidModel, match=r"none\.yaml can't be read as a YAML card"):
        load_card(tmp_path / "none.yaml")


def test_table_follows_the_network_s_order() -> None:
    """Position in `classes` is the network's label, the entry the taxonomy's."""
    table = card(classes=["blue", "dark"]).table(COLOURS)

    assert table.tolist() == [3, 0] + [VOID] * 254


def test_classes_map_by_name_to_class_or_void() -> None:
    """Several classes may share one; `void` is none."""
    table = card(classes=["crimson", "red", "sky"], mapping={"crimson": "red", "sky": "void"}).table(COLOURS)

    assert table[:3].tolist() == [1, 1, VOID]


def test_a_star_maps_all_other_classes() -> None:
    """Classes of the taxonomy stay, what is left goes to the star's."""
    table = card(classes=["sky", "red", "sea"], mapping={"*": "void"}).table(COLOURS)

    assert table[:3].tolist() == [VOID, 1, VOID]


def test_void_labels_stay_void() -> None:
    """A label in `void` is void even where a class has its place."""
    table = card(classes=["dark", "red"], output={"kind": "labels"}, void=[0, 255]).table(COLOURS)

    assert table[:2].tolist() == [VOID, 1]


def test_covers_are_the_taxonomy_s_labels() -> None:
    """Ascending, each once, without void."""
    covered = card(classes=["blue", "sky", "red", "crimson"], mapping={"sky": "void", "crimson": "red"}).covers(COLOURS)

    assert covered == (1, 3)


def test_a_class_without_place_is_refused() -> None:
    """The message names the class, the taxonomy's classes and both ways out."""
    with pytest.raises(InvalidModel, match=r"class 'sky' has no place in taxonomy 'colours' \(dark, red.*'\*': void"):
        card(classes=["dark", "sky"]).table(COLOURS)


def test_a_card_that_covers_nothing_is_refused() -> None:
    """A network without a class in common can't compete."""
    with pytest.raises(InvalidModel, match=r"no class of the card is in taxonomy 'colours'"):
        card(classes=["sky"], mapping={"*": "void"}).table(COLOURS)


def test_a_card_of_another_taxonomy_is_refused() -> None:
    """Names of both taxonomies stand in the message."""
    with pytest.raises(InvalidModel, match=r"the card is for taxonomy 'city', the project's is 'voc'"):
        card(taxonomy="city").table(VOC)
