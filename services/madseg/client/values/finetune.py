"""Fine-tuning: runs, how far they are, and what came of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from madseg.client.values.common import Version


class RunState(StrEnum):
    """PASSED: the gate let it through, it waits to be promoted. REFUSED: the reasons are on record."""

    UNKNOWN = "unknown"
    PREPARING = "preparing"
    TRAINING = "training"
    PASSED = "passed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    RELEASED = "released"


class ExampleSet(StrEnum):
    """S and S0 are learned from. T0-select chooses learning rate, epoch and average; T0-report gates the release."""

    UNKNOWN = "unknown"
    S = "s"
    S0 = "s0"
    T0_SELECT = "t0_select"
    T0_REPORT = "t0_report"


@dataclass(frozen=True)
class GateBounds:
    """What a new version must hold; None takes the default.

    `drop`: by how much mIoU on T0-report may fall (0.01). `negative_flips`: share of its images that may get worse by
    more than `flip` (0.1, 0.1). `megabytes`: size of the file (2000). `slower`: times as long for a picture (1.25).
    """

    drop: float | None = None
    negative_flips: float | None = None
    flip: float | None = None
    megabytes: float | None = None
    slower: float | None = None


@dataclass(frozen=True)
class TorchNetwork:
    """The torch network that a target was exported from, by paths as the service sees them; see docs/finetune.md.

    Either a Hugging Face `folder`, or a `factory`, package.module:name, and its safetensors `weights`.
    """

    folder: str = ""
    factory: str = ""
    weights: str = ""


@dataclass(frozen=True)
class RunPlan:
    """What a run is to do. `s0` and `t0` are folders as the service sees them, with pictures/ and masks/.

    `target` "" is the model that is the target; without a version it is the newest that serves. Without `campaign_ids`
    S comes from every campaign about the model. `changes` are settings of the recipe. `promote`: release it by itself.
    `network` is what learns where the target is known by more than its ONNX file.
    """

    target: str | Version = ""
    campaign_ids: tuple[str, ...] = ()
    s0: str = ""
    t0: str = ""
    recipe: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    bounds: GateBounds = GateBounds()
    seed: int = 0
    promote: bool = False
    network: TorchNetwork | None = None


@dataclass(frozen=True)
class RunProgress:
    """How far training is; counts are from 1. `selected` is the mIoU on T0-select after the last epoch, `class_iou` the
    same by label, -1 where the class isn't there."""

    rate: int
    rates: int
    epoch: int
    epochs: int
    step: int
    steps: int
    learning_rate: float
    loss: float
    selected: float | None
    class_iou: tuple[float, ...]
    seconds_left: float | None

    @property
    def share(self) -> float:
        """Of all steps, [0, 1]."""
        done = ((self.rate - 1) * self.epochs + self.epoch - 1) * self.steps + self.step
        return done / max(1, self.rates * self.epochs * self.steps)


@dataclass(frozen=True)
class GateCheck:
    """One check of the gate: what was found, what is allowed, whether it holds, and that in words."""

    name: str
    found: float
    allowed: float
    passed: bool
    sentence: str


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % interval, and the images it stands on."""

    value: float
    low: float
    high: float
    images: int


@dataclass(frozen=True)
class Run:
    """A run. `before` and `after` are mIoU on T0-report; `data_sha256` is over all that it saw.

    `epochs` are those that have ended, in order, without `class_iou`; only `run` and `watch_run` tell them.
    `waits_for` is what keeps it from going on for now, in a sentence, "" while it gets on.
    """

    id: str
    plan: RunPlan
    state: RunState
    created_at: datetime | None
    changed_at: datetime | None
    progress: RunProgress | None
    reasons: tuple[str, ...]
    checks: tuple[GateCheck, ...]
    examples: Mapping[ExampleSet, int]
    before: Figure | None
    after: Figure | None
    released: Version | None
    data_sha256: str
    started_by: str
    epochs: tuple[RunProgress, ...] = ()
    waits_for: str = ""


@dataclass(frozen=True)
class RunPage:
    """A page of runs, newest first."""

    runs: tuple[Run, ...]
    next_page_token: str
