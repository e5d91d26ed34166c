"""`madseg backup`: a copy of the embedded state, while it is used."""

from pathlib import Path
from typing import Annotated

import typer

from madseg.cli.arguments import Json
from madseg.cli.output import count, emit, show


def backup(
    target: Annotated[Path, typer.Argument(help="The folder to make; it must not be there.")],
    state: Annotated[Path, typer.Option(envvar="MADSEG_STATE", help="Folder that `madseg up` keeps.")] = Path("state"),
    repository: Annotated[Path, typer.Option(envvar="MADSEG_REPOSITORY", help="The model repository.")] = Path(
        "model_repository"
    ),
    json: Json = False,
) -> None:
    """Copy the state and the model repository, as a consistent whole, while `madseg up` goes on.

    To restore it: madseg up --state TARGET --repository TARGET/model_repository, and in a second terminal
    MADSEG_STATE=TARGET madseg reconcile.
    """
    from madseg.backup import back_up
    from madseg.cli.progress import tracked

    sizes = list(tracked(back_up(state, repository, target), "files", quiet=json))
    if json:
        emit({"target": str(target), "files": len(sizes), "bytes": sum(sizes)})
    else:
        show(f"{target}: {count(len(sizes))} files, {count(sum(sizes) >> 20)} MiB.")
