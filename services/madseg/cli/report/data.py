"""What a report shows: plain values, no connection and no markup."""

from dataclasses import dataclass, field
from datetime import datetime

from madseg.report.marks import Figure
from madseg.report.panels import LegendClass


@dataclass(frozen=True)
class Cell:
    """One ranking in numbers: `defender` is "target" or "competitor", `competitor` a version such as "theirs/1".

    The defender sees the class in `images` images, `eligible` of them meet the content constraint;
    discrepancies are in [0, 1], `top` is None for an empty ranking.
    """

    class_name: str
    competitor: str
    defender: str
    images: int
    eligible: int
    mean: float
    top: float | None


@dataclass(frozen=True)
class Place:
    """A place in a ranking: whose map gives the class, the rank from 1, and the class's share of that map, (0, 1]."""

    defender: str
    rank: int
    area_share: float


@dataclass(frozen=True)
class Finding:
    """One image that is shown for a class and a competitor, with its place in one or both of their rankings.

    `picture` is the canonical picture's file, or None where there is none; the maps are in the wire form of label maps,
    or None where a version has none. `discrepancy` is 1 - mIoU, [0, 1].
    """

    image_id: str
    class_name: str
    competitor: str
    discrepancy: float
    places: tuple[Place, ...]
    picture: bytes | None = field(repr=False)
    target_map: bytes | None = field(repr=False)
    competitor_map: bytes | None = field(repr=False)
    source: str = ""
    captured_at: datetime | None = None
    near_duplicates: int = 0


@dataclass(frozen=True)
class ClassCost:
    """How rare what was found is: `found` distinct images of the class among all `images` that were compared."""

    class_name: str
    found: int
    images: int

    @property
    def one_in(self) -> float:
        """Images to look at, drawn at random, for each of those that were found."""
        return self.images / self.found if self.found else float("inf")

    @property
    def words(self) -> str:
        """`one_in` as it is shown: small numbers with a decimal."""
        return f"{self.one_in:,.0f}" if self.one_in >= 10 else f"{self.one_in:.1f}"


@dataclass(frozen=True)
class Stage:
    """Throughput of a stage: (seconds since the start, images per second)."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class ReportData:
    """A whole report. `picture` is the longest side of its pictures in pixels."""

    title: str
    target: str
    made_at: datetime
    figures: tuple[Figure, ...]
    legend: tuple[LegendClass, ...]
    cells: tuple[Cell, ...]
    findings: tuple[Finding, ...]
    costs: tuple[ClassCost, ...] = ()
    stages: tuple[Stage, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    criteria_id: str = ""
    introduction: str = ""
    picture: int = 256
