"""Stopping early chooses the same S."""

import random
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madseg.core.adaptive import Asked, Saving, bar, crowded, floor, hopeless, needed, saving, stopped
from madseg.core.counterexamples import Chosen, Scored, Sizes, choose
from madseg.core.errors import InvalidInput

VETO = 0

JUDGEMENTS = st.sampled_from([1, 1, 2, 3, 4, 5, 5, VETO])


def asked(name: str, *grades: int) -> Asked:
    """An image with these grades."""
    return Asked(name, len(grades), sum(grades))


class Campaign:
    """Images whose judgements are known to the test and are revealed one at a time, in the order of each image."""

    def __init__(self, truth: Sequence[Sequence[int]], raters: int, sizes: Sizes, seed: int) -> None:
        self.truth, self.raters, self.sizes, self.seed = truth, raters, sizes, seed
        self.said = {f"{n:02}": Asked(f"{n:02}") for n in range(len(truth))}

    def reveal(self, name: str) -> None:
        """One more judgement."""
        item = self.said[name]
        grade = self.truth[int(name)][item.grades]
        self.said[name] = (
            replace(item, vetoed=True)
            if grade == VETO
            else replace(item, grades=item.grades + 1, total=item.total + grade)
        )

    def chosen(self) -> Chosen:
        """T and S by what is known; few hashes, so that images are near to each other."""
        return choose(map(self._scored, self.said.values()), self.seed, sizes=self.sizes, near=0)

    def needing(self, *, adaptive: bool) -> list[str]:
        """Images to ask about: T's to the end, the others until they are stopped."""
        test = {item.image_id for item in self.chosen().test}
        near = {_hash(name) for name in test} - {None}
        running = [x for x in self.said.values() if x.image_id not in test and _hash(x.image_id) not in near]
        out = stopped(running, self.raters, self.sizes.counterexamples) if adaptive else set()
        return [x.image_id for x in self.said.values() if needed(x, self.raters, None) and x.image_id not in out]

    def run(self, rng: random.Random, *, adaptive: bool) -> Chosen:
        while names := self.needing(adaptive=adaptive):
            self.reveal(rng.choice(names))
        return self.chosen()

    def _scored(self, item: Asked) -> Scored:
        mean = item.total / item.grades if item.grades else None
        number = int(item.image_id)
        return Scored(
            item.image_id,
            mean,
            number % 3 / 3,
            _hash(item.image_id),
            number % 2,
            item.vetoed,
            item.decided(self.raters),
        )


def _hash(name: str) -> int | None:
    return int(name) // 2 if int(name) % 5 else None


@given(
    st.integers(1, 4).flatmap(
        lambda raters: st.tuples(
            st.just(raters),
            st.lists(st.lists(JUDGEMENTS, min_size=raters, max_size=raters), min_size=1, max_size=14),
        )
    ),
    st.integers(1, 5),
    st.integers(0, 3),
    st.integers(0, 2**32),
)
def test_s_and_t_are_those_of_full_ratings(
    drawn: tuple[int, list[list[int]]], size: int, reserved: int, seed: int
) -> None:
    """Whatever comes when, with vetoes, with a T that vetoes change, and with images near to T's."""
    raters, truth = drawn
    sizes = Sizes(reserved, reserved, 2, size)
    full = Campaign(truth, raters, sizes, seed)
    wanted = full.run(random.Random(seed), adaptive=False)
    early = Campaign(truth, raters, sizes, seed)
    found = early.run(random.Random(seed + 1), adaptive=True)
    assert found.counterexamples == wanted.counterexamples
    assert found.test == wanted.test
    assert sum(x.grades for x in early.said.values()) <= sum(x.grades for x in full.said.values())


@given(st.lists(st.lists(st.integers(1, 5), max_size=3), max_size=12), st.integers(1, 4), st.data())
def test_more_grades_never_bring_an_image_back(rows: list[list[int]], size: int, data: st.DataObject) -> None:
    """What is stopped stays stopped; what isn't could come level with the bar."""
    images = [asked(f"{n:02}", *grades) for n, grades in enumerate(rows)]
    out, at = stopped(images, 3, size), bar(images, 3, size)
    for item in images:
        if item.image_id not in out and item.grades < 3 and at is not None:
            assert Fraction(item.total + 3 - item.grades, 3) <= Fraction(at).limit_denominator(3)
    open_ = [n for n, item in enumerate(images) if item.grades < 3]
    if open_:
        n, grade = data.draw(st.sampled_from(open_)), data.draw(st.integers(1, 5))
        images[n] = replace(images[n], grades=images[n].grades + 1, total=images[n].total + grade)
        assert {x for x in out if x != images[n].image_id} <= stopped(images, 3, size)


