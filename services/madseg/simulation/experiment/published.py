"""Whole seeds in short: all that the tables are made of, small enough to be kept with the code."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from madseg.core.errors import Conflict
from madseg.simulation.experiment.kept import Result, write_json

_LISTS = ("learned", "tests")
"""Of image ids."""


@dataclass(frozen=True)
class Published:
    """Files `seed-NNN.json` of a folder."""

    folder: Path
    digest: str

    def read(self, seed: int) -> Result | None:
        """A seed that was run before, here or elsewhere; None where there is none.

        Raises:
            Conflict: it was run with other settings.
        """
        path = self._path(seed)
        if not path.exists():
            return None
        found = dict(json.loads(path.read_text()))
        if found.pop("settings", None) != self.digest:
            raise Conflict(f"{path} was made with other settings: remove it, or take another --results")
        return found

    def write(self, seed: int, result: Result) -> Result:
        """Keeps a seed; returns it in short."""
        self.folder.mkdir(parents=True, exist_ok=True)
        short = shortened(result)
        write_json(self._path(seed), {"settings": self.digest, **short})
        return short

    def _path(self, seed: int) -> Path:
        return self.folder / f"seed-{seed:03}.json"


def shortened(result: Result) -> Result:
    """Without the ids of images, and of what was measured an image at a time the mean."""
    return {
        step: {key: value for key, value in _short(values).items() if key not in _LISTS}
        for step, values in result.items()
    }


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [_short(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: float(np.mean(item)) if key == "lane" and isinstance(item, list) else _short(item)
        for key, item in value.items()
    }
