"""Writing so that a cut leaves nothing half: files come by rename, and single files are put together at the end."""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from madseg import files
from madseg.core.errors import AlreadyExists, Conflict, InvalidInput, NotFound
from madseg.core.label_map import decode, encode
from madseg.core.taxonomy import Taxonomy
from madseg.exchange.classes import check_labels
from madseg.exchange.masks import NamedMask, Writer
from madseg.exchange.names import safe

_ENDING = ".mask"


def put(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all; folders that are missing are made.

    Raises:
        NotFound: it can't be written.
    """
    with replacing(path) as stream:
        stream.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """`files.replacing`, which makes the folders that are missing. Raises NotFound as `put`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(path) as stream:
            yield stream
    except OSError as error:
        raise NotFound(f"{path} can't be written: {error.strerror}") from error


class FilePerMask:
    """A format that is a file for each mask: what an earlier run wrote stays, unless it is to be overwritten."""

    def __init__(
        self,
        taxonomy: Taxonomy,
        path: Callable[[str], Path],
        content: Callable[[NamedMask], bytes],
        *,
        overwrite: bool = False,
    ) -> None:
        self._taxonomy, self._path, self._content, self._overwrite = taxonomy, path, content, overwrite

    def has(self, name: str) -> bool:
        return not self._overwrite and self._path(safe(name)).is_file()

    def write(self, mask: NamedMask) -> None:
        check_labels(mask.label_map, self._taxonomy)
        put(self._path(safe(mask.name)), self._content(mask))


class Gathered:
    """The masks that will make one file, in a folder beside it, each in its wire form. Walking over it is repeatable.

    It stays where a run is cut off, so that the next one goes on with it.

    Raises:
        Conflict: it is there from a run with another format or taxonomy.
    """

    def __init__(self, target: Path, form: str, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self.folder = target.with_name(target.name + ".parts")
        about = self.folder / "about.json"
        mine = {"format": form, "taxonomy": taxonomy.id}
        if about.is_file() and (found := _about(about)) != mine:
            raise Conflict(f"{self.folder} is left from an export of {found}, this one is of {mine}: remove the folder")
        put(about, json.dumps(mine).encode())

    def has(self, name: str) -> bool:
        return self._path(name).is_file()

    def write(self, mask: NamedMask) -> None:
        check_labels(mask.label_map, self._taxonomy)
        put(self._path(mask.name), encode(mask.label_map))

    def __iter__(self) -> Iterator[NamedMask]:
        root = self.folder / "masks"
        names = sorted(path.relative_to(root).as_posix()[: -len(_ENDING)] for path in root.rglob(f"*{_ENDING}"))
        for name in names:
            yield NamedMask(name, decode(self._path(name).read_bytes()))

    def _path(self, name: str) -> Path:
        return self.folder / "masks" / f"{safe(name)}{_ENDING}"


@contextmanager
def single_file(
    target: Path,
    form: str,
    taxonomy: Taxonomy,
    render: Callable[[IO[bytes], Iterable[NamedMask]], None],
    *,
    overwrite: bool = False,
) -> Iterator[Writer]:
    """A writer of a format that is one file, which `render` makes of all masks, in the order of their names.

    Raises:
        AlreadyExists: the file is there and isn't to be overwritten.
        Conflict: as `Gathered`.
    """
    if target.is_dir():
        raise InvalidInput(f"{target} is a folder; this format is one file: give a path to it")
    if target.exists() and not overwrite:
        raise AlreadyExists(f"{target} is there already: remove it, give another path, or pass --overwrite")
    gathered = Gathered(target, form, taxonomy)
    yield gathered
    with replacing(target) as stream:
        render(stream, gathered)
    shutil.rmtree(gathered.folder)


def _about(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except ValueError:
        return "something else"
