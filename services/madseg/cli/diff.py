"""`madseg diff`: what entered and left M between two target versions, or between two candidate sets."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from madseg.cli.arguments import Json, Since, Source, Tag, Until, connect, images
from madseg.cli.output import count, emit, headed, several, share, show, table

if TYPE_CHECKING:
    from madseg.client import CandidateChange, CandidateDiff, Contest


def diff(
    old: Annotated[str, typer.Argument(help="What was: a target, name/version, or the id of a candidate set.")],
    new: Annotated[str, typer.Argument(help="What is: the same.")],
    per_ranking: Annotated[int, typer.Option(min=1, max=10_000, help="Images of each ranking of a target.")] = 25,
    top: Annotated[int, typer.Option(min=1, help="How many images to list of those that entered and left.")] = 20,
    allow_incomplete: Annotated[bool, typer.Option(help="Compare although predictions are missing.")] = False,
    keep_near_duplicates: Annotated[bool, typer.Option(help="Count near-duplicates as images of their own.")] = False,
    source: Source = "",
    tag: Tag = None,
    since: Since = None,
    until: Until = None,
    json: Json = False,
) -> None:
    """Show what entered and left M between two target versions, or between two candidate sets.

    The M of a target is cut for the comparison and not stored; two targets are compared over the competitors that both
    have met.
    """
    with connect() as client:
        found = client.diff_candidates(
            old,
            new,
            per_ranking=per_ranking,
            images=images(source, tag, since, until),
            allow_incomplete=allow_incomplete,
            keep_near_duplicates=keep_near_duplicates,
        )
    if json:
        emit(found)
        return
    show(
        headed(f"{old} → {new}", f": {_sum(found)}."),
        *_contests(found),
        "",
        _classes(found),
    )
    for word, changes in (("Entered", found.entered), ("Left", found.left)):
        if changes:
            rest = f", the first {count(top)} of {count(len(changes))}" if len(changes) > top else ""
            show("", headed(word, f"{rest}:"), _listed(changes[:top]))


def _sum(found: "CandidateDiff") -> str:
    entered, left = several(len(found.entered), "image"), count(len(found.left))
    return f"{entered} entered, {left} left, {count(len(found.stayed))} stayed"


def _contests(found: "CandidateDiff") -> list[str]:
    """What both sides stand on; one line where they met the same competitors."""
    before, now = (", ".join(map(_contest, side)) for side in (found.old_contests, found.new_contests))
    return [f"Against {now}."] if before == now else [f"Before: against {before}.", f"Now: against {now}."]


def _contest(item: "Contest") -> str:
    return f"{item.competitor}{'' if item.state == 'complete' else f' ({item.state})'}"


def _classes(found: "CandidateDiff") -> Table:
    made = table("class", "before>", "entered>", "left>", "now>")
    for item in found.classes:
        made.add_row(item.class_name, *map(count, (item.old, item.entered, item.left, item.new)))
    return made


def _listed(changes: "Sequence[CandidateChange]") -> Table:
    made = table("#>", "image", "discrepancy>", "chosen for")
    for item in changes:
        here = (item.new_rank, item.new_discrepancy) if item.new_rank else (item.old_rank, item.old_discrepancy)
        made.add_row(count(here[0]), item.image_id, share(here[1]), ", ".join(item.class_names))
    return made