def test_the_bar_is_set_by_decided_images_alone() -> None:
    """Not by vetoed ones, nor before there are as many as S takes."""
    images = [asked("a", 1, 1), asked("b", 2), replace(asked("c", 1, 1), vetoed=True), asked("d", 4, 5)]
    assert bar(images, 2, 1) == 1.0
    assert bar(images, 2, 2) == 4.5
    assert bar(images, 2, 3) is None


def test_an_image_that_may_tie_is_asked_on() -> None:
    """Ties go by other things; one above the bar by the least there is, isn't."""
    images = [asked("a", 2, 2, 2), asked("b", 4), asked("c", 5)]
    assert stopped(images, 3, 1) == {"c"}
    assert stopped(images, 3, 2) == set()
    assert [needed(item, 3, 2.0) for item in images] == [0, 2, 0]


def test_a_vetoed_image_needs_nothing() -> None:
    """Nor does it count as stopped."""
    item = Asked("a", 1, 5, vetoed=True)
    assert not hopeless(item, 3, 1.0)
    assert needed(item, 3, 1.0) == 0


def test_more_grades_than_needed_count() -> None:
    """Grades of an earlier campaign may be more."""
    assert asked("a", 1, 2, 3, 4).lowest_mean(3) == 2.5
    assert asked("a", 5).lowest_mean(3) == pytest.approx(7 / 3)


def test_sizes_below_one_are_refused() -> None:
    """There is no bar."""
    for raters, size in ((0, 1), (1, 0)):
        with pytest.raises(InvalidInput, match="at least 1"):
            bar([], raters, size)


def test_what_was_saved_and_at_what_risk() -> None:
    """One judgement in ten is a veto: by hand, two missing judgements would have had one at 1 - 0.9 * 0.9."""
    images = [asked("a", 5), asked("b", 5, 4), asked("c", 5, 5, 5)]
    found = saving(images, 3, vetoes=1, judgements=10)
    assert found.grades == 3
    assert found.vetoes_missed == pytest.approx(0.19 + 0.1)
    assert saving(images, 3, vetoes=0, judgements=0) == Saving(3, 0)
    with pytest.raises(InvalidInput, match="vetoes"):
        saving(images, 3, vetoes=2, judgements=1)


def test_the_risk_is_what_asking_on_would_have_found() -> None:
    """On average over many images."""
    rng, images = random.Random(1), [asked(f"{n}", 5) for n in range(20_000)]
    found = sum(any(rng.random() < 0.05 for _ in range(2)) for _ in images)
    assert saving(images, 3, vetoes=50, judgements=1000).vetoes_missed == pytest.approx(found, rel=0.06)


@given(st.lists(st.tuples(st.lists(st.integers(1, 5), min_size=3, max_size=3), st.integers(0, 3)), max_size=9))
def test_the_bar_never_falls_below_the_floor(rows: list[tuple[list[int], int]]) -> None:
    """Whatever is still said; and where nothing that lacks grades is at the floor, all that lacks some is hopeless."""
    for size in (1, 3):
        now = [asked(f"{n}", *grades[:given]) for n, (grades, given) in enumerate(rows)]
        low = floor(now, 3, size)
        end = bar([asked(f"{n}", *grades) for n, (grades, _) in enumerate(rows)], 3, size)
        assert low <= (float("inf") if end is None else end)
        if not any(item.lowest_mean(3) <= low for item in now if not item.decided(3)):
            at = bar(now, 3, size)
            assert all(hopeless(item, 3, at) for item in now if not item.decided(3))


@pytest.mark.parametrize(("size", "images", "reserved", "expected"), [(20, 99, 12, 3), (5, 100, 0, 0), (5, 4, 9, 5)])
def test_places_are_left_for_t(size: int, images: int, reserved: int, expected: int) -> None:
    """As many as T is likely to take among the lowest."""
    assert expected == crowded(size, images, reserved)
