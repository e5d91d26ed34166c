"""How often somebody may call: a bucket of tokens for each, which fills at a rate and holds a burst."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from madseg.core.errors import TooMany
from madseg.observing.metrics import CALLS_REFUSED

CALLERS = 10_000
"""Callers that are kept in mind; the one that called longest ago is forgotten first, and begins with a full bucket."""


class Rates:
    """Counts the calls of each caller. Thread-safe.

    `rate` is in calls a second, 0 for no limit; `burst` is how many may come at once after a pause. `clock` tells
    seconds.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._refused = CALLS_REFUSED.labels("rate")
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """By caller: how much was in it, and when."""

    def take(self, caller: str) -> None:
        """Counts a call.

        Raises:
            TooMany: it is above the rate; it says in how many seconds the next one may come.
        """
        if not self._rate:
            return
        with self._lock:
            now = self._clock()
            held, seen = self._buckets.get(caller, (float(self._burst), now))
            held = min(self._burst, held + (now - seen) * self._rate)
            self._buckets[caller] = (held - 1 if held >= 1 else held), now
            self._buckets.move_to_end(caller)
            while len(self._buckets) > CALLERS:
                self._buckets.popitem(last=False)
        if held < 1:
            self._refused.inc()
            wait = (1 - held) / self._rate
            raise TooMany(
                f"{caller} calls more than {self._rate:g} times a second: the next call is taken in {wait:.1f} s",
                retry_after=wait,
            )
