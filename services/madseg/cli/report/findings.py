"""The images that were found, by class and competitor: photograph, both label maps, and where they differ."""

from collections.abc import Iterable, Sequence
from html import escape

from madseg.cli.report.data import ClassCost, Finding, Place, ReportData
from madseg.cli.report.pictures import difference, photo
from madseg.report.marks import anchor, panel, swatch
from madseg.report.panels import label_map


def sections(data: ReportData) -> str:
    """One section for each class that has findings, in the order of the findings."""
    names = list(dict.fromkeys(item.class_name for item in data.findings))
    return "".join(_class(data, name, [item for item in data.findings if item.class_name == name]) for name in names)


def _class(data: ReportData, name: str, found: Sequence[Finding]) -> str:
    colour = next((item.colour for item in data.legend if item.name == name), None)
    others = list(dict.fromkeys(item.competitor for item in found))
    cost = next((item for item in data.costs if item.class_name == name), None)
    groups = "".join(_competitor(data, name, other, [x for x in found if x.competitor == other]) for other in others)
    return (
        f'<section class="class" id="{anchor(name)}" data-class="{escape(name)}" aria-labelledby="{anchor(name)}-h">'
        f'<h3 id="{anchor(name)}-h">{swatch(colour)}{escape(name)}</h3>{_cost(cost)}{groups}</section>'
    )


def _cost(cost: ClassCost | None) -> str:
    if cost is None or not cost.found:
        return ""
    return (
        f'<p class="aside">{cost.found:,} of {cost.images:,} images: drawn at random, '
        f"one in {cost.words} would be one of these.</p>"
    )


def _competitor(data: ReportData, name: str, other: str, found: Sequence[Finding]) -> str:
    cards = "".join(_card(data, item) for item in found)
    return (
        f'<div class="group" data-class="{escape(name)}" data-competitor="{escape(other)}">'
        f"<h4>{escape(data.target)} against {escape(other)}</h4>"
        f'<div class="cards">{cards}</div></div>'
    )


def _card(data: ReportData, item: Finding) -> str:
    side = data.picture
    panels = (
        ("photo", "Photograph", photo(item, side)),
        ("map", data.target, label_map(item.target_map, data.legend, data.target, side)),
        ("map", item.competitor, label_map(item.competitor_map, data.legend, item.competitor, side)),
        ("difference", "They differ", difference(item, side)),
    )
    shown = "".join(panel(*item) for item in panels)
    return (
        f'<article class="card"><div class="panels">{shown}</div><div class="facts">'
        f'<p class="measure"><strong>{item.discrepancy:.3f}</strong> discrepancy</p>'
        f'<ul class="places">{"".join(_place(data, item, place) for place in item.places)}</ul>'
        f'<p class="origin">{_origin(item)}</p></div></article>'
    )


def _place(data: ReportData, item: Finding, place: Place) -> str:
    who = data.target if place.defender == "target" else item.competitor
    return (
        f'<li class="{escape(place.defender)}"><b>No. {place.rank:,}</b> where {escape(who)} sees it, '
        f"on {place.area_share:.1%} of the picture</li>"
    )


def _origin(item: Finding) -> str:
    return " · ".join(_origin_parts(item))


def _origin_parts(item: Finding) -> Iterable[str]:
    if item.near_duplicates:
        plural = "s" if item.near_duplicates > 1 else ""
        yield f"{item.near_duplicates:,} near-duplicate{plural} behind it"
    if item.source:
        yield escape(item.source)
    if item.captured_at is not None:
        yield f'<time datetime="{item.captured_at.isoformat()}">{item.captured_at:%Y-%m-%d %H:%M}</time>'
    yield f"<code>{escape(item.image_id)}</code>"
