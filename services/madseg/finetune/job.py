"""What the service hands to training: `plan.json` in a run's folder. It is written last, and says that all is there."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from madseg.core.errors import InvalidInput
from madseg.files import replace_file
from madseg.finetune.bounds import Bounds
from madseg.finetune.sources import TorchSource

FILE = "plan.json"


@dataclass(frozen=True)
class Job:
    """What is to be done. `classes` are the taxonomy's names in label order; `network` says what FOLDER/network is."""

    recipe: str
    classes: tuple[str, ...]
    seed: int = 0
    changes: Mapping[str, Any] = field(default_factory=dict)
    bounds: Bounds = field(default_factory=Bounds)
    threads: int = 0
    network: TorchSource | None = None

    @classmethod
    def read(cls, folder: Path) -> "Job":
        """Raises InvalidInput where it can't be read."""
        try:
            values = json.loads((folder / FILE).read_text())
            values["bounds"] = Bounds(**values.get("bounds", {}))
            values["network"] = TorchSource(**values["network"]) if values.get("network") else None
            return cls(**{**values, "classes": tuple(values["classes"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InvalidInput(f"the plan of {folder} can't be read: {error}") from error

    def write(self, folder: Path) -> None:
        """Whole or not at all."""
        replace_file(folder / FILE, (json.dumps(asdict(self), indent=1) + "\n").encode())
