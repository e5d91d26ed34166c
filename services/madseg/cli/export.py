"""`madseg export`: everything that a deployment knows, in open formats, and whether such a folder is still whole."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from madseg.cli.arguments import Json, connect
from madseg.cli.output import count, emit, remark, several, show

app = typer.Typer(no_args_is_help=True, help="Write out everything that is known, in open formats.")

SHOWN = 20
"""Faults that are named; the rest is counted."""


class Pictures(StrEnum):
    """Which pictures go along."""

    NONE = "none"
    CANONICAL = "canonical"
    ORIGINAL = "original"
    BOTH = "both"


class Maps(StrEnum):
    """How the models' label maps go along; masks that people drew always do."""

    NONE = "none"
    PNG = "png"
    RUNS = "runs"


@app.command("all")
def all_(
    target: Annotated[Path, typer.Argument(help="The folder to make.")],
    pictures: Annotated[Pictures, typer.Option(help="Which pictures go along.")] = Pictures.NONE,
    label_maps: Annotated[
        Maps, typer.Option(help="The models' label maps as PNG, in wire form (smaller; masks too), or none.")
    ] = Maps.PNG,
    json: Json = False,
) -> None:
    """Write images, label maps, rankings, candidates, scores, masks, runs, rounds and models to a folder.

    The same command resumes a run that was cut off. Images that are forgotten before it ends aren't in it.
    """
    from datetime import UTC, datetime

    from madseg.cli.everything.folder import opened
    from madseg.cli.everything.forgetting import forgotten, sweep
    from madseg.cli.everything.images import Wanted, write_images, written
    from madseg.cli.everything.label_maps import drawing
    from madseg.cli.everything.manifest import seal
    from madseg.cli.everything.parts import write_parts
    from madseg.cli.imports import served_taxonomy
    from madseg.cli.progress import tracked

    kinds = ("original", "canonical") if pictures is Pictures.BOTH else (pictures.value,)
    choice = {"pictures": pictures.value, "label_maps": label_maps.value}
    with connect() as client, opened(target, choice, lambda: datetime.now(UTC)) as folder:
        form = drawing(label_maps.value, served_taxonomy(client.selector_status()))
        left_out = write_parts(folder, client, form)
        wanted = Wanted(
            () if pictures is Pictures.NONE else kinds,
            None if label_maps is Maps.NONE else form,
        )
        for _ in tracked(write_images(folder, client, wanted), "thousands of images", quiet=json):
            pass
        asked_at = datetime.now(UTC)
        sweep(folder, forgotten(folder, client))
        facts = {
            "images": written(folder),
            "left_out": left_out,
            "without_images_forgotten_before": asked_at.isoformat(),
        }
        manifest = seal(folder, datetime.now(UTC), facts)
    if json:
        emit({"target": str(target), **manifest})
        return
    for part, reason in left_out.items():
        remark(f"Left out {part}: {reason}.")
    show(f"{target}: {count(manifest['files'])} files, {count(manifest['bytes'] >> 20)} MiB.")


@app.command("check")
def check(folder: Annotated[Path, typer.Argument(help="What was exported.")], json: Json = False) -> None:
    """Tell whether an export is whole and unchanged. Asks no service. Exit status 3: it isn't."""
    from madseg.cli.everything.manifest import faults, manifest_of
    from madseg.cli.failures import REFUSED
    from madseg.cli.progress import tracked

    files, found = 0, []
    for name, fault in tracked(faults(folder, manifest_of(folder)), "files", quiet=json):
        files += 1
        found += [] if fault is None else [{"file": name, "fault": fault}]
    if json:
        emit({"folder": str(folder), "files": files, "faults": found})
    else:
        for item in found[:SHOWN]:
            remark(f"{item['file']} {item['fault']}.")
        show(f"{folder}: {several(files, 'file')}, {several(len(found), 'fault')}.")
    if found:
        raise typer.Exit(REFUSED)
