"""`madseg candidates`: cutting the candidate set M, and reading it."""

from collections import Counter
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from madseg.cli.arguments import Json, Since, Source, Tag, Target, Until, connect, images
from madseg.cli.output import count, emit, headed, moment, several, share, show, table

if TYPE_CHECKING:
    from madseg.client import Candidate, CandidateSet

app = typer.Typer(no_args_is_help=True, help="Cut the candidate set M, and read it.")


class Strategy(StrEnum):
    """By what images are put in order."""

    DISCREPANCY = "discrepancy"
    ENTROPY = "entropy"
    RANDOM = "random"


SetId = Annotated[str, typer.Argument(metavar="[SET]", help="Which set. Default: the newest.")]


@app.command("cut")
def cut(
    per_ranking: Annotated[int, typer.Option(min=1, max=10_000, help="Images of each ranking.")] = 25,
    target: Target = None,
    allow_incomplete: Annotated[bool, typer.Option(help="Cut although predictions are missing.")] = False,
    keep_near_duplicates: Annotated[bool, typer.Option(help="Count near-duplicates as images of their own.")] = False,
    key: Annotated[str, typer.Option(help="Cutting again with the same key answers with the same set.")] = "",
    note: Annotated[str, typer.Option(help="A note for people.")] = "",
    strategy: Annotated[Strategy, typer.Option(help="By what images are put in order.")] = Strategy.DISCREPANCY,
    size: Annotated[int, typer.Option(min=0, max=10_000, help="Images, by entropy or random.")] = 0,
    grouped: Annotated[
        bool, typer.Option("--grouped", help="By entropy or random: through the rankings' classes and constraint.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Decides the lots.")] = 0,
    contestant: Annotated[
        list[str] | None, typer.Option(help="Let versions compete, name/version; two or more. In place of a target.")
    ] = None,
    source: Source = "",
    tag: Tag = None,
    since: Since = None,
    until: Until = None,
    json: Json = False,
) -> None:
    """Cut the candidate set M: the worst images of every ranking, each image once; or by entropy, or by lot."""
    with connect() as client:
        made = client.cut_candidates(
            per_ranking=per_ranking,
            target=target,
            images=images(source, tag, since, until),
            allow_incomplete=allow_incomplete,
            keep_near_duplicates=keep_near_duplicates,
            idempotency_key=key,
            note=note,
            strategy=strategy.value,
            size=size,
            grouped=grouped,
            seed=seed,
            contestants=contestant or (),
        )
    if json:
        emit(made)
        return
    show(_described(made), f"`madseg candidates list {made.id}` lists them.")


@app.command("sets")
def sets(json: Json = False) -> None:
    """List the candidate sets cut so far."""
    with connect() as client:
        found = list(client.candidate_sets())
    if json:
        emit(found)
        return
    made = table("set", "cut", "images>", "per ranking>", "near-duplicates>", "note")
    for item in found:
        figures = map(count, (item.size, item.per_ranking, item.near_duplicates))
        made.add_row(item.id, moment(item.cut_at), *figures, item.note)
    show(made if found else "No candidate set yet: `madseg candidates cut` makes one.")


@app.command("list")
def listed(
    candidate_set: SetId = "",
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many. Default: all.")] = None,
    json: Json = False,
) -> None:
    """List the images of a candidate set, worst first. JSON comes in lines, one an image."""
    with connect() as client:
        found = islice(client.candidates(candidate_set), limit)
        if json:
            for item in found:
                emit(item)
            return
        made = table("#>", "image", "discrepancy>", "chosen for")
        for item in found:
            made.add_row(count(item.rank), item.image_id, share(item.discrepancy), _reasons(item))
    show(made)


@app.command("show")
def shown(candidate_set: SetId = "", json: Json = False) -> None:
    """Show what a candidate set was cut from, and how many images each class has in it."""
    with connect() as client:
        members = list(client.candidates(candidate_set))
        chosen = next((item for item in client.candidate_sets() if item.id == (candidate_set or item.id)), None)
    per_class = Counter(name for item in members for name in {place.key.class_name for place in item.placements})
    if json:
        emit({"candidate_set": chosen, "per_class": dict(sorted(per_class.items()))})
        return
    made = table("class", "images>")
    for name, number in per_class.most_common():
        made.add_row(name, count(number))
    show(*([_described(chosen), ""] if chosen else []), made)


def _described(item: "CandidateSet") -> Text:
    lines = [
        f": {several(item.size, 'image')}, {_how(item)},",
        f"{several(item.near_duplicates, 'near-duplicate')} behind them; cut {moment(item.cut_at)}.",
        f"{_whom(item)}; criteria {item.criteria_id}.",
    ]
    return headed(item.id, "\n".join(lines + ([item.note] if item.note else [])))


def _how(item: "CandidateSet") -> str:
    if item.strategy == "discrepancy":
        return f"at most {count(item.per_ranking)} of each ranking"
    words = "by entropy" if item.strategy == "entropy" else f"by lot (seed {item.seed})"
    return f"{words}{' through the rankings of each class' if item.grouped else ' of all images'}"


def _whom(item: "CandidateSet") -> str:
    if item.contestants:
        return f"{', '.join(map(str, item.contestants))} against each other"
    contests = ", ".join(f"{each.competitor} ({each.state})" for each in item.contests)
    target = item.contests[0].target if item.contests else "the target"
    return f"{target} against {contests}"


def _reasons(item: "Candidate") -> str:
    if not item.placements:
        return "–" if item.score is None else f"score {item.score:.3f}"
    first = item.placements[0].key
    more = f" +{len(item.placements) - 1}" if len(item.placements) > 1 else ""
    return f"{first.class_name}, {first.competitor}{more}"
