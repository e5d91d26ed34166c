"""`madseg evaluation`: versions compared, what the contests don't see, and competitions of any versions."""

from typing import TYPE_CHECKING, Annotated

import typer

from madseg.cli.arguments import Json, connect
from madseg.cli.output import count, emit, headed, several, share, show, table
from madseg.cli.standing_tables import halfway, signed

if TYPE_CHECKING:
    from rich.table import Table

    from madseg.client import Competition, Coverage, Duel, PairedDifference, TestSet, VersionComparison

app = typer.Typer(no_args_is_help=True, help="Judge versions: in pairs, on the random lane, in competitions.")

Round = Annotated[int, typer.Option("--round", min=0, help="On T of this round. Default: on the random lane.")]
Model = Annotated[str, typer.Option("--model", help="Which target. Default: the only one.")]
VersionNumber = Annotated[int, typer.Option("--version", min=0, help="Which version. Default: the newest.")]
FailedBelow = Annotated[float, typer.Option(min=0, max=1, help="An image with a lower mIoU is a failure.")]
PerRanking = Annotated[int, typer.Option(min=1, max=10_000, help="How many of each ranking would be mined.")]

SHOWN = 10
"""Failures that are listed."""


@app.command("compare")
def compare(
    versions: Annotated[
        list[str] | None, typer.Argument(metavar="[VERSION...]", help="name/version, at most 8. Default: the target's.")
    ] = None,
    round_number: Round = 0,
    model: Model = "",
    json: Json = False,
) -> None:
    """Compare versions in pairs: gains with intervals, corrected by Holm, and how many more masks would settle it."""
    with connect() as client:
        found = client.compare_versions(_kind(round_number), round_number, versions or (), model=model)
    emit(found) if json else show(*_comparison(found))


@app.command("coverage")
def coverage(
    round_number: Round = 0,
    version: VersionNumber = 0,
    failed_below: FailedBelow = 0.5,
    per_ranking: PerRanking = 25,
    model: Model = "",
    json: Json = False,
) -> None:
    """Show how much of what a version gets wrong its contests see, and the failures that none of them ranks."""
    with connect() as client:
        found = client.coverage(
            _kind(round_number),
            round_number,
            version=version,
            failed_below=failed_below,
            per_ranking=per_ranking,
            model=model,
        )
    emit(found) if json else show(*_coverage(found))


@app.command("lane")
def lane(failed_below: FailedBelow = 0.5, per_ranking: PerRanking = 25, model: Model = "", json: Json = False) -> None:
    """Show the random lane: masks, vetoes, versions in pairs, and the failures that mining can't find."""
    with connect() as client:
        compared = client.compare_versions(model=model)
        seen = client.coverage(failed_below=failed_below, per_ranking=per_ranking, model=model)
    if json:
        emit({"comparison": compared, "coverage": seen})
        return
    show(*_comparison(compared), "", *_coverage(seen))


@app.command("contest")
def contest(
    candidate_set: Annotated[str, typer.Argument(metavar="[SET]", help="Which set. Default: the newest.")] = "",
    json: Json = False,
) -> None:
    """Show who won a competition, and how the contestants rank. `madseg candidates cut --contestant` makes one."""
    with connect() as client:
        found = client.competition(candidate_set)
    emit(found) if json else show(*_competition(found))


def _kind(round_number: int) -> str:
    return "round" if round_number else "random_lane"


def _named(item: "TestSet") -> str:
    return f"T({item.round})" if item.round else "Random lane"


def _comparison(found: "VersionComparison") -> list[object]:
    vetoed = f", {count(found.test_set.vetoed)} vetoed" if found.test_set.vetoed else ""
    head = headed(_named(found.test_set), f": {several(found.test_set.images, 'image')}{vetoed}")
    parts: list[object] = [head, _pairs(found.pairs) if found.pairs else "There is no pair to compare."]
    groups = [" = ".join(map(str, group.versions)) for group in found.ties if len(group.versions) > 1]
    if groups:
        parts.append(f"Can't be told apart, at 5 % by Holm's correction: {'; '.join(groups)}.")
    if found.stability:
        parts.append(f"The ranking by half of the images correlates {halfway(found.stability)} with that by all.")
    return parts


