"""Versions on the random lane, what the contests don't see, and the competition: as parts of a report."""

from html import escape
from typing import TYPE_CHECKING

from madseg.report.plot import plot
from madseg.report.words import signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from madseg.client import Competition, Coverage, Duel, VersionComparison

FAILURES = 10
"""Failures that are named."""


def lane(compared: "VersionComparison | None") -> str:
    """Every pair of versions on the random lane; nothing without one."""
    if compared is None or not compared.pairs:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(str(item.before))}</th><td>{escape(str(item.after))}</td>'
        f"<td>{signed(item.gain.value)}</td><td>{signed(item.gain.low)} to {signed(item.gain.high)}</td>"
        f"<td>{_chance(item.corrected)}</td><td>{item.better:,}</td><td>{item.worse:,}</td>"
        f"<td>{_count(item.more_images)}</td></tr>"
        for item in compared.pairs
    )
    vetoed = f", {compared.test_set.vetoed:,} vetoed" if compared.test_set.vetoed else ""
    words = (
        f"The random lane is never mined: {compared.test_set.images:,} images with a mask{vetoed}. Pairs are compared "
        "image by image, and p is corrected by Holm over all of them."
    )
    heads = ("From", "To", "Gain", "95 % interval", "p (Holm)", "Better", "Worse", "More images to tell them apart")
    steady = _steadiness(compared.stability, "images")
    return f'<p class="aside">{words}</p>{_table("Versions on the random lane", heads, rows)}{steady}'


def coverage(found: "Coverage | None") -> str:
    """How much of what the version gets wrong its contests see; nothing where nothing was compared."""
    if found is None or not found.images:
        return ""
    told = "It fails on none of these images."
    if found.unranked_share is not None:
        part = found.unranked_share
        told = (
            f"It fails on {found.failures:,} of {found.images:,} images. No contest ranks {found.unranked:,} of them: "
            f"{part.value:.0%} ({part.low:.0%} – {part.high:.0%}) of its failures can’t be mined, because every "
            f"competitor errs alike or the content constraint keeps them out. {found.behind:,} are ranked too far "
            "behind."
        )
    correlation = "" if found.correlation is None else f"; rank correlation with discrepancy {found.correlation:.2f}"
    caption = f"Mean 1 − mIoU of the images of least discrepancy, by their share{correlation}"
    points = [(item.coverage, item.risk) for item in found.curve]
    ends = (f"{points[0][0]:.0%} of the images", "all") if points else ("", "")
    drawn = plot("Risk by coverage", caption, [points], ends)
    return (
        f'<p class="aside">{escape(str(found.version))} on the random lane. {told}</p>'
        f'<div class="curves">{drawn}</div>{_failures(found)}'
    )


def competition(found: "Competition | None") -> str:
    """Who is right where the contestants disagree most; nothing without one."""
    if found is None:
        return ""
    rows = "".join(map(_duel, found.duels))
    vetoed = f", {found.vetoed:,} vetoed" if found.vetoed else ""
    words = (
        f"Each pair met where it disagrees most, in both roles: {found.images:,} images, {found.drawn:,} with a mask"
        f"{vetoed}. These images are the hardest for both; the figures tell who is right, not how good either is."
    )
    ranking = "".join(
        f'<tr><th scope="row">{escape(str(item.version))}</th><td>{item.strength:.3f}</td></tr>'
        for item in found.ranking
    )
    heads = ("First", "Second", "Masks", "mIoU of first", "mIoU of second", "Gain", "95 % interval", "p (Holm)",
             "First right", "Second right", "More images to tell them apart")  # fmt: skip
    ranked = _table("Ranking of the contestants", ("Version", "Strength"), ranking) if ranking else ""
    steady = _steadiness(found.stability, "places")
    return f'<p class="aside">{words}</p>{_table("Duels", heads, rows)}{ranked}{steady}'


def _duel(item: "Duel") -> str:
    names = f'<th scope="row">{escape(str(item.first))}</th><td>{escape(str(item.second))}</td>'
    drawn = f"<td>{item.drawn:,} of {item.images:,}</td>"
    if item.first_figure is None or item.second_figure is None or item.gain is None:
        return f"<tr>{names}{drawn}{'<td>–</td>' * 8}</tr>"
    return (
        f"<tr>{names}{drawn}<td>{item.first_figure.value:.3f}</td><td>{item.second_figure.value:.3f}</td>"
        f"<td>{signed(item.gain.value)}</td><td>{signed(item.gain.low)} to {signed(item.gain.high)}</td>"
        f"<td>{_chance(item.corrected)}</td><td>{item.first_right:,}</td><td>{item.second_right:,}</td>"
        f"<td>{_count(item.more_images)}</td></tr>"
    )


def _failures(found: "Coverage") -> str:
    if not found.worst:
        return ""
    rows = "".join(
        f'<tr><th scope="row"><code>{escape(item.image_id)}</code></th><td>{item.mean_iou:.3f}</td>'
        f"<td>{item.mean_discrepancy:.3f}</td><td>{item.rankings:,}</td><td>{item.top:,}</td></tr>"
        for item in found.worst[:FAILURES]
    )
    heads = ("Worst failures", "mIoU", "Mean discrepancy", "Rankings", "Mined in")
    return _table("Worst failures", heads, rows)


def _steadiness(stability: "Sequence[float]", unit: str) -> str:
    points = [(float(at), value) for at, value in enumerate(stability, 1) if value == value]
    if len(points) < 2:
        return ""
    caption = f"Rank correlation of the ranking by so many {unit} with that by all"
    ends = (f"{points[0][0]:.0f}", f"{points[-1][0]:.0f} {unit}")
    return f'<div class="curves">{plot("How much the ranking needs", caption, [points], ends)}</div>'


def _table(label: str, heads: "Sequence[str]", rows: str) -> str:
    shown = "".join(f'<th scope="col">{head}</th>' for head in heads)
    return (
        f'<div class="scroll" role="region" aria-label="{label}" tabindex="0"><table class="plain">'
        f"<thead><tr>{shown}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _chance(p_value: float | None) -> str:
    return "–" if p_value is None else "&lt; 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"
