"""Collects a report over the client: rankings from the selector, pictures from intake."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from madseg.cli.report.data import Cell, ClassCost, Finding, Place, ReportData, Stage
from madseg.report.marks import Figure
from madseg.report.panels import LegendClass

if TYPE_CHECKING:
    from madseg.client import Client, Contest, RankingSummary, SelectorStatus, Version

AT_ONCE = 8
"""Images that are fetched side by side."""


def collect(
    client: "Client",
    *,
    target: "str | Version | None" = None,
    top: int = 3,
    picture: int = 256,
    title: str = "Where the models disagree",
    introduction: str = "",
    stages: Sequence[Stage] = (),
    settings: Iterable[tuple[str, str]] = (),
    costs: Sequence[ClassCost] | None = None,
    made_at: datetime | None = None,
    quiet: bool = True,
) -> ReportData:
    """A report on the newest complete contests of the target, with the first `top` images of every ranking.

    `stages`, `settings` and `introduction` are what the caller knows and the services don't. `costs` by default say
    how rare the listed images are among all that were compared.

    Raises:
        ClientError: a service didn't answer.
    """
    status, contests, cells = client.selector_status(), client.contests(), client.matrix(target)
    chosen = cells[0].key.target if cells else None
    contests = [item for item in contests if chosen in (None, item.target)]
    findings = _with_pictures(client, _findings(client, cells, top), quiet=quiet)
    return ReportData(
        title=title,
        target=str(chosen) if chosen else "no target",
        made_at=made_at or datetime.now(UTC),
        figures=_figures(client, status, contests),
        legend=_legend(status),
        cells=tuple(_cell(item) for item in cells),
        findings=findings,
        costs=tuple(costs) if costs is not None else _costs(findings, contests),
        stages=tuple(stages),
        settings=(*settings, *_settings(contests, top)),
        criteria_id=status.criteria_id,
        introduction=introduction,
        picture=picture,
    )


@dataclass(frozen=True)
class _Wanted:
    """A finding before its pictures, with the versions whose maps it shows."""

    finding: Finding
    target: "Version"
    competitor: "Version"


def _findings(client: "Client", cells: "Sequence[RankingSummary]", top: int) -> list[_Wanted]:
    """The first images of every ranking; one that stands in both of a competitor's is shown once, with both places."""
    found: dict[tuple[str, str, str], _Wanted] = {}
    order = list(dict.fromkeys(item.key.class_name for item in cells))
    for item in sorted(cells, key=lambda cell: order.index(cell.key.class_name)):
        key = item.key
        ranking = client.ranking(key.target, key.competitor, key.defender, key.class_name, page_size=top)
        for entry in islice(ranking, top if item.eligible else 0):
            name = (key.class_name, str(key.competitor), entry.image_id)
            place = Place(key.defender.value, entry.rank, entry.area_share)
            if name in found:
                known = found[name]
                found[name] = replace(known, finding=replace(known.finding, places=(*known.finding.places, place)))
                continue
            finding = Finding(
                image_id=entry.image_id,
                class_name=key.class_name,
                competitor=str(key.competitor),
                discrepancy=entry.discrepancy,
                places=(place,),
                picture=None,
                target_map=None,
                competitor_map=None,
                source=entry.source,
                captured_at=entry.captured_at,
                near_duplicates=len(entry.near_duplicates),
            )
            found[name] = _Wanted(finding, key.target, key.competitor)
    return _worst_first(found.values(), order)


def _worst_first(found: Iterable[_Wanted], order: Sequence[str]) -> list[_Wanted]:
    def place(item: _Wanted) -> tuple[int, str, float, str]:
        finding = item.finding
        return (order.index(finding.class_name), finding.competitor, -finding.discrepancy, finding.image_id)

    return sorted(found, key=place)


def _with_pictures(client: "Client", wanted: Sequence[_Wanted], *, quiet: bool) -> tuple[Finding, ...]:
    """The findings with their pictures and maps, each image fetched once."""
    from madseg.cli.progress import tracked

    ids = list(dict.fromkeys(item.finding.image_id for item in wanted))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        pictures = dict(
            zip(
                ids,
                tracked(pool.map(lambda x: _picture(client, x), ids), "pictures", len(ids), quiet=quiet),
                strict=True,
            )
        )
        maps = dict(zip(ids, pool.map(lambda x: _maps(client, x), ids), strict=True))
    return tuple(
        replace(
            item.finding,
            picture=pictures[item.finding.image_id],
            target_map=maps[item.finding.image_id].get(item.target),
            competitor_map=maps[item.finding.image_id].get(item.competitor),
        )
        for item in wanted
    )


def _picture(client: "Client", image_id: str) -> bytes | None:
    """The canonical picture; None for an image that was imported without one, or has been forgotten since."""
    from madseg.client import NotFound

    try:
        return client.picture(image_id).content
    except NotFound:
        return None


def _maps(client: "Client", image_id: str) -> "Mapping[Version, bytes]":
    from madseg.client import NotFound

    try:
        return {item.version: item.label_map for item in client.label_maps(image_id)}
    except NotFound:
        return {}


def _figures(client: "Client", status: "SelectorStatus", contests: "Sequence[Contest]") -> tuple[Figure, ...]:
    """The summary's numbers."""
    intake, newest = client.intake_status(), next(client.candidate_sets(page_size=1), None)
    failed = sum(item.failed for item in status.versions)
    filling = sum(item.state == "filling" for item in contests)
    return (
        Figure(f"{intake.accepted:,}", "images taken in", f"{intake.duplicates:,} were sent again"),
        Figure(f"{status.images:,}", "images with predictions"),
        Figure(f"{len(contests):,}", "contests", f"{filling:,} still filling" if filling else "all complete"),
        *(
            (Figure(f"{newest.size:,}", "candidates in M", f"at most {newest.per_ranking:,} a ranking"),)
            if newest
            else ()
        ),
        *((Figure(f"{newest.near_duplicates:,}", "near-duplicates collapsed"),) if newest else ()),
        Figure(f"{intake.random_lane:,}", "in the random lane", "never mined"),
        Figure(f"{failed:,}", "failed predictions"),
    )


def _legend(status: "SelectorStatus") -> tuple[LegendClass, ...]:
    ranked = set(status.ranked)
    pairs = zip(status.class_names, status.colours, strict=True)
    return tuple(LegendClass(name, colour, name in ranked) for name, colour in pairs)


def _cell(item: "RankingSummary") -> Cell:
    key = item.key
    return Cell(
        key.class_name,
        str(key.competitor),
        key.defender.value,
        item.images,
        item.eligible,
        item.mean_discrepancy,
        item.top_discrepancy,
    )


def _costs(findings: Sequence[Finding], contests: "Sequence[Contest]") -> tuple[ClassCost, ...]:
    """How rare the listed images of each class are among those that were compared."""
    compared = max((item.compared for item in contests), default=0)
    found: dict[str, set[str]] = {}
    for item in findings:
        found.setdefault(item.class_name, set()).add(item.image_id)
    return tuple(ClassCost(name, len(ids), compared) for name, ids in found.items())


def _settings(contests: "Sequence[Contest]", top: int) -> list[tuple[str, str]]:
    shown = [
        (f"{item.target} against {item.competitor}", f"{item.state}, {item.compared:,} compared") for item in contests
    ]
    return [*shown, ("images shown of each ranking", f"{top:,}")]