def _pairs(pairs: "tuple[PairedDifference, ...]") -> "Table":
    made = table("", "gain>", "95 % interval>", "p (Holm)>", "better>", "worse>", "more>")
    made.columns[0].no_wrap = True
    for item in pairs:
        figures = (*signed(item.gain), _chance(item.corrected), str(item.better), str(item.worse))
        made.add_row(f"{item.after} – {item.before}", *figures, count(item.more_images))
    return made


def _coverage(found: "Coverage") -> list[object]:
    head = headed(str(found.version), f" on {several(found.images, 'image')} of {_named(found.test_set)}")
    if not found.images:
        return [head, "None of them was compared in a contest."]
    made = table("of least discrepancy", "mean 1 - mIoU>")
    wanted = [min(found.curve, key=lambda item: abs(item.coverage - part)) for part in (0.25, 0.5, 0.75, 1.0)]
    for point in dict.fromkeys(wanted):
        made.add_row(f"{point.coverage:.0%}", share(point.risk))
    correlation = "–" if found.correlation is None else f"{found.correlation:.2f}"
    parts: list[object] = [head, made, f"Discrepancy and error correlate {correlation}.", _failures(found)]
    if found.worst:
        worst = table("image", "mIoU>", "mean discrepancy>", "rankings>", "mined in>")
        for item in found.worst[:SHOWN]:
            figures = (share(item.mean_iou), share(item.mean_discrepancy), count(item.rankings), count(item.top))
            worst.add_row(item.image_id, *figures)
        parts += ["", worst]
    return parts


def _failures(found: "Coverage") -> str:
    part = found.unranked_share
    if part is None:
        return "It fails on none of them."
    return (
        f"It fails on {several(found.failures, 'image')}. No contest ranks {count(found.unranked)} of them: "
        f"{part.value:.0%} ({part.low:.0%} – {part.high:.0%}); {count(found.behind)} are ranked, but too far behind to "
        "be mined."
    )


def _competition(found: "Competition") -> list[object]:
    vetoed = f", {count(found.vetoed)} vetoed" if found.vetoed else ""
    told = f": {several(found.images, 'image')}, {count(found.drawn)} with an accepted mask{vetoed}"
    parts: list[object] = [headed(found.candidate_set_id, told)]
    if found.ranking:
        made = table("#>", "version", "strength>")
        for place, item in enumerate(found.ranking, 1):
            made.add_row(str(place), str(item.version), f"{item.strength:.3f}")
        parts.append(made)
    else:
        parts.append(f"Not every pair has a mask: `madseg masks add --set {found.candidate_set_id}` makes the tasks.")
    parts += ["", _duels(found.duels)]
    if found.stability:
        parts.append(f"The ranking by half of the places correlates {halfway(found.stability)} with that by all.")
    return parts


def _duels(duels: "tuple[Duel, ...]") -> "Table":
    made = table("", "drawn>", "mIoU>", "gain>", "95 % interval>", "p (Holm)>", "right>", "more>")
    made.columns[0].no_wrap = True
    for item in duels:
        drawn = f"{count(item.drawn)} of {count(item.images)}"
        if item.first_figure is None or item.second_figure is None or item.gain is None:
            made.add_row(f"{item.second} – {item.first}", drawn, *["–"] * 6)
            continue
        figures = f"{item.second_figure.value:.3f} – {item.first_figure.value:.3f}"
        right = f"{count(item.second_right)} – {count(item.first_right)}"
        told = (figures, *signed(item.gain), _chance(item.corrected), right, count(item.more_images))
        made.add_row(f"{item.second} – {item.first}", drawn, *told)
    return made


def _chance(p_value: float | None) -> str:
    return "–" if p_value is None else f"{p_value:.4f}"
