"""How often somebody may call."""

import pytest

from madseg.core.errors import TooMany
from madseg.security.rates import CALLERS, Rates


def test_a_caller_has_a_burst_and_then_a_rate() -> None:
    """The refusal says in how many seconds the next call is taken, and then it is."""
    now = [100.0]
    rates = Rates(4, 3, lambda: now[0])
    for _ in range(3):
        rates.take("ada")
    with pytest.raises(TooMany, match=r"ada calls more than 4 times a second: the next call is taken in 0\.2 s") as no:
        rates.take("ada")
    assert no.value.retry_after == 0.25
    now[0] += no.value.retry_after
    rates.take("ada")
    with pytest.raises(TooMany):
        rates.take("ada")


def test_a_pause_fills_the_bucket_and_no_more() -> None:
    """However long it was."""
    now = [0.0]
    rates = Rates(10, 2, lambda: now[0])
    for _ in range(2):
        now[0] += 3600
        for _ in range(2):
            rates.take("ada")
        with pytest.raises(TooMany):
            rates.take("ada")


def test_callers_do_not_take_from_each_other() -> None:
    """Each has a bucket."""
    rates = Rates(1, 1, lambda: 0.0)
    for name in ("ada", "ben"):
        rates.take(name)
        with pytest.raises(TooMany):
            rates.take(name)


def test_no_rate_is_no_limit() -> None:
    """As by default."""
    rates = Rates(0, 1, lambda: 0.0)
    for _ in range(100):
        rates.take("ada")


def test_the_caller_of_longest_ago_is_forgotten_first() -> None:
    """Memory is bounded, whatever names come."""
    rates = Rates(1, 1, lambda: 0.0)
    for number in range(CALLERS):
        rates.take(str(number))
    with pytest.raises(TooMany):
        rates.take("0")
    rates.take("another")
    with pytest.raises(TooMany):
        rates.take("0")
    rates.take("1")
