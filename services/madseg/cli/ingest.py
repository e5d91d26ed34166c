"""`madseg ingest`: pictures of a folder, of an object store, or of a list of URLs."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from madseg.cli.arguments import Json, connect, tags
from madseg.cli.output import remark

if TYPE_CHECKING:
    from madseg.cli.sending import Tally

app = typer.Typer(no_args_is_help=True, help="Bring pictures in.")

SourceName = Annotated[str, typer.Option("--source", help="Where the pictures come from, as rankings show it.")]
TagPairs = Annotated[list[str] | None, typer.Option("--tag", help="A label KEY=VALUE for each picture.")]


@app.command("folder")
def folder(
    directory: Annotated[Path, typer.Argument(help="Folder of pictures; folders in it count too.")],
    watch: Annotated[bool, typer.Option(help="Go on with pictures that appear, until interrupted.")] = False,
    source: SourceName = "folder",
    tag: TagPairs = None,
    json: Json = False,
) -> None:
    """Bring in the pictures of a folder. Pictures that are in already stay one image."""
    from madseg.cli.progress import tracked
    from madseg.cli.sending import finish, send
    from madseg.gateway.sources import folder as folders

    if watch:
        tally = _watch(directory, source, tag, json=json)
    else:
        items = folders.folder(directory, source=source, tags=tags(tag))
        total = sum(1 for _ in folders.files(directory)) if sys.stderr.isatty() else None
        with connect() as client:
            tally = send(client, items, lambda found: tracked(found, "pictures", total, quiet=json), json=json)
    finish(tally, "Pictures", json=json)


@app.command("bucket")
def bucket(
    url: Annotated[str, typer.Argument(help="s3://bucket/prefix, gs://bucket/prefix or az://container/prefix.")],
    resume: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Remember in FILE how far it came; go on after that.")
    ] = None,
    source: SourceName = "bucket",
    tag: TagPairs = None,
    json: Json = False,
) -> None:
    """Bring in the pictures below a prefix of an object store, in the order of their keys.

    With --resume a run that was stopped goes on where it was, and one that ended takes what sorts after the last key.
    """
    from madseg.adapters.blobs.bucket import Bucket
    from madseg.cli.progress import tracked
    from madseg.cli.resume import Bookmark
    from madseg.cli.sending import finish, send
    from madseg.gateway.sources.bucket import bucket as read

    found = Bucket(url)
    with connect() as client, Bookmark(resume, found.name) as mark:
        items = mark.sent(read(found, after=mark.after, source=source, tags=tags(tag)))
        tally = send(client, items, lambda results: tracked(mark.answered(results), "pictures", quiet=json), json=json)
    finish(tally, "Pictures", json=json)


@app.command("urls")
def urls(
    file: Annotated[Path, typer.Argument(help="One URL a line; lines that begin with # are left out.")],
    source: SourceName = "urls",
    tag: TagPairs = None,
    allow_private: Annotated[bool, typer.Option(help="Also fetch from addresses of private networks.")] = False,
    json: Json = False,
) -> None:
    """Bring in the pictures of a list of URLs."""
    from madseg.cli.progress import tracked
    from madseg.cli.sending import finish, send
    from madseg.core.errors import NotFound
    from madseg.gateway.sources.urls import Fetch
    from madseg.gateway.sources.urls import urls as fetched

    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise NotFound(f"{file} can't be read: {error.strerror}") from error
    items = fetched(lines, source=source, tags=tags(tag), fetch=Fetch(allow_private=allow_private))
    with connect() as client:
        tally = send(client, items, lambda found: tracked(found, "pictures", len(lines), quiet=json), json=json)
    finish(tally, "Pictures", json=json)


def _watch(directory: Path, source: str, tag: list[str] | None, *, json: bool) -> "Tally":
    """Sends until interrupted; what was sent by then is answered."""
    from madseg.cli.progress import tracked
    from madseg.cli.sending import send
    from madseg.gateway.sources.watch import watched

    stopping = Event()
    if not json:
        remark(f"Watching {directory}; Ctrl-C ends it.")
    with connect() as client, _interrupt_sets(stopping):
        items = watched(directory, stopping, source=source, tags=tags(tag))
        return send(client, items, lambda found: tracked(found, "pictures", quiet=json), json=json)


@contextmanager
def _interrupt_sets(stopping: Event) -> Iterator[None]:
    """The first Ctrl-C sets the event, so that what is under way is answered; the second one ends the process."""

    def handle(number: int, frame: FrameType | None) -> None:
        if stopping.is_set():
            signal.default_int_handler(number, frame)
        stopping.set()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
