"""Where an embedded adapter keeps its state, read from its URL.

sqlite:///state/stream.db      a file, relative to the working directory
sqlite:////srv/stream.db       a file, absolute (four slashes, as SQLAlchemy has it)
file:state/blobs               a folder, relative
file:///srv/blobs              a folder, absolute
"""

from pathlib import Path
from urllib.parse import unquote

from madseg.core.errors import InvalidInput, Unavailable


def scheme(url: str) -> str:
    """What stands before the first colon."""
    return url.partition(":")[0]


def database_file(url: str) -> Path:
    """The file of a `sqlite:///...` URL, absolute; its folder is made where it isn't there.

    Raises:
        InvalidInput: the URL names no file.
        Unavailable: the folder can't be made.
    """
    prefix = "sqlite:///"
    path = unquote(url.removeprefix(prefix))
    if not url.startswith(prefix) or not path or path == ":memory:" or path.endswith("/"):
        raise InvalidInput(f"{url!r} must be sqlite:///relative/path.db or sqlite:////absolute/path.db")
    file = Path(path).absolute()
    make_folder(file.parent)
    return file


def folder(url: str, name: str) -> Path:
    """The folder of a `<name>:relative` or `<name>:///absolute` URL, absolute. It may not be there.

    Raises:
        InvalidInput: the URL names none.
    """
    rest = unquote(url.removeprefix(f"{name}:"))
    path = rest.removeprefix("//")
    remote = rest.startswith("//") and not path.startswith("/")
    if not url.startswith(f"{name}:") or not path or remote:
        raise InvalidInput(f"{url!r} must be {name}:relative/folder or {name}:///absolute/folder")
    return Path(path).absolute()


def make_folder(path: Path) -> None:
    """Makes a folder and those above it.

    Raises:
        Unavailable: it can't be made; the message says why.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"folder {path} can't be made: {error.strerror}") from error
