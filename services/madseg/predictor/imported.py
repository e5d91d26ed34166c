"""Models whose predictions come from elsewhere: a name, a role and the classes they know, without a network."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from madseg.core.errors import InvalidModel
from madseg.core.messages import Role
from madseg.predictor.durable import locked, replace_file

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
            InvalidModel: the file is damaged.
        """
        try:
            content = json.loads((self._root / FILE).read_text())
            return {
                name: ImportedModel(**{**item, "covers": tuple(item["covers"]), "grid": tuple(item["grid"])})
                for name, item in content.items()
            }
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidModel(f"{self._root / FILE} is damaged: {error!r}") from error

    def put(self, model: ImportedModel) -> None:
        """Adds a model, or replaces the one of its name."""
        self._root.mkdir(parents=True, exist_ok=True)
        with locked(self._root / ".lock"):
            models = {**self.all(), model.name: model}
            text = json.dumps({name: asdict(item) for name, item in sorted(models.items())}, indent=1)
            replace_file(self._root / FILE, text.encode())
