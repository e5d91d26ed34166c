"""How many images come through a second, over the last hour."""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock

from madseg.client import Client, ClientError
from madseg.runtime import Repeated

SAMPLE_SECONDS = 10.0
POINTS = 360
"""An hour of samples."""


class Throughput:
    """Rates between samples of a count, in memory alone. Thread-safe."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, float]] = deque(maxlen=POINTS)
        self._last: tuple[float, int] | None = None
        self._lock = Lock()

    def sample(self, at: float, images: int) -> None:
        """Takes a count at a moment in seconds since 1970. What is forgotten makes no rate negative."""
        with self._lock:
            if self._last is not None and at > self._last[0]:
                rate = max(0, images - self._last[1]) / (at - self._last[0])
                self._points.append((at, rate))
            self._last = at, images

    def gap(self) -> None:
        """The count isn't known now: no rate spans this."""
        with self._lock:
            self._last = None

    def series(self) -> list[dict[str, object]]:
        """Moments and images a second, oldest first."""
        with self._lock:
            points = list(self._points)
        return [{"at": datetime.fromtimestamp(at, UTC), "value": round(value, 3)} for at, value in points]


def sampling(
    throughput: Throughput, client: Callable[[], Client], clock: Callable[[], float], pause: float = SAMPLE_SECONDS
) -> Repeated:
    """Samples the selector's count of images."""

    def sample() -> bool:
        try:
            throughput.sample(clock(), client().selector_status().images)
        except ClientError:  # the overview says that the selector doesn't answer
            throughput.gap()
        return False

    return Repeated("throughput", sample, pause)
