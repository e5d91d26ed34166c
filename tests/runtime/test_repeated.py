"""A chore that is done again and again: at once while there is more, later where there is none or something failed."""

import threading

from madseg.core.errors import Unavailable
from madseg.runtime import Repeated


def test_it_goes_on_at_once_while_there_is_more() -> None:
    """Without the pause."""
    left = [True] * 50 + [False]
    done = threading.Event()

    def act() -> bool:
        more = left.pop(0)
        if not more:
            done.set()
        return more

    part = Repeated("chore", act, pause=3600)
    part.start()
    assert done.wait(30)
    part.stop()
    assert left == []


def test_what_fails_is_done_again() -> None:
    """Whether a part is away or the chore is broken: the thread goes on."""
    troubles: list[Exception] = [Unavailable("away"), ZeroDivisionError("a defect")]
    done = threading.Event()

    def act() -> bool:
        if troubles:
            raise troubles.pop(0)
        done.set()
        return False

    part = Repeated("chore", act, pause=0.001)
    part.start()
    assert done.wait(30)
    part.stop()


def test_it_stops_in_a_pause_and_after_what_is_under_way() -> None:
    """And a part that was never started stops too."""
    Repeated("never", lambda: False, pause=1).stop()
    begun, finish, ended = threading.Event(), threading.Event(), threading.Event()

    def act() -> bool:
        begun.set()
        finish.wait(30)
        ended.set()
        return False

    part = Repeated("chore", act, pause=3600)
    part.start()
    assert begun.wait(30)
    stopping = threading.Thread(target=part.stop)
    stopping.start()
    finish.set()
    stopping.join(30)
    assert not stopping.is_alive()
    assert ended.is_set()


def test_a_stop_hurries_what_is_under_way() -> None:
    """Else it would wait until that has ended by itself."""
    begun, hurried = threading.Event(), threading.Event()

    def act() -> bool:
        begun.set()
        assert hurried.wait(30)
        return False

    part = Repeated("chore", act, pause=3600, hurry=hurried.set)
    part.start()
    assert begun.wait(30)
    part.stop()
    assert hurried.is_set()
