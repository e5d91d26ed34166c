"""`madseg report`: one self-contained HTML file that shows what was found, or what a round came to."""

from pathlib import Path
from typing import Annotated

import typer

from madseg.cli.arguments import Json, Target, connect
from madseg.cli.output import count, emit, show


def report(
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write it.")] = Path("report.html"),
    target: Target = None,
    round_id: Annotated[str, typer.Option("--round", help="Report on this round, or on the `newest` one.")] = "",
    top: Annotated[int, typer.Option(min=1, max=50, help="Images of each ranking.")] = 3,
    shown: Annotated[int, typer.Option(min=0, max=1000, help="Counterexamples of a round with pictures.")] = 24,
    picture: Annotated[int, typer.Option(min=64, max=1024, help="Longest side of a picture in pixels.")] = 256,
    title: Annotated[str, typer.Option(help="Its title.")] = "Where the models disagree",
    json: Json = False,
) -> None:
    """Write a report on the rankings, or on a round: pictures, label maps, figures, in one HTML file."""
    if round_id:
        _on_round(output, "" if round_id == "newest" else round_id, shown, picture, json)
        return
    from madseg.cli.report import collect, write_report

    with connect() as client:
        data = collect(client, target=target, top=top, picture=picture, title=title, quiet=json)
    size = write_report(output, data)
    if json:
        emit({"output": str(output), "bytes": size, "findings": len(data.findings)})
        return
    show(f"{output}: {count(len({item.image_id for item in data.findings}))} images, {size / 1e6:,.1f} MB.")


def _on_round(output: Path, round_id: str, shown: int, side: int, json: bool) -> None:
    from madseg.client import NotFound
    from madseg.report.facts import gather
    from madseg.report.round_page import write_round

    def picture(image_id: str) -> bytes | None:
        try:
            return client.picture(image_id).content
        except NotFound:
            return None

    with connect() as client:
        facts = gather(client, picture, round_id, shown=shown, side=side)
    size = write_round(output, facts)
    if json:
        emit({"output": str(output), "bytes": size, "round": facts.round.id, "repairs": len(facts.repairs)})
        return
    show(f"{output}: round {facts.round.number}, {count(len(facts.repairs))} counterexamples, {size / 1e6:,.1f} MB.")
