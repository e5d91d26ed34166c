"""The queues against what is known of them, and against slow ones."""

import math

import numpy as np
import pytest

from deploy.sizing.simulate import Layout, Times, arrivals, collected, quantile, served, simulate

TIMES = Times(gateway=0.01, predictor=0.01, gpu=0.02, selector=0.001, batch=0.005)
ENOUGH = Layout(gateways=2, predictors=2, gpus=4, selectors=2, partitions=8)


def erlang_c(load: float, servers: int) -> float:
    """Probability that one has to wait where `load` servers are busy on average (Erlang, 1917)."""
    terms = [load**number / math.factorial(number) for number in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (1, 0.8), (3, 2.0), (8, 6.0)])
def test_waiting_is_what_theory_says(servers: int, load: float) -> None:
    """Of random arrivals and exponential times, on average: C / (c mu - lambda)."""
    rng = np.random.default_rng(1)
    came, took = np.cumsum(rng.exponential(1 / load, 200_000)), rng.exponential(1.0, 200_000)
    waited = float(np.mean(served(came, servers, took) - came - took))
    assert waited == pytest.approx(erlang_c(load, servers) / (servers - load), rel=0.1)


def test_a_batch_is_what_waits_when_the_one_before_is_done() -> None:
    """By hand: one process, a second a batch and a tenth an image."""
    layout = Layout(gateways=1, predictors=1, gpus=1, selectors=1, partitions=1)
    times = Times(gateway=0, predictor=0, gpu=0, selector=0.1, batch=1.0)
    done = collected(np.array([0.0, 0.5, 1.0, 5.0]), layout, times, np.random.default_rng(0))
    assert done.tolist() == pytest.approx([1.1, 2.3, 2.3, 6.1])


def test_as_many_come_as_were_asked_for_and_twice_as_many_in_a_burst() -> None:
    """In order, whatever the rate."""
    came = arrivals(50.0, 600.0, np.random.default_rng(2))
    assert (np.diff(came) >= 0).all()
    assert len(came) == pytest.approx(50 * 600, rel=0.02)
    burst = int(np.count_nonzero(came % 60 < 10))
    assert burst == pytest.approx(2 * 50 * 100, rel=0.04)


def test_an_image_takes_at_least_what_it_costs() -> None:
    """And hardly more where nobody waits."""
    quiet = simulate(0.5, ENOUGH, TIMES, 200)
    assert 0.05 < quiet.median < 0.12
    assert quiet.keeps_up


def test_what_has_too_little_does_not_keep_up() -> None:
    """The station that is at fault is the busy one."""
    slow = Layout(gateways=8, predictors=8, gpus=1, selectors=2, partitions=8)
    found = simulate(100.0, slow, TIMES, 60)
    assert not found.keeps_up
    assert max(found.busy, key=found.busy.__getitem__) == "gpu"
    assert found.p99 > found.first_half_p99


def test_more_of_everything_is_never_slower() -> None:
    """With the same images."""
    double = Layout(gateways=4, predictors=4, gpus=8, selectors=4, partitions=8)
    assert simulate(80.0, double, TIMES, 60).p99 <= simulate(80.0, ENOUGH, TIMES, 60).p99


def test_quantiles_of_few() -> None:
    """By rank; none is 0."""
    assert [quantile(np.array([3.0, 1.0, 2.0]), share) for share in (0.01, 0.5, 0.99)] == [1.0, 2.0, 3.0]
    assert quantile(np.array([]), 0.5) == 0.0
