"""How often an address may show tokens that nobody has. One that somebody has counts all the same: behind a proxy many
share an address."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from madseg.core.errors import TooMany
from madseg.observing.metrics import CALLS_REFUSED

LIMIT = 10
"""Tokens that nobody has, within `WINDOW_SECONDS`."""

WINDOW_SECONDS = 60.0

ADDRESSES = 10_000
"""Addresses that are kept in mind; the one that failed longest ago is forgotten first."""


class Attempts:
    """Counts what failed, by address. For the event loop's thread alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()

    def count(self, address: str) -> None:
        """Counts one that failed. Raises TooMany, and doesn't count it, where too many have."""
        failed, now = self._failed.setdefault(address, deque()), self._clock()
        while failed and failed[0] <= now - WINDOW_SECONDS:
            failed.popleft()
        if len(failed) >= LIMIT:
            wait = math.ceil(failed[0] + WINDOW_SECONDS - now)
            CALLS_REFUSED.labels("rate").inc()
            raise TooMany(f"too many tokens that nobody has: try again in {wait} s", retry_after=wait)
        failed.append(now)
        self._failed.move_to_end(address)
        while len(self._failed) > ADDRESSES:
            self._failed.popitem(last=False)
