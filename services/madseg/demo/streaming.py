"""Streams pictures through running services, and shows how far every stage has come."""

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from madseg.cli.output import margin
from madseg.cli.progress import RateColumn
from madseg.cli.report.data import Stage
from madseg.client import Accepted, Client, Refused, Unavailable, Upload

LOOK_SECONDS = 0.25
"""How often the counts are looked at."""

STALL_SECONDS = 120
"""With no new prediction for this long, something is broken."""


@dataclass
class Streamed:
    """What came of the pictures, in the order sent: their ids, None where one was refused, and throughput by stage.
    `random_lane` are the ids of those that are never mined."""

    image_ids: list[str | None] = field(default_factory=list)
    random_lane: set[str] = field(default_factory=set)
    refused: list[Refused] = field(default_factory=list)
    stages: tuple[Stage, ...] = ()
    seconds: float = 0.0


def stream(client: Client, uploads: Iterable[Upload], total: int, *, quiet: bool = False) -> Streamed:
    """Uploads pictures and waits until every accepted one has been compared.

    `total` is about how many come, for the progress bars.

    Raises:
        Unavailable: nothing has been predicted for two minutes.
    """
    streamed, began = Streamed(), time.monotonic()
    before = client.selector_status().images
    sender = threading.Thread(target=_send, args=(client, uploads, streamed), daemon=True)
    counts: list[tuple[float, int, int]] = [(0.0, 0, 0)]
    with _progress(quiet) as progress:
        bars = [progress.add_task(what, total=total) for what in ("taken in", "compared")]
        sender.start()
        moved = time.monotonic()
        while True:
            sent_all = not sender.is_alive()
            sent, compared = len(streamed.image_ids), client.selector_status().images - before
            if (sent, compared) != counts[-1][1:]:
                moved = time.monotonic()
            counts.append((time.monotonic() - began, sent, compared))
            for bar, number in zip(bars, (sent, compared), strict=True):
                progress.update(bar, completed=number)
            wanted = len({image_id for image_id in streamed.image_ids if image_id is not None})
            if sent_all and compared >= wanted:
                break
            if time.monotonic() - moved > STALL_SECONDS:
                raise Unavailable(f"{compared:,} of {wanted:,} images compared, and none more for {STALL_SECONDS} s")
            time.sleep(LOOK_SECONDS)
    streamed.seconds = counts[-1][0]
    streamed.stages = tuple(_stage(name, counts, column) for column, name in ((1, "taken in"), (2, "compared")))
    return streamed


def _send(client: Client, uploads: Iterable[Upload], streamed: Streamed) -> None:
    for outcome in client.upload_many(uploads):
        if isinstance(outcome, Accepted):
            streamed.image_ids.append(outcome.image_id)
            if outcome.random_lane:
                streamed.random_lane.add(outcome.image_id)
        else:
            streamed.refused.append(outcome)
            streamed.image_ids.append(None)


def _progress(quiet: bool) -> Progress:
    columns = (TextColumn("  {task.description:<10}"), BarColumn(), MofNCompleteColumn(), RateColumn())
    shown = not quiet and sys.stderr.isatty()
    return Progress(*columns, TimeRemainingColumn(), console=margin(), disable=not shown)


def _stage(name: str, counts: list[tuple[float, int, int]], column: int, every: float = 2.0) -> Stage:
    """Images per second over steps of about `every` seconds."""
    points, last = [], counts[0]
    for count in _spaced(counts, every):
        points.append((count[0], (count[column] - last[column]) / (count[0] - last[0])))
        last = count
    return Stage(name, tuple(points))


def _spaced(counts: list[tuple[float, int, int]], every: float) -> Iterator[tuple[float, int, int]]:
    last = counts[0][0]
    for count in counts[1:]:
        if count[0] - last >= every:
            last = count[0]
            yield count
    if counts[-1][0] > last:
        yield counts[-1]
