"""What goes on for long, followed to its end: a bar on a terminal, and patience with a server that restarts."""

import sys
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from madseg.cli.output import margin, plain, remark

T = TypeVar("T")

PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 10.0
"""Before a stream is asked for again: the first pause, and what it doubles up to."""

PATIENCE_SECONDS = 600.0
"""How long a server may be away, of which a restart takes a part; then its absence is the command's error."""


def followed(
    found: T,
    watch: Callable[[], Iterator[T]],
    doing: Callable[[T], tuple[str, float]],
    *,
    quiet: bool,
    each: Callable[[T], None] | None = None,
) -> T:
    """The last that `watch` tells, `found` where it tells nothing.

    `doing` are the words and the share, [0, 1], of the bar. `each` hears every one of them.
    """
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    hidden = quiet or not sys.stderr.isatty()
    with Progress(*columns, console=margin(), transient=True, disable=hidden) as bar:
        task = bar.add_task("", total=1.0)
        for now in watched(watch):
            found = now
            words, share = doing(now)
            bar.update(task, description=words, completed=share)
            if each is not None:
                each(now)
    return found


def watched(
    watch: Callable[[], Iterator[T]],
    *,
    pause: float = PAUSE_SECONDS,
    patience: float = PATIENCE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[T]:
    """What a stream tells until it ends by itself. Where the server goes away it is asked for again, after pauses.

    What comes twice in a row for that reason is told once.

    Raises:
        ClientError: the server stays away for `patience` seconds, or fails otherwise.
    """
    from madseg.client import TooMany, Unavailable  # gRPC takes a third of a second to load

    last: object = None
    failures, gone = 0, 0.0
    while True:
        try:
            for item in watch():
                failures = 0
                found = plain(item)  # as it is told: NaN doesn't equal itself
                if found != last:
                    last = found
                    yield item
            return
        except (TooMany, Unavailable) as error:
            gone = gone if failures else clock()
            if clock() - gone >= patience:
                raise
            if failures == 1:  # a restart is nothing to tell of
                remark(f"The {error.service or 'service'} is away; this goes on when it answers again.")
            failures += 1
            least = error.retry_after if isinstance(error, TooMany) else 0.0
            time.sleep(max(least, min(pause * 2 ** min(failures - 1, 10), LONGEST_PAUSE_SECONDS)))
