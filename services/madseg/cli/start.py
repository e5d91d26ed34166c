"""`madseg up` and `madseg demo`: everything in one process."""

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer


def up(
    state: Annotated[Path | None, typer.Option(help="Folder of everything that is kept. [default: state]")] = None,
    repository: Annotated[Path | None, typer.Option(help="The model repository. [default: model_repository]")] = None,
    taxonomy: Annotated[str | None, typer.Option(help="Built-in taxonomy or JSON file. [default: voc]")] = None,
    grid: Annotated[str | None, typer.Option(help="Canonical grid, HEIGHTxWIDTH. [default: 513x513]")] = None,
    http: Annotated[str | None, typer.Option(help="Where HTTP is served. [default: 127.0.0.1:8080]")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Ask nobody for a token; only on addresses of this machine.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only warnings and errors.")] = False,
) -> None:
    """Run every service in this process, until interrupted. Writes STATE/endpoints.json.

    What isn't given is taken from the environment: `madseg settings` lists the MADSEG_* variables.
    """
    # Loads numpy, ONNX Runtime and the web framework: only where they are needed.
    import_module("madseg.up").main(
        state=state,
        repository=None if repository is None else str(repository),
        taxonomy=taxonomy,
        grid=grid,
        http=http,
        insecure=insecure or None,
        quiet=quiet,
    )


def demo(
    output: Annotated[
        Path, typer.Option(help="Folder for the report and the state; a former demo's is replaced.")
    ] = Path("build/demo"),
    images: Annotated[int, typer.Option(min=1, help="How many images are streamed.")] = 3000,
    rounds: Annotated[
        int, typer.Option(min=0, max=9, help="Rounds of fine-tuning, which need torch; 0: mining and labelling alone.")
    ] = 2,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the result.")] = False,
) -> None:
    """Stream generated images through a target and its competitors, and repair the target with what they disagree on.

    People are simulated. On a terminal the pages stay up at the end, until Ctrl-C.
    """
    # By name: the demo stands above the commands, whose report it writes.
    course = import_module("madseg.demo.course").Course(rounds=rounds)
    import_module("madseg.demo").main(output=output, images=images, course=course, quiet=quiet)
