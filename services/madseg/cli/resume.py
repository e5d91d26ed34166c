"""How far a long run has come, in a file, so that the same command goes on from there."""

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from madseg.cli.output import remark
from madseg.core.errors import InvalidInput, NotFound
from madseg.files import replace_file

if TYPE_CHECKING:
    from madseg.gateway.upload import ImageUpload, Refused

T = TypeVar("T")

SAVE_SECONDS = 1.0
"""Between two savings: what a kill repeats, and sending a picture twice changes nothing."""


class Bookmark:
    """The key of the last item that was answered, of the source `name`. Without a path nothing is kept.

    Raises:
        InvalidInput: the file is no bookmark, or one of another source.
        NotFound: the file can't be read or written.
    """

    def __init__(self, path: Path | None, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._name, self._clock = path, name, clock
        self._waiting: deque[str] = deque()
        self.after = _read(path, name) if path else ""
        """Where to go on; empty: at the beginning."""
        self._saved, self._next_save = self.after, 0.0

    def sent(self, items: "Iterable[tuple[str, ImageUpload | Refused]]") -> "Iterator[ImageUpload | Refused]":
        """The items without their keys, which wait for an answer; a refusal has its answer."""
        from madseg.gateway.upload import ImageUpload

        for key, item in items:
            if isinstance(item, ImageUpload):
                self._waiting.append(key)
            yield item

    def answered(self, results: Iterable[T]) -> Iterator[T]:
        """The results, one for each item sent and in their order, each noted when the next one is asked for."""
        for result in results:
            yield result
            self.after = self._waiting.popleft()
            if self._clock() >= self._next_save:
                self._save()

    def __enter__(self) -> Self:
        if self.after:
            remark(f"Going on after {self.after} ({self._path}).")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._save()
        if error is not None and self._path is not None:
            remark(f"Stopped after {self.after or 'nothing'}: the same command goes on from there.")

    def _save(self) -> None:
        self._next_save = self._clock() + SAVE_SECONDS
        if self._path is None or self.after == self._saved:
            return
        try:
            replace_file(self._path, (json.dumps({"source": self._name, "after": self.after}) + "\n").encode())
        except OSError as error:
            raise NotFound(f"{self._path} can't be written: {error.strerror}") from error
        self._saved = self.after


def _read(path: Path, name: str) -> str:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        source, after = found["source"], found["after"]
    except FileNotFoundError as error:
        if not path.parent.is_dir():
            raise NotFound(f"{path} can't be written: there is no folder {path.parent}") from error
        return ""
    except OSError as error:
        raise NotFound(f"{path} can't be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{path} doesn't say how far a run has come: give another file, or remove it") from error
    if source != name:
        raise InvalidInput(f"{path} is about {source}, not {name}: give another file")
    return str(after)
