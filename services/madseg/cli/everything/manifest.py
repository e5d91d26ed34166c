"""What makes an export whole, and tells later whether it still is: a list of hashes as `sha256sum -c` reads it, and a
manifest that has the hash of that list."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import madseg
from madseg.cli.everything.folder import FORMAT, MANIFEST, SUMS, WORK, Folder, walked
from madseg.core.errors import InvalidInput, NotFound
from madseg.exchange.writing import put, replacing


def seal(folder: Folder, ended_at: datetime, facts: dict[str, object]) -> dict[str, Any]:
    """Hashes every file, writes the manifest and removes the work folder; the manifest. Costs a reading of all."""
    files = size = 0
    listed = folder.work / SUMS
    with replacing(listed) as stream:
        for name in _listed(folder.root):
            stream.write(f"{digest(folder.root / name)}  {name}\n".encode())
            files, size = files + 1, size + (folder.root / name).stat().st_size
    listed.replace(folder.root / SUMS)
    manifest = {
        "format": FORMAT,
        "madseg": madseg.__version__,
        "began_at": folder.began_at,
        "ended_at": ended_at.astimezone(UTC).isoformat(),
        **folder.choice,
        **facts,
        "files": files,
        "bytes": size,
        SUMS: digest(folder.root / SUMS),
    }
    put(folder.root / MANIFEST, json.dumps(manifest, indent=2).encode() + b"\n")
    folder.remove(WORK)
    return manifest


def manifest_of(root: Path) -> dict[str, Any]:
    """The manifest of a whole export.

    Raises:
        NotFound: there is none: it isn't one, or is cut off.
        InvalidInput: it is damaged, or of a format that this release doesn't know.
    """
    try:
        found = json.loads((root / MANIFEST).read_bytes())
    except OSError as error:
        raise NotFound(f"{root} has no {MANIFEST}: it is no export, or one that was cut off") from error
    except ValueError as error:
        raise InvalidInput(f"{root / MANIFEST} is damaged: {error}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise InvalidInput(f"{root / MANIFEST} isn't of the format {FORMAT}: check it with the release that wrote it")
    return found


def faults(root: Path, manifest: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Every file with what is wrong with it, None where nothing is: it is missing, differs, or isn't of the export.

    Raises:
        InvalidInput: the list of hashes is not the one that was written.
    """
    try:
        if digest(root / SUMS) != manifest[SUMS]:
            raise InvalidInput(f"{root / SUMS} has changed since the export was written")
        with (root / SUMS).open(encoding="utf-8") as lines:
            pairs = [text.rstrip("\n").partition("  ")[::2] for text in lines]
    except OSError as error:
        raise InvalidInput(f"{root / SUMS} can't be read: {error.strerror}") from error
    known = {name for _, name in pairs}
    for expected, name in pairs:
        yield name, _fault(root / name, expected)
    for name in _listed(root):
        if name not in known:
            yield name, "isn't of the export"


def digest(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _fault(path: Path, expected: str) -> str | None:
    try:
        return None if digest(path) == expected else "has changed"
    except OSError as error:
        return "is missing" if isinstance(error, FileNotFoundError) else f"can't be read: {error.strerror}"


def _listed(root: Path) -> Iterator[str]:
    return (name for name in walked(root) if name not in (MANIFEST, SUMS))
