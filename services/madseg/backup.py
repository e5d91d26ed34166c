"""A copy of a state folder that goes on being used, of one piece.

What refers to something is copied before that: rounds before runs, runs before scores, scores before rankings, rankings
before the stream, the stream before what intake has accepted, and that before the pictures. So whatever the copy speaks
of is in it. What it holds beyond that is at most not compared yet: the selector takes it from the stream, and
`madseg reconcile` queues what was accepted after the stream was copied.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from madseg.core.errors import AlreadyExists, InvalidInput, NotFound, Unavailable

DATABASES = ("rounds.db", "finetune.db", "labelling.db", "selector.db", "stream.db", "gateway.db")
"""In the order in which they are copied; `tests/test_backup.py` compares these names with what services are given."""

FOLDERS = ("runs", "blobs")
"""Copied after the databases: nothing in them changes once it is whole."""

FILES = ("settings.json", "tokens.json", "operator.token")

REPOSITORY = "model_repository"
"""Where the networks lie in a copy."""

UNFINISHED = "+writing"
"""The folder of blobs that aren't whole yet."""


def back_up(state: Path, repository: Path, target: Path) -> Iterator[int]:
    """Copies the state and the model repository into `target`, which appears only when it is whole.

    Yields the size of each file in bytes when it is copied. Leaving the loop leaves nothing behind.

    Raises:
        NotFound: the state or the repository isn't there.
        AlreadyExists: the target is there.
        InvalidInput: the target lies in what is copied.
        Unavailable: it can't be read or written, or the disk is full.
    """
    _check(state, repository, target)
    part = target.with_name(target.name + ".part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True, mode=0o700)
        for copy in _copies(state, repository, part):
            yield copy.stat().st_size
        part.rename(target)
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(f"{state} can't be copied to {target}: {error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _check(state: Path, repository: Path, target: Path) -> None:
    for there in (state / "stream.db", repository):
        if not there.exists():
            raise NotFound(f"there is nothing to copy: {there} isn't there")
    if target.exists():
        raise AlreadyExists(f"{target} is there already: give a name that isn't")
    for folder in (state, repository):
        if target.absolute().is_relative_to(folder.absolute()):
            raise InvalidInput(f"{target} lies in {folder}, which is copied: give a place outside")


def _copies(state: Path, repository: Path, part: Path) -> Iterator[Path]:
    """Copies one file after the other, and yields where it lies now."""
    for name in DATABASES:
        if (state / name).exists():
            yield _database(state / name, part / name)
    for name in FOLDERS:
        yield from _folder(state / name, part / name)
    for name in FILES:
        if (state / name).exists():
            yield Path(shutil.copy2(state / name, part / name))
    yield from _folder(repository, part / REPOSITORY)


def _database(source: Path, copy: Path) -> Path:
    """One transaction's view of a database that is written meanwhile."""
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as reading,
        closing(sqlite3.connect(copy)) as writing,
    ):
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on the view stands still
        reading.backup(writing)
    shutil.copymode(source, copy)
    return copy


def _folder(source: Path, copy: Path) -> Iterator[Path]:
    """Every whole file of a folder; one that goes away meanwhile was forgotten, or replaced by another."""
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(set(folders) - {UNFINISHED})
        at = copy / Path(folder).relative_to(source)
        at.mkdir(parents=True, exist_ok=True)
        for name in sorted(names):
            try:
                yield Path(shutil.copy2(Path(folder, name), at / name))
            except FileNotFoundError:
                continue
