"""Models whose predictions come from elsewhere: a name, a role and the classes they know, without a network."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from madseg.core.errors import Conflict
from madseg.core.messages import Role
from madseg.files import locked, replace_file

FILE = "imported.json"
"""Beside the model folders; Triton passes over files there."""


@dataclass(frozen=True)
class ImportedModel:
    """`covers` are class names of the taxonomy; `taxonomy` is its id."""

    name: str
    role: str
    covers: tuple[str, ...]
    taxonomy: str
    grid: tuple[int, int]

    @property
    def serving(self) -> bool:
        """True while it takes part."""
        return self.role != Role.RETIRED


class ImportedModels:
    """The imported models of a repository folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def all(self) -> dict[str, ImportedModel]:
        """The models by name.

        Raises:
            Conflict: the file is damaged.
        """
        try:
            content = json.loads((self._root / FILE).read_text())
            return {name: _read(item) for name, item in content.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise Conflict(f"{self._root / FILE} is damaged, bring it back from a backup: {error!r}") from error

    def put(self, model: ImportedModel) -> None:
        """Adds a model, or replaces the one of its name."""
        self._root.mkdir(parents=True, exist_ok=True)
        with locked(self._root / ".lock"):
            models = {**self.all(), model.name: model}
            text = json.dumps({name: asdict(item) for name, item in sorted(models.items())}, indent=1)
            replace_file(self._root / FILE, text.encode(), durable=True)


def _read(item: Mapping[str, Any]) -> ImportedModel:
    covers, (height, width) = tuple(map(str, item["covers"])), item["grid"]
    return ImportedModel(**{**item, "role": Role(item["role"]).value, "covers": covers, "grid": (height, width)})
