"""`madseg up` and `madseg demo`: everything in one process."""

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer


def up(
    state: Annotated[Path | None, typer.Option(help="Folder of everything that is kept. Default: state.")] = None,
    repository: Annotated[Path | None, typer.Option(help="The model repository. Default: model_repository.")] = None,
    taxonomy: Annotated[str | None, typer.Option(help="Built-in taxonomy or JSON file. Default: voc.")] = None,
    grid: Annotated[str | None, typer.Option(help="Canonical grid, HEIGHTxWIDTH. Default: 513x513.")] = None,
    http: Annotated[str | None, typer.Option(help="Where HTTP is served. Default: 127.0.0.1:8080.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only warnings and errors.")] = False,
) -> None:
    """Run every service in this process, until interrupted. Writes STATE/endpoints.json.

    What isn't given comes from the environment: `madseg settings` lists it.
    """
    from madseg.up import main  # loads ONNX Runtime and the web framework

    folder = None if repository is None else str(repository)
    main(state=state, quiet=quiet, repository=folder, taxonomy=taxonomy, grid=grid, http=http)


def demo(
    output: Annotated[Path, typer.Option(help="Folder for the report and the state.")] = Path("build/demo"),
    images: Annotated[int, typer.Option(min=1, help="How many images are streamed.")] = 1000,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the result.")] = False,
) -> None:
    """Stream generated images through a target and its competitors, and report what they disagree on."""
    # By name: the demo stands above the commands, whose report it writes.
    import_module("madseg.demo").main(output=output, images=images, quiet=quiet)
