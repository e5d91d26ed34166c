"""Turns of threads."""

import threading
import time

import pytest

from madseg.adapters.databases.turns import Turns


def test_turns_come_in_the_order_of_asking() -> None:
    """Of thirty who wait."""
    turns, order = Turns(), list[int]()

    def wait(number: int) -> None:
        with turns.take(30):
            order.append(number)

    threads = []
    with turns.take(1):
        for number in range(30):
            threads.append(threading.Thread(target=wait, args=(number,)))
            threads[-1].start()
            while len(turns._waiting) <= number:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == list(range(30))


def test_a_turn_that_does_not_come_is_given_up() -> None:
    """And whoever gave up doesn't hold up the next."""
    turns = Turns()
    with turns.take(1), pytest.raises(TimeoutError, match=r"no turn in 0\.05 s"), turns.take(0.05):
        pass
    with turns.take(0):
        pass


def test_an_error_gives_the_turn_back() -> None:
    """To the next."""
    turns = Turns()
    with pytest.raises(KeyError), turns.take(1):
        raise KeyError
    with turns.take(0):
        pass


def test_nobody_is_in_at_once() -> None:
    """However many there are, and some that give up."""
    turns, inside, most = Turns(), [0], [0]

    def work() -> None:
        for round_ in range(40):
            try:
                with turns.take(0.002 if round_ % 5 == 0 else 30):
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    time.sleep(0.0002)
                    inside[0] -= 1
            except TimeoutError:
                pass

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
