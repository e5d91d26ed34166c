"""T and S, and the class that an image is mostly of."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from madseg.core.counterexamples import (
    Scored,
    Sizes,
    Used,
    choose,
    draw_test,
    main_class,
    majority,
    reported,
)
from madseg.core.errors import InvalidInput, InvalidLabelMap
from madseg.core.label_map import LabelMap, from_dense
from madseg.core.taxonomy import VOID, taxonomy_of

TINY = taxonomy_of("tiny", ["ground", "tree", "car", "bird"], unranked=["ground"])

LETTERS = {"g": 0, "t": 1, "c": 2, "b": 3, ".": VOID}


def label_map(text: str) -> LabelMap:
    """A map by its letters, rows by slashes."""
    return from_dense(np.array([[LETTERS[letter] for letter in row] for row in text.split("/")], np.uint8))


def image(
    number: int, mean: float | None = 3.0, discrepancy: float = 0.5, hashed: int | None = None, **more: object
) -> Scored:
    """An image of M."""
    return Scored(f"{number:03}", mean, discrepancy, hashed, **more)  # type: ignore[arg-type]


def ids(images: tuple[Scored, ...]) -> list[int]:
    """Their numbers in order."""
    return [int(item.image_id) for item in images]


IMAGES = st.lists(
    st.builds(
        lambda mean, discrepancy, hashed, label, vetoed, complete: (mean, discrepancy, hashed, label, vetoed, complete),
        st.one_of(st.none(), st.sampled_from([1.0, 4 / 3, 3.0])),
        st.sampled_from([0.1, 0.9]),
        st.one_of(st.none(), st.integers(0, 63)),
        st.one_of(st.none(), st.integers(1, 3)),
        st.booleans(),
        st.booleans(),
    ),
    max_size=25,
).map(lambda rows: [Scored(f"{number:03}", *row) for number, row in enumerate(rows)])

SIZES = st.builds(lambda t, c, s: Sizes(t, t, c, s), st.integers(0, 8), st.integers(0, 3), st.integers(0, 8))

USED = st.lists(st.builds(Used, st.integers(0, 40).map("{:03}".format), st.one_of(st.none(), st.integers(0, 63))))


def near(one: int | None, two: int | None, bits: int) -> bool:
    """The slow way."""
    return one is not None and two is not None and (one ^ two).bit_count() <= bits


@given(IMAGES, USED, SIZES, st.integers(0, 99), st.integers(-1, 2), st.randoms(use_true_random=False))
def test_the_promises_of_t_and_s(
    images: list[Scored], used: list[Used], sizes: Sizes, seed: int, bits: int, random: object
) -> None:
    """Apart from each other and from what was used, by id and by hash; within their sizes; in any order of input."""
    found = choose(images, seed, used, sizes, bits)
    test, taken, missed = found.test, found.counterexamples, found.just_missed
    everyone = [*test, *taken, *missed]
    assert len({x.image_id for x in everyone}) == len(everyone)
    for x in everyone:
        assert not x.vetoed
        assert x.image_id not in {y.image_id for y in used}
        assert not any(near(x.perceptual_hash, y.perceptual_hash, bits) for y in used)
    for x in (*taken, *missed):
        assert not any(near(x.perceptual_hash, y.perceptual_hash, bits) for y in test)
    assert len(test) <= sizes.reserved
    counts = Counter(x.main_class for x in test if x.main_class is not None)
    assert max(counts.values(), default=0) <= sizes.per_class
    complete = [x for x in (*taken, *missed) if x.complete]
    assert list(taken) == complete[: sizes.counterexamples]
    assert complete == sorted(complete, key=lambda x: (x.mean, -x.mean_discrepancy, x.image_id))
    random.shuffle(images)  # type: ignore[attr-defined]
    random.shuffle(used)  # type: ignore[attr-defined]
    assert choose(images, seed, used, sizes, bits) == found


@given(IMAGES, SIZES, st.integers(0, 99))
def test_t_does_not_look_at_scores(images: list[Scored], sizes: Sizes, seed: int) -> None:
    """Nor at discrepancies."""
    blind = [Scored(x.image_id, None, 0.0, x.perceptual_hash, x.main_class, x.vetoed, not x.complete) for x in images]
    assert ids(choose(images, seed, sizes=sizes).test) == ids(choose(blind, seed, sizes=sizes).test)


@given(IMAGES, st.integers(0, 99), st.data())
def test_another_image_changes_no_order_of_the_draw(images: list[Scored], seed: int, data: st.DataObject) -> None:
    """Without classes and hashes: what is drawn of a part of M is what is drawn of M, the rest left out."""
    plain = [Scored(x.image_id, x.mean, x.mean_discrepancy) for x in images]
    part = [x for x in plain if data.draw(st.booleans())]
    whole = ids(draw_test(plain, seed, Sizes(25, 25)))
    assert ids(draw_test(part, seed, Sizes(25, 25))) == [n for n in whole if f"{n:03}" in {x.image_id for x in part}]


def test_the_draw_is_uniform() -> None:
    """Over many seeds each image is drawn as often as any other: chi-square of 19 degrees of freedom, 0.1 %."""
    images = [image(n) for n in range(20)]
    counts = Counter(n for seed in range(2000) for n in ids(draw_test(images, seed, Sizes(5, 5))))
    squares = sum((counts[n] - 500) ** 2 / (500 * 0.75) for n in range(20)) * 19 / 20
    assert squares < 43.8


def test_s_is_the_lowest_means_with_ties_by_discrepancy_then_id() -> None:
    """The just-missed follow in the same order; those without a grade are in neither."""
    images = [
        image(1, 2.0),
        image(2, 1.0, 0.3),
        image(3, 1.0, 0.7),
        image(4, 1.0, 0.3),
        image(5, None),
        image(6, 5.0),
    ]
    found = choose(images, 0, sizes=Sizes(0, 0, 4, 3))
    assert (ids(found.counterexamples), ids(found.just_missed)) == ([3, 2, 4], [1, 6])


def test_images_that_lack_grades_stand_at_the_end_of_the_line() -> None:
    """Even if S isn't full."""
    images = [image(1, 1.0, complete=False), image(2, 2.0), image(3, 3.0)]
    found = choose(images, 0, sizes=Sizes(0, 0, 4, 5))
    assert (ids(found.counterexamples), ids(found.just_missed)) == ([2, 3], [1])


