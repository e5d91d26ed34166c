"""`madseg report`: one self-contained HTML file that shows what was found."""

from pathlib import Path
from typing import Annotated

import typer

from madseg.cli.arguments import Json, Target, connect
from madseg.cli.output import count, emit, show


def report(
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write it.")] = Path("report.html"),
    target: Target = None,
    top: Annotated[int, typer.Option(min=1, max=50, help="Images of each ranking.")] = 3,
    picture: Annotated[int, typer.Option(min=64, max=1024, help="Longest side of a picture in pixels.")] = 256,
    title: Annotated[str, typer.Option(help="Its title.")] = "Where the models disagree",
    json: Json = False,
) -> None:
    """Write a report on the rankings: pictures, label maps, figures, in one HTML file."""
    from madseg.cli.report import collect, write_report

    with connect() as client:
        data = collect(client, target=target, top=top, picture=picture, title=title, quiet=json)
    size = write_report(output, data)
    if json:
        emit({"output": str(output), "bytes": size, "findings": len(data.findings)})
        return
    show(f"{output}: {count(len({item.image_id for item in data.findings}))} images, {size / 1e6:,.1f} MB.")
