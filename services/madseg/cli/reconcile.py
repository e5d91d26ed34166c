"""`madseg reconcile`: have asked what has no prediction, and queue what never arrived."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from madseg.cli.arguments import Json, connect
from madseg.cli.output import count, emit, several, show

if TYPE_CHECKING:
    from madseg.client import Client

BATCH = 1000
"""How many ids a call takes."""


def reconcile(
    failed: Annotated[bool, typer.Option("--failed", help="Also images on which a version failed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    json: Json = False,
) -> None:
    """Queue images once more that lack a prediction of a version that takes part, or that never arrived.

    Only what is missing is predicted. A new version is taken over the images by itself; this is for what got lost.
    """
    from madseg.cli.progress import tracked

    with connect() as client:
        lacking = set(tracked(client.list_missing(include_failed=failed), "missing predictions", quiet=json))
        accepted = client.intake_status().accepted
        lost = set(_never_seen(client, tracked(client.images(), "accepted images", accepted, quiet=json)))
        replays = client.selector_status().replays
        requested, requeued, unknown = 0, 0, 0
        for ids in () if dry_run else _batches(sorted(lacking)):
            requested += client.request_predictions(ids, include_failed=failed).requested
        for ids in () if dry_run else _batches(sorted(lost)):
            answer = client.requeue(ids)
            requeued, unknown = requeued + answer.requeued, unknown + len(answer.unknown)
    if json:
        counts = {"requested": requested, "requeued": requeued, "without_picture": unknown}
        emit({"missing": len(lacking), "never_seen": len(lost), "replays": replays, **counts})
        return
    for item in replays:
        show(f"{item.version} is being taken over the images by itself: {count(item.missing)} missing.")
    show(
        f"Without a prediction of every version{' or failed' if failed else ''}: {several(len(lacking), 'image')}.",
        f"Accepted, but never arrived at the selector: {several(len(lost), 'image')}.",
        f"Queued once more: {several(requested + requeued, 'image')}."
        if not dry_run
        else "Nothing was queued: --dry-run.",
    )
    if unknown:
        show(f"Without a picture at intake (forgotten or expired since): {several(unknown, 'image')}.")


def _never_seen(client: "Client", ids: Iterable[str]) -> Iterator[str]:
    for batch in _batches(ids):
        yield from client.find_unknown(batch)


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for item in ids:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