def test_t_has_so_many_of_a_class_at_most() -> None:
    """An image without a main class isn't counted."""
    images = [image(n, main_class=1) for n in range(20)] + [image(20 + n, main_class=None) for n in range(8)]
    found = draw_test(images, 7)
    assert Counter(item.main_class for item in found) == {1: 4, None: 8}


def test_the_first_thirty_that_are_not_vetoed_are_reported() -> None:
    """Of forty; a veto after the draw lets the next one in."""
    test = draw_test([image(n) for n in range(100)], 3)
    assert len(test) == 40
    assert reported(test) == test[:30]
    assert reported(test, [test[0].image_id, test[31].image_id]) == (*test[1:31],)
    assert len(reported(test, [item.image_id for item in test[:15]])) == 25


def test_near_duplicates_are_on_one_side_of_the_firewall() -> None:
    """Ten bits are near, eleven aren't, and no hash is near to none."""
    one = (1 << 64) - 1
    images = [image(1, hashed=one), image(2, hashed=one ^ 0x3FF), image(3, hashed=one ^ 0x7FF0000), image(4)]
    for seed in range(8):
        found = choose(images, seed, sizes=Sizes(1, 1, 1, 4))
        pair = {ids(found.test)[0], *ids(found.counterexamples)}
        assert {1, 2} - pair == ({2} if ids(found.test) == [1] else {1} if ids(found.test) == [2] else set())
    assert ids(choose(images, 0, [Used("900", one)], Sizes(0, 0, 4, 4)).counterexamples) == [3, 4]
    assert ids(choose(images, 0, [Used("003")], Sizes(0, 0, 4, 4)).counterexamples) == [1, 2, 4]


def test_sizes_that_can_not_be_are_refused() -> None:
    """More reported than reserved, or fewer than none."""
    with pytest.raises(InvalidInput, match="at most the 3"):
        Sizes(3, 4)
    with pytest.raises(InvalidInput, match="below 0"):
        Sizes(per_class=-1)


def test_the_majority_of_three_maps() -> None:
    """Void is no vote, ties go to the lowest label, and what nobody labels is void."""
    maps = [label_map("gtc./tt.b"), label_map("gtb./c..b"), label_map("ctb./bc.c")]
    assert majority(maps) == label_map("gtb./tt.b")


def test_a_majority_is_of_maps_of_one_size() -> None:
    """And of one at least."""
    with pytest.raises(InvalidLabelMap, match="none"):
        majority([])
    with pytest.raises(InvalidLabelMap, match="1 x 2 and 2 x 1"):
        majority([label_map("tt"), label_map("t/t")])


def test_the_main_class_is_the_largest_that_is_ranked() -> None:
    """The ground isn't; ties go to the lower label; void and ground alone have none."""
    assert main_class([label_map("gggg/bbct")], TINY) == 3
    assert main_class([label_map("ggcb")], TINY) == 2
    assert main_class([label_map("gg..")], TINY) is None
    assert main_class([label_map("tttb"), label_map("ccbb"), label_map("c.bb")], TINY) == 3


DENSE = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda shape: st.lists(
        st.sampled_from([0, 1, 2, 3, 200, VOID]), min_size=shape[0] * shape[1] * shape[2], max_size=20 * 5
    ).map(lambda values: np.array(values[: shape[0] * shape[1] * shape[2]], np.uint8).reshape(shape))
)


@given(DENSE)
def test_it_equals_counting_every_pixel(maps: NDArray[np.uint8]) -> None:
    """Majority and main class, dense and slow."""
    wanted = np.full(maps.shape[1:], VOID, np.uint8)
    for at in np.ndindex(wanted.shape):
        votes = Counter(int(label) for label in maps[(slice(None), *at)] if label != VOID)
        wanted[at] = min(votes, key=lambda label: (-votes[label], label), default=VOID)
    runs = [from_dense(item) for item in maps]
    assert majority(runs) == from_dense(wanted)
    areas = {label: int((wanted == label).sum()) for label in (1, 2, 3)}
    largest = min(areas, key=lambda label: (-areas[label], label))
    assert main_class(runs, TINY) == (largest if areas[largest] else None)


@given(DENSE, st.randoms(use_true_random=False))
def test_the_majority_does_not_depend_on_the_order_of_maps(maps: NDArray[np.uint8], random: object) -> None:
    """Nor does one map change."""
    runs = [from_dense(item) for item in maps]
    before = majority(runs)
    random.shuffle(runs)  # type: ignore[attr-defined]
    assert majority(runs) == before
    assert majority(runs[:1]) == runs[0]
