"""Figures that a service knows when it is asked: counts in its tables, what serves. They are read at a scrape.

So they cost nothing while nobody looks, and are right however often the service was started anew.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from madseg.observing.metrics import REGISTRY

log = structlog.get_logger("madseg.observing")

READ_SECONDS = 5.0
"""How long a scrape waits for a service, whose database may be away; Prometheus gives up after 10."""


@dataclass(frozen=True)
class Figure:
    """A gauge that is read at a scrape: name, sentence, names of its labels."""

    name: str
    sentence: str
    labels: tuple[str, ...] = ()

    def at(self, value: float, *labels: str) -> "Reading":
        """What it shows, with a value for each label."""
        return Reading(self, value, labels)


@dataclass(frozen=True)
class Reading:
    """What a figure shows."""

    figure: Figure
    value: float
    labels: tuple[str, ...]


Read = Callable[[], Iterable[Reading]]
"""Asks a service for its figures."""


class Readings:
    """A part of a process: while it runs, a scrape asks `read` too. One of each name counts, the one started last.

    Where `read` fails or takes too long its figures are left out of the scrape, and the others stand there.
    """

    def __init__(self, name: str, read: Read, wait: float = READ_SECONDS) -> None:
        self._name, self._read, self._wait = name, read, wait
        self._reading: threading.Thread | None = None
        self._found: list[Reading] = []

    def start(self) -> None:
        _ASKING.add(self._name, self)

    def stop(self) -> None:
        _ASKING.remove(self._name, self)
        if self._reading is not None:
            self._reading.join()

    def ask(self) -> list[Reading]:
        """What `read` gives now; nothing where it fails or doesn't answer in time. It is asked once at a time."""
        if self._reading is None or not self._reading.is_alive():
            self._found = []
            self._reading = threading.Thread(target=self._ask, name=f"read {self._name}", daemon=True)
            self._reading.start()
        self._reading.join(self._wait)
        if self._reading.is_alive():
            log.warning("not_read", service=self._name, reason=f"no answer within {self._wait:g} s")
            return []
        return self._found

    def _ask(self) -> None:
        try:
            self._found = list(self._read())
        except Exception as error:  # noqa: BLE001 (a scrape shows the rest)
            log.warning("not_read", service=self._name, reason=f"{type(error).__name__}: {error}")


class _Asking(Collector):
    """All services of this process that are asked at a scrape, one scrape at a time."""

    def __init__(self) -> None:
        self._lock, self._scraping = threading.Lock(), threading.Lock()
        self._asked: dict[str, Readings] = {}

    def add(self, name: str, readings: Readings) -> None:
        with self._lock:
            self._asked[name] = readings

    def remove(self, name: str, readings: Readings) -> None:
        with self._lock:
            if self._asked.get(name) is readings:
                del self._asked[name]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self._lock:
            asked = list(self._asked.values())
        families: dict[str, GaugeMetricFamily] = {}
        with self._scraping:
            for reading in (reading for readings in asked for reading in readings.ask()):
                figure = reading.figure
                if figure.name not in families:
                    families[figure.name] = GaugeMetricFamily(figure.name, figure.sentence, labels=figure.labels)
                families[figure.name].add_metric(reading.labels, reading.value)
        yield from families.values()

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing: what there will be isn't known before it is asked for."""
        return ()


_ASKING = _Asking()
REGISTRY.register(_ASKING)
