"""What the report of a round shows: the services' answers, brought together."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from madseg.report.panels import LegendClass
from madseg.report.repairs import Repair, Repairs

if TYPE_CHECKING:
    from madseg.client import (
        Agreement,
        Campaign,
        Client,
        Competition,
        Coverage,
        Opinion,
        Round,
        Run,
        Standings,
        VersionComparison,
    )

AT_ONCE = 6
"""Counterexamples that are asked for side by side."""

T = TypeVar("T")

Pictures = Callable[[str], bytes | None]
"""The canonical picture of an image by its id; None where there is none."""


@dataclass(frozen=True)
class RoundFacts:
    """A whole report. What the round hasn't come to yet is None or empty.

    `mined` counts the images of M by class, in the rankings that chose them. `photographs` are of the first images of
    `repairs`, which holds all that have a mask. `hours_drawn` were spent on the masks of S and T, as the page measured
    it; `side` is the longest side of a picture in pixels. `lane` and `coverage` are of the random lane; `competition`
    is the newest one that the version which came of the round, or the one it began with, takes part in.
    """

    round: "Round"
    made_at: datetime
    legend: tuple[LegendClass, ...]
    mined: Mapping[str, int]
    campaign: "Campaign | None"
    agreement: "Agreement | None"
    opinions: "Sequence[Opinion]"
    repairs: Sequence[Repair]
    photographs: Mapping[str, bytes | None] = field(repr=False)
    run: "Run | None"
    standings: "Standings"
    hours_drawn: float = 0.0
    side: int = 256
    lane: "VersionComparison | None" = None
    coverage: "Coverage | None" = None
    competition: "Competition | None" = None


def gather(
    client: "Client",
    pictures: Pictures,
    round_id: str = "",
    *,
    shown: int = 24,
    side: int = 256,
    made_at: datetime | None = None,
) -> RoundFacts:
    """The facts of a round (default: the newest), with pictures of the first `shown` images of S.

    Raises:
        ClientError: a service didn't answer, there is no such round, or the caller may not know.
    """
    found = client.round(round_id)
    scored = bool(found.campaign_id)
    repairs = _repairs(client, found)
    images = [item.image_id for item in repairs[:shown]]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        photographs = dict(zip(images, pool.map(pictures, images), strict=True))
    return RoundFacts(
        found,
        made_at or datetime.now(UTC),
        _legend(client),
        _mined(client, found),
        client.campaign(found.campaign_id) if scored else None,
        client.agreement(found.campaign_id) if scored else None,
        tuple(client.opinions(found.campaign_id, page_size=1000)) if scored else (),
        repairs,
        photographs,
        client.run(found.run_id) if found.run_id else None,
        client.standings(found.target.model),
        _hours_drawn(client, found),
        side,
        *_judged(client, found),
    )


def _judged(client: "Client", found: "Round") -> "tuple[VersionComparison | None, Coverage | None, Competition | None]":
    """What there is: without masks of the random lane, or without a competition, there is none."""
    whose = found.released or found.target
    met = _there(client.competition)
    return (
        _there(lambda: client.compare_versions(model=whose.model)),
        _there(lambda: client.coverage(version=whose.version, model=whose.model)),
        met if met is not None and {found.released, found.target} & set(met.contestants) else None,
    )


def _there(ask: "Callable[[], T]") -> "T | None":
    from madseg.client import NotFound

    try:
        return ask()
    except NotFound:
        return None


def _repairs(client: "Client", found: "Round") -> list[Repair]:
    known = Repairs(client, found)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        parts = pool.map(lambda place: known.part(place, 1), range(len(known)))
        return [item for part in parts for item in part]


def _mined(client: "Client", found: "Round") -> Mapping[str, int]:
    if not found.candidate_set_id:
        return {}
    counts: Counter[str] = Counter()
    for item in client.candidates(found.candidate_set_id, page_size=1000):
        counts.update({placement.key.class_name for placement in item.placements})
    return dict(counts.most_common())


def _hours_drawn(client: "Client", found: "Round") -> float:
    if not found.campaign_id:
        return 0.0
    tasks = client.mask_tasks(found.campaign_id, page_size=1000)
    return sum(task.seconds_drawing for task in tasks) / 3600


def _legend(client: "Client") -> tuple[LegendClass, ...]:
    status = client.selector_status()
    pairs = zip(status.class_names, status.colours, strict=True)
    return tuple(LegendClass(name, colour, name in status.ranked) for name, colour in pairs)
