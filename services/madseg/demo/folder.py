"""The folder of a demo: made anew, and a former one's is replaced; whatever else it holds is somebody's."""

import shutil
from pathlib import Path

from madseg.core.errors import Conflict, InvalidInput
from madseg.project import SETTINGS, remember
from madseg.up.parts import Lock

REPOSITORY = Path("model_repository")
"""The shipped networks, in the checkout."""


def make_anew(output: Path) -> None:
    """Makes the folder, with a state in it that says whose it is.

    Raises:
        InvalidInput: the shipped networks aren't here or are in the folder, or it can't be made.
        Conflict: it holds what no demo has left, or services run on it. Nothing is deleted then.
    """
    if not (REPOSITORY / "unet" / "model.yaml").is_file():
        raise InvalidInput(f"the demo's networks aren't in {REPOSITORY.absolute()}: run it in the checkout of madseg")
    if REPOSITORY.resolve().is_relative_to(output.resolve()):
        raise InvalidInput(f"{output} has the networks that the demo copies: give it another folder")
    state = output / "state"
    try:
        if output.exists() and any(output.iterdir()):
            _remove(output, state)
        state.mkdir(parents=True)
        remember(state, {})  # the mark by which the next demo knows the folder, however soon this one is killed
    except OSError as error:
        raise InvalidInput(f"the demo can't have the folder {output}: {error}") from error


def _remove(output: Path, state: Path) -> None:
    if not (state / SETTINGS).is_file():
        raise Conflict(f"{output} holds what isn't a demo's, and would be deleted: give it another folder, or empty it")
    Lock(state).close()  # a deployment that runs loses nothing
    for item in sorted(output.iterdir(), key=lambda item: item == state):  # what tells whose it is goes last
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        else:
            item.unlink()
