"""Room for what is done at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from madseg.core.errors import Busy
from madseg.security.crowd import AGAIN_SECONDS, Room


def room(limit: int) -> Room:
    """For so many."""
    return Room("calls", "the shop is full", limit)


def test_there_is_room_until_it_is_full_and_again_when_somebody_has_left() -> None:
    """Whoever is refused hears when to come again, and takes nothing."""
    shop = room(2)
    with shop.hold() as first:
        first.take(1)
        shop.check()
        with shop.hold() as second:
            second.take(1)
            for ask in (shop.check, shop.take):
                with pytest.raises(Busy, match="the shop is full: try again in a moment") as refused:
                    ask()
                assert refused.value.retry_after == AGAIN_SECONDS
        shop.take()
        shop.give()
    with shop.hold() as all_of_it:
        all_of_it.take(2)


def test_what_is_held_may_become_more_or_less() -> None:
    """And nothing is held any more after it became too much."""
    shop = room(10)
    with shop.hold() as held:
        held.become(8)
        held.become(3)
        shop.take(7)
        shop.give(7)
        with pytest.raises(Busy):
            held.become(11)
        shop.take(10)
        shop.give(10)


def test_what_fails_gives_back() -> None:
    """However a block ends."""
    shop = room(1)

    def fail() -> None:
        with shop.hold() as held:
            held.take(1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    shop.take()


def test_never_more_are_in_than_there_is_room_for() -> None:
    """From many threads."""
    shop, inside, most = room(3), [0], [0]

    def visit(_: int) -> int:
        try:
            with shop.hold() as held:
                held.take(1)
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1
                return 1
        except Busy:
            return 0

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(visit, range(2000))) >= 3
    assert most[0] <= 3
    shop.take(3)
