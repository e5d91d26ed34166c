"""Results on disk: each written whole or not at all, so that a run that was killed goes on where it was."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from madseg.core.errors import Conflict
from madseg.files import replace_file

Result = dict[str, Any]


def write_json(path: Path, content: Result) -> None:
    """Keys in order, so that equal results are equal bytes."""
    replace_file(path, (json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n").encode())


class Kept:
    """The results of one seed, a file each. `heard` is told when one begins: its name.

    The folder is of one settings from its first file on: networks are kept in it that no result names yet.
    """

    def __init__(self, folder: Path, digest: str, heard: Callable[[str], None]) -> None:
        """Raises Conflict where the folder is of other settings."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._digest, self._heard = folder, digest, heard
        mark = folder / "settings.json"
        if not mark.exists():
            write_json(mark, {"settings": digest})
        self._check(mark)

    def get(self, name: str, compute: Callable[[], Result]) -> Result:
        """The result of that name, computed where it isn't there yet.

        Raises:
            Conflict: it was made with other settings.
        """
        path = self.folder / f"{name}.json"
        if not path.exists():
            self._heard(name)
            began = time.process_time()
            write_json(path, {"settings": self._digest, **compute()})
            self._spent(name, time.process_time() - began)
        return self._check(path)

    def _check(self, path: Path) -> Result:
        found = dict(json.loads(path.read_text()))
        if found.pop("settings", None) != self._digest:
            raise Conflict(f"{path} was made with other settings: take another --out, or remove {self.folder}")
        return found

    def _spent(self, name: str, seconds: float) -> None:
        """Keeps CPU times apart: results of one seed are to be equal."""
        path = self.folder / "seconds.json"
        times = dict(json.loads(path.read_text())) if path.exists() else {}
        write_json(path, {**times, name: round(seconds, 1)})
