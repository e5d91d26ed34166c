"""Where the torch network of a target is, for teams that have more of it than its ONNX file. It knows no torch.

A Hugging Face folder holds `config.json` and `model.safetensors`; a factory is `package.module:name`, called without
arguments, and its weights are one safetensors file. Nothing that is pickled is read: a pickle runs what its writer put
into it. A factory is code all the same, so a deployment names the packages that it takes them from.

A run copies the network into its folder, and puts what was learned beside it in the same form:

    FOLDER/network/    config.json and *.safetensors, or weights.safetensors
    FOLDER/learned/    the same, of the new version
"""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from madseg.core.errors import Forbidden, InvalidInput

GIVEN, LEARNED = "network", "learned"
"""Folders of the network in that of a run: as it came, and the new version."""

WEIGHTS = "weights.safetensors"
"""The file of a factory's weights."""

_FACTORY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@dataclass(frozen=True, slots=True)
class TorchSource:
    """Either `folder`, or `factory` with `weights`; paths as the service sees them."""

    folder: str = ""
    factory: str = ""
    weights: str = ""

    def check(self, packages: Sequence[str]) -> None:
        """Whether it can be a source, with factories from `packages` alone.

        Raises:
            InvalidInput: it says too little or too much.
            Forbidden: a factory of another package.
        """
        if bool(self.folder) == bool(self.factory) or bool(self.factory) != bool(self.weights):
            raise InvalidInput("network must be a Hugging Face folder, or a factory with its weights", field="network")
        if not self.factory:
            return
        if not _FACTORY.fullmatch(self.factory):
            raise InvalidInput(f"a factory is package.module:name, got {self.factory!r}", field="network.factory")
        if self.factory.partition(":")[0].partition(".")[0] not in packages:
            raise Forbidden(
                f"no factory is taken from {self.factory!r}: MADSEG_FACTORIES names the packages whose code runs may "
                f"call, and has {', '.join(packages) or 'none'}"
            )


def fetch(source: TorchSource, folder: Path, before: Path | None) -> None:
    """Copies a network into the folder of a run, whole or not at all.

    Args:
        before: what the run learned that released the version which is the target; it has gone on since `source`.

    Raises:
        InvalidInput: there is no such network, or none in safetensors.
        OSError: it can't be copied.
    """
    given = folder / GIVEN
    if given.exists():
        return
    part = given.with_name(f"{GIVEN}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    if before is not None and before.is_dir():
        files = {file.name: file for file in before.iterdir()}
    elif source.folder:
        files = _hugging_face(Path(source.folder))
    else:
        files = {WEIGHTS: _safetensors(Path(source.weights))}
    for name, file in files.items():
        shutil.copyfile(file, part / name)
    part.replace(given)


def _hugging_face(folder: Path) -> dict[str, Path]:
    files = {file.name: file for file in folder.glob("*") if file.is_file()}
    wanted = {name: file for name, file in files.items() if name.endswith((".json", ".safetensors"))}
    if "config.json" not in wanted:
        raise InvalidInput(f"{folder} is no Hugging Face folder: it has no config.json", field="network.folder")
    if not any(name.endswith(".safetensors") for name in wanted):
        raise InvalidInput(
            f"{folder} has no model.safetensors, and pickled weights are never read: save_pretrained writes it",
            field="network.folder",
        )
    return wanted


def _safetensors(file: Path) -> Path:
    if file.suffix != ".safetensors" or not file.is_file():
        raise InvalidInput(
            f"weights must be a safetensors file that the service can read, got {file}: "
            "safetensors.torch.save_model writes one",
            field="network.weights",
        )
    return file
