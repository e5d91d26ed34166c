"""How many images of a source are taken in within a window of time, over all gateways of a database.

    MADSEG_INTAKE_CAPS=camera-7=1000/h,camera-7=5000/d,*=100000/d,**=1000000/d

`*` is each source without a cap of its own, for itself; `**` is all sources together, whose names senders choose. A
window is a number of s, m, h or d, and begins at whole multiples of its length since 1970: hours and days of UTC. In a
name, commas and equals signs are written as in a URL, %2C and %3D.

A place is taken before the picture is decoded or stored, and given back where no new image comes of it. Whatever a kill
cuts off keeps its place until the window ends, so there may be a few images less, never more.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import unquote

import structlog
from sqlalchemy import Connection

from madseg.core.errors import InvalidInput, TooMany, Unavailable
from madseg.core.times import moment
from madseg.gateway import store
from madseg.observing.metrics import CALLS_REFUSED
from madseg.ports import Database

log = structlog.get_logger("madseg.gateway")

EACH, TOGETHER = "*", "**"

KEPT_MICROS = 3600 * 1_000_000
"""How long windows that have ended are kept: longer than clocks of gateways differ."""

MAX_IMAGES = 2**31 - 1
"""What the column holds."""

MAX_SECONDS = 366 * 86400

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_CAP = re.compile(r"(?P<source>[^=]+)=(?P<images>\d+)/(?P<number>\d*)(?P<unit>[smhd])")


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many images of a source, `*` or `**` within a window of so many seconds."""

    source: str
    images: int
    seconds: int


def parse_caps(text: str) -> tuple[Cap, ...]:
    """The caps of a setting; none for "".

    Raises:
        InvalidInput: one that can't be read, or two for one source and window.
    """
    caps = tuple(_cap(part.strip()) for part in text.split(",") if part.strip())
    if len({(cap.source, cap.seconds) for cap in caps}) < len(caps):
        raise InvalidInput(f"MADSEG_INTAKE_CAPS has two caps for one source and window: {text!r}")
    return caps


def _cap(part: str) -> Cap:
    found = _CAP.fullmatch(part)
    if found is None:
        raise InvalidInput(f"MADSEG_INTAKE_CAPS takes SOURCE=IMAGES/WINDOW such as camera-7=1000/h, got {part!r}")
    cap = Cap(unquote(found["source"]), int(found["images"]), int(found["number"] or 1) * _SECONDS[found["unit"]])
    if not 0 <= cap.images <= MAX_IMAGES or not 1 <= cap.seconds <= MAX_SECONDS:
        raise InvalidInput(f"MADSEG_INTAKE_CAPS takes at most {MAX_IMAGES} images in 1 s to 366 d, got {part!r}")
    return cap


class Place:
    """Of an upload. `used` says whether a new image came of it; None where that isn't known, as something failed."""

    used: bool | None = None


class Caps:
    """Counts images by their source. Thread-safe; `clock` gives microseconds since 1970."""

    def __init__(self, caps: Sequence[Cap], database: Database, clock: Callable[[], int]) -> None:
        self._caps, self._database, self._clock = caps, database, clock
        self._named = {cap.source for cap in caps}

    def check(self, tx: Connection, source: str) -> None:
        """Raises TooMany where the source has no place left; spares those who are refused the writing."""
        for cap, window in self._windows(source):
            if store.taken(tx, window) >= cap.images:
                raise self._full(cap, window)

    @contextmanager
    def place(self, source: str, image: str) -> Iterator[Place]:
        """A block that takes in an image of a source.

        Raises:
            TooMany: the source has no place left; the message says when there is one.
        """
        windows, place = self._windows(source), Place()
        if windows:
            with self._database.write(beside=True) as tx:
                for cap, window in windows:
                    if not store.take_place(tx, window, cap.images):
                        raise self._full(cap, window)
        try:
            yield place
        finally:
            if windows and not place.used:
                self._give_back([window for _, window in windows], image, known=place.used is not None)

    def tidy(self) -> bool:
        """Forgets windows that ended long ago. There is never more to do at once."""
        with self._database.write(beside=True) as tx:
            store.drop_windows(tx, self._clock() - KEPT_MICROS)
        return False

    def _give_back(self, windows: Sequence[store.Window], image: str, *, known: bool) -> None:
        try:
            with self._database.write(beside=True) as tx:
                if known or not store.find_images(tx, [image]):
                    for window in windows:
                        store.give_place(tx, window)
        except Unavailable as error:
            log.warning("place_not_given_back", source=windows[0].source, reason=str(error))

    def _windows(self, source: str) -> list[tuple[Cap, store.Window]]:
        """The windows that an image of a source falls into now, in an order that is the same for all."""
        caps = [cap for cap in self._caps if cap.source in {TOGETHER, source if source in self._named else EACH}]
        if not caps:
            return []
        now, found = self._clock(), []
        for cap in caps:
            begun = now - now % (cap.seconds * 1_000_000)
            found.append((cap, store.Window("" if cap.source == TOGETHER else source, cap.seconds, begun)))
        return sorted(found, key=lambda item: (item[1].source, item[1].seconds))

    def _full(self, cap: Cap, window: store.Window) -> TooMany:
        CALLS_REFUSED.labels("cap").inc()
        ends = window.begun + window.seconds * 1_000_000
        whose = f"source {window.source} has had its" if window.source else "all sources together have had their"
        again = moment(ends).isoformat(timespec="seconds").replace("+00:00", "Z")
        return TooMany(
            f"{whose} {cap.images} images in {_words(cap.seconds)}: there is room again at {again}",
            retry_after=max(ends - self._clock(), 1) / 1e6,
        )


def _words(seconds: int) -> str:
    """A length of time, such as `15 m`."""
    unit = next(unit for unit, length in reversed(_SECONDS.items()) if seconds % length == 0)
    return f"{seconds // _SECONDS[unit]} {unit}"
