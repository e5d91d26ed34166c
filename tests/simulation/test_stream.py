"""The wild stream has the rates that it promises, and near-duplicates that are near."""

import subprocess
import sys
from collections import Counter
from itertools import islice

import numpy as np
import pytest

from madseg.simulation.stream import mode_of, original_of, wild_scene, wild_stream
from madseg.simulation.world import NEAR_DUPLICATE, OUT_OF_DOMAIN, RATES, TRAINING, World

LONG = 30_000


@pytest.fixture(scope="module")
def modes() -> Counter[str]:
    return Counter(mode_of(1, index) for index in range(LONG))


def test_nine_images_in_ten_are_of_the_training_domain(modes: Counter[str]) -> None:
    """The failures together have a tenth."""
    assert sum(rate for _, rate in RATES) == pytest.approx(0.10)
    assert modes[TRAINING] / LONG == pytest.approx(0.90, abs=0.006)


def test_each_failure_mode_has_its_rate(modes: Counter[str]) -> None:
    """Within four standard deviations of a binomial draw."""
    for mode, rate in RATES:
        assert abs(modes[mode] - rate * LONG) < 4 * (LONG * rate * (1 - rate)) ** 0.5


def test_there_are_at_least_eight_failure_modes_of_moderate_rate() -> None:
    """0.2 to 2 % each, near-duplicates and images out of domain not counted."""
    failures = [rate for mode, rate in RATES if mode not in (NEAR_DUPLICATE, OUT_OF_DOMAIN)]
    assert len(failures) >= 8
    assert all(0.002 <= rate <= 0.02 for _, rate in RATES)


def test_the_stream_may_be_entered_anywhere() -> None:
    """Image i is the same from the start, from the middle and by itself."""
    whole = list(islice(wild_stream(2), 12))
    tail = list(wild_stream(2, start=7, stop=12))
    assert [s.image.tobytes() for s in whole[7:]] == [s.image.tobytes() for s in tail]
    assert np.array_equal(whole[9].image, wild_scene(2, 9).image)


def test_a_near_duplicate_is_a_later_frame_of_an_earlier_failure() -> None:
    """It names its original, which looks nearly the same."""
    seen = 0
    for index in range(4000):
        if mode_of(3, index) != NEAR_DUPLICATE or (original := original_of(3, index)) is None:
            continue
        frame, first = wild_scene(3, index), wild_scene(3, original)
        assert dict(frame.tags) == {"original": str(original), "original_mode": first.mode}
        assert original < index
        assert frame.mode == NEAR_DUPLICATE
        assert (frame.truth == first.truth).mean() > 0.7
        assert not np.array_equal(frame.image, first.image)
        seen += 1
    assert seen >= 5


def test_an_image_out_of_domain_says_so() -> None:
    """The tag is what a rater would say."""
    index = next(i for i in range(LONG) if mode_of(4, i) == OUT_OF_DOMAIN)
    assert wild_scene(4, index).tags == (("veto", "out of domain"),)


def test_a_world_may_have_other_rates() -> None:
    """Experiments can do without failures."""
    assert {mode_of(1, index, World(rates=())) for index in range(500)} == {TRAINING}
    assert {mode_of(1, index, World(rates=(("night", 1.0),))) for index in range(50)} == {"night"}


def test_the_stream_runs_without_torch() -> None:
    """The demo's machine need not have it."""
    code = "import sys, madseg.simulation.stream; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
