"""`madseg rankings`: the overview of all rankings, or the entries of those of one class."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from madseg.cli.arguments import (
    Competitor,
    DefenderOption,
    Json,
    Since,
    Source,
    Tag,
    Target,
    Until,
    connect,
    images,
)
from madseg.cli.failures import USAGE, fail
from madseg.cli.following import watched
from madseg.cli.output import count, emit, headed, moment, plain, several, share, show, table

if TYPE_CHECKING:
    from madseg.client import Client, ImageFilter, RankingEntry, RankingKey, RankingSummary

ClassName = Annotated[str, typer.Option("--class", help="Show the entries of this class's rankings.")]
Top = Annotated[int, typer.Option(min=1, max=1000, help="How many entries of each ranking.")]
Watch = Annotated[bool, typer.Option(help="Show the ranking again whenever it changes. Needs --class.")]


def rankings(
    class_name: ClassName = "",
    target: Target = None,
    competitor: Competitor = None,
    defender: DefenderOption = None,
    top: Top = 10,
    watch: Watch = False,
    source: Source = "",
    tag: Tag = None,
    since: Since = None,
    until: Until = None,
    json: Json = False,
) -> None:
    """Show where target and competitors disagree most.

    Without --class: one line for each competitor and class that was seen. With it: the images, worst first.
    """
    chosen = images(source, tag, since, until)
    if chosen and not class_name:
        fail("--source, --tag, --since and --until choose images of one class's rankings: add --class", USAGE)
    with connect() as client:
        found = client.rankings(target=target, competitor=competitor, defender=defender, class_name=class_name)
        if watch:
            _watch(client, found, top, chosen, json=json)
        elif class_name:
            _entries(client, found, top, chosen, json=json)
        else:
            _overview(found, json=json)


def _overview(found: "Sequence[RankingSummary]", *, json: bool) -> None:
    if json:
        emit(found)
        return
    cells = {
        (item.key.class_name, str(item.key.competitor), item.key.defender.value): item for item in found if item.images
    }
    made = table("class", "competitor", "target sees>", "worst>", "competitor sees>", "worst>")
    rows = list(dict.fromkeys((name, other) for name, other, _ in sorted(cells)))
    for at, (name, other) in enumerate(rows):
        sides = [cells.get((name, other, side)) for side in ("target", "competitor")]
        figures = [text for side in sides for text in (_eligible(side), share(side.top_discrepancy if side else None))]
        first = at == 0 or rows[at - 1][0] != name
        made.add_row(name if first else "", other, *figures)
    show(made if rows else "No ranking yet: images are needed that a target and a competitor have segmented.")


def _eligible(item: "RankingSummary | None") -> str:
    return count(item.eligible if item else None)


def _entries(
    client: "Client", found: "Sequence[RankingSummary]", top: int, chosen: "ImageFilter | None", *, json: bool
) -> None:
    for at, item in enumerate(found):
        key = item.key
        ranking = client.ranking(key.target, key.competitor, key.defender, key.class_name, images=chosen, page_size=top)
        entries = list(islice(ranking, top))
        if json:
            for entry in entries:
                emit({**plain(key), **plain(entry)})
            continue
        show(*([""] if at else []), _title(key, item), _listed(entries) if entries else "No image.")
    if not found and not json:
        show("No ranking of this class yet.")


def _title(key: "RankingKey", item: "RankingSummary") -> Text:
    where = f"where the {key.defender} sees it ({several(item.eligible, 'image')})"
    return headed(key.class_name, f": {key.target} against {key.competitor}, {where}")


def _listed(entries: "Iterable[RankingEntry]") -> Table:
    made = table("#>", "image", "discrepancy>", "area>", "like it>", "taken")
    for item in entries:
        likes = count(len(item.near_duplicates)) if item.near_duplicates else ""
        figures = (share(item.discrepancy), share(item.area_share), likes)
        made.add_row(count(item.rank), item.image_id, *figures, moment(item.captured_at)[:10])
    return made


def _watch(
    client: "Client", found: "Sequence[RankingSummary]", top: int, chosen: "ImageFilter | None", *, json: bool
) -> None:
    if len(found) != 1:
        fail(f"--watch shows one ranking, these are {len(found)}: add --class, --competitor and --defender", USAGE)
    key = found[0].key
    names = (key.target, key.competitor, key.defender, key.class_name)
    pages = watched(lambda: client.watch(*names, top=top, images=chosen))
    if json:
        with suppress(KeyboardInterrupt):
            for page in pages:
                emit({**plain(key), "revision": page.revision, "entries": page.entries})
        return
    from rich.console import Group
    from rich.live import Live

    from madseg.cli.output import screen

    console = screen()
    with suppress(KeyboardInterrupt):
        if not console.is_terminal:
            for page in pages:
                show(_title(key, found[0]), _listed(page.entries), "")
            return
        with Live(console=console, auto_refresh=False) as live:
            for page in pages:
                made = _listed(page.entries)
                live.update(Group(_title(key, found[0]), made, f"revision {page.revision}"), refresh=True)
