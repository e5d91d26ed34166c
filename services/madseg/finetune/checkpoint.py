"""Where a run of training is: on disk after every epoch, so that a run that is killed goes on where it was."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray

from madseg.files import replacing

State = dict[str, NDArray[np.float32]]
"""Learned tensors by the name of their initialiser."""


class Progress:
    """Where a run is: written after every epoch, whole or not at all."""

    def __init__(self, before: float) -> None:
        self.before, self.rate, self.epoch = before, 0, 0
        self.running: State = {}
        self.best: State = {}
        self.best_selected, self.best_rate, self.best_epoch = -1.0, 0, 0
        self.best_of_rate = (-1.0, 0)
        self.optimiser: dict[str, Any] | None = None
        self.schedule: dict[str, Any] = {}

    def begin(self, rate: int, old: State) -> None:
        """The next learning rate, from the old version."""
        self.rate, self.epoch, self.running = rate, 0, old
        self.best_of_rate, self.optimiser, self.schedule = (-1.0, 0), None, {}

    def ended(
        self, epoch: int, selected: float, state: State, optimiser: dict[str, Any], schedule: dict[str, Any]
    ) -> None:
        """An epoch and what came of it."""
        self.epoch, self.running, self.optimiser, self.schedule = epoch + 1, state, optimiser, schedule
        if selected > self.best_of_rate[0]:
            self.best_of_rate = (selected, epoch)
        if selected > self.best_selected:
            self.best_selected, self.best_rate, self.best_epoch, self.best = selected, self.rate, epoch, state

    def next_rate(self) -> None:
        """This rate is through."""
        self.rate, self.epoch, self.running, self.optimiser = self.rate + 1, 0, {}, None

    def write(self, path: Path) -> None:
        """Only the first process writes; all read."""
        if dist.is_initialized() and dist.get_rank() != 0:
            return
        with replacing(path) as stream:
            torch.save(_tensors(vars(self)), stream)

    @classmethod
    def read(cls, path: Path) -> "Progress | None":
        """What was written last; None where nothing was."""
        if not path.exists():
            return None
        found = cls(0.0)
        vars(found).update(_arrays(torch.load(path, map_location="cpu", weights_only=True)))
        return found


def _tensors(values: dict[str, Any]) -> dict[str, Any]:
    """States as tensors: what may be read back without running code from the file."""
    return {
        key: {name: torch.from_numpy(np.ascontiguousarray(item)) for name, item in value.items()}
        if key in ("running", "best")
        else value
        for key, value in values.items()
    }


def _arrays(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: {name: item.numpy() for name, item in value.items()} if key in ("running", "best") else value
        for key, value in values.items()
    }
