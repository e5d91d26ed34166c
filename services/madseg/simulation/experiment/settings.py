"""The settings of the experiment. They are tuned on some seeds, kept in `settings.json`, and left alone for the others.

Every result carries the digest of the settings that it was made with, so results of two settings never mix.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from madseg.core.counterexamples import Sizes
from madseg.core.errors import InvalidInput
from madseg.finetune.recipe import Recipe, recipe

FROZEN = Path(__file__).with_name("settings.json")
"""The settings that the reported seeds are run with."""

LABELLED = ("mad", "entropy", "random", "entropy-grouped", "random-grouped")
"""The arms that label what they chose; the first says how many candidates the others have."""

UNLABELLED = ("s0", "oracle")
"""S0 alone for the same steps, and many wild masks without choosing."""

STREAM_PER_LABEL = 100
"""The stream must be at least so many times as large as the labels of a round, or choosing hardly matters."""


@dataclass(frozen=True)
class Settings:
    """How large everything is.

    `stream` images are mined, `lane` images behind them are the random lane, `probes` images of each mode are fresh.
    The networks learn `scenes` scenes, the competitors in `epochs` passes and the target in `target_epochs`: what steps
    on its own scenes alone can teach it, it should know beforehand. `known` of the target's scenes are S0, `select` and
    `report` other scenes of the training domain are T0, and the masks of `constraint` scenes give the content
    constraint.
    Each ranking gives M `per_ranking` images; `reserved`, `reported` and `counterexamples` cut T and S from it.
    The oracle learns from `oracle` masks. `recipe` changes settings of the recipe `modern`.
    """

    stream: int = 4000
    lane: int = 1000
    probes: int = 40
    scenes: int = 1500
    epochs: int = 3
    target_epochs: int = 10
    known: int = 400
    select: int = 60
    report: int = 300
    constraint: int = 400
    per_ranking: int = 5
    reserved: int = 40
    reported: int = 30
    counterexamples: int = 40
    rounds: int = 2
    oracle: int = 2000
    arms: tuple[str, ...] = LABELLED + UNLABELLED
    recipe: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises InvalidInput where the arms can't be run or the stream is too small."""
        unknown = [name for name in self.arms if name not in LABELLED + UNLABELLED]
        if unknown or self.arms[:1] != LABELLED[:1]:
            raise InvalidInput(
                f"arms must begin with {LABELLED[0]} and be among {', '.join(LABELLED + UNLABELLED)}, got {self.arms}"
            )
        if self.stream < STREAM_PER_LABEL * self.counterexamples:
            raise InvalidInput(
                f"a stream of {self.stream} images is less than {STREAM_PER_LABEL} times the {self.counterexamples} "
                f"labels of a round: take at least {STREAM_PER_LABEL * self.counterexamples}"
            )
        self.modern()

    @property
    def sizes(self) -> Sizes:
        """Of T and S."""
        return Sizes(reserved=self.reserved, reported=self.reported, counterexamples=self.counterexamples)

    def modern(self) -> Recipe:
        """The recipe of every arm."""
        return recipe("modern", self.recipe)

    @property
    def digest(self) -> str:
        """12 hexadecimal digits that name these settings."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_settings(path: Path = FROZEN) -> Settings:
    """The settings of a file; what it doesn't name has its default.

    Raises:
        InvalidInput: it can't be read, names something unknown, or its values can't be.
    """
    try:
        values = dict(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise InvalidInput(f"the settings {path} can't be read: {error}") from error
    unknown = sorted(set(values) - {item.name for item in fields(Settings)})
    if unknown:
        raise InvalidInput(f"{path}: there is no setting {unknown[0]!r}")
    if "arms" in values:
        values["arms"] = tuple(values["arms"])
    return Settings(**values)
