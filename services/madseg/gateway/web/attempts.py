"""How often an address may try to sign in."""

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

    def check(self, address: str) -> None:
        """Raises TooMany where too many have failed."""
        failed, now = self._failed.get(address), self._clock()
        while failed and failed[0] <= now - WINDOW_SECONDS:
            failed.popleft()
        if failed and len(failed) >= LIMIT:
            wait = math.ceil(failed[0] + WINDOW_SECONDS - now)
            CALLS_REFUSED.labels("rate").inc()
            raise TooMany(f"too many tokens that nobody has: try again in {wait} s", retry_after=wait)

    def failed(self, address: str) -> None:
        """Counts one."""
        self._failed.setdefault(address, deque()).append(self._clock())
        self._failed.move_to_end(address)
        while len(self._failed) > ADDRESSES:
            self._failed.popitem(last=False)
