"""Progress of long work on standard error: a bar with rate and time left. Silent where that is no terminal."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from madseg.cli.output import margin

T = TypeVar("T")


class RateColumn(ProgressColumn):
    """Items a second, over the last moments."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s", style="progress.data.speed")


def tracked(items: Iterable[T], what: str, total: int | None = None, *, quiet: bool = False) -> Iterator[T]:
    """The items, each counted when the next one is asked for."""
    if quiet or not sys.stderr.isatty():
        yield from items
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=margin(), transient=True) as progress:
        yield from progress.track(items, total=total, description=what)
