"""The settings of all services of one process, which share a state folder."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

import structlog

from madseg.finetune.__main__ import Config as FineTune
from madseg.gateway.__main__ import Config as Gateway
from madseg.labelling.__main__ import Config as Labelling
from madseg.predictor.__main__ import Config as Predictor
from madseg.predictor.models import Config as Models
from madseg.process import Observing
from madseg.project import remembered
from madseg.rounds.__main__ import Config as Rounds
from madseg.selector.__main__ import Config as Selector
from madseg.settings import changed, load, setting

log = structlog.get_logger("madseg.up")

C = TypeVar("C")

SERVICES = (Gateway, Models, Predictor, Selector, Labelling, FineTune, Rounds, Observing)
"""The configurations whose settings `madseg up` takes from the environment too."""


@dataclass(frozen=True)
class Config:
    """Settings of `madseg up` itself; those of the services hold too."""

    state: str = setting("MADSEG_STATE", "state", "Folder of everything that `madseg up` keeps")


@dataclass(frozen=True)
class Settings:
    """Each service's."""

    gateway: Gateway
    models: Models
    predictor: Predictor
    selector: Selector
    labelling: Labelling
    finetune: FineTune
    rounds: Rounds
    observing: Observing

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the process listens for calls that somebody has to answer for."""
        return (
            self.gateway.intake,
            self.models.models,
            self.selector.selector,
            self.labelling.labelling,
            self.finetune.finetune,
            self.rounds.rounds,
            self.gateway.http,
        )


def configured(state: Path, environment: Mapping[str, str], given: Mapping[str, object]) -> Settings:
    """Settings over one state folder; `given`, by field name, win over the environment, and that over the folder's.

    Logs in one line what isn't as it would be by itself.

    Raises:
        InvalidInput: a setting that is unknown or can't be.
    """
    shared = {
        "MADSEG_STREAM": f"sqlite:///{state}/stream.db",
        "MADSEG_BLOBS": f"file:{state}/blobs",
        "MADSEG_TOKENS": f"{state}/tokens.json",
        "MADSEG_RUNS": f"{state}/runs",
    }
    environment = _filled(environment, **(remembered(state) | shared))
    usual = {*shared.values()}

    def of(config: type[C], database: str = "", **fixed: object) -> C:
        own = {"MADSEG_DATABASE": f"sqlite:///{state}/{database}"} if database else {}
        usual.update(own.values())
        return _load(config, _filled(environment, **own), {"health": "", **given, **fixed})

    made = Settings(
        # One of them answers probes for the whole process.
        gateway=of(Gateway, "gateway.db", health=None),
        models=of(Models),
        predictor=of(Predictor),
        selector=of(Selector, "selector.db"),
        labelling=of(Labelling, "labelling.db"),
        finetune=of(FineTune, "finetune.db"),
        rounds=of(Rounds, "rounds.db"),
        observing=load(Observing, environment, known=(Config, *SERVICES)),
    )
    services = [getattr(made, item.name) for item in fields(made)]
    log.info("configured", state=str(state), **changed(services, usual))
    return made


def _filled(environment: Mapping[str, str], **defaults: str) -> dict[str, str]:
    """The environment with defaults for what neither a variable nor its _FILE says."""
    absent = {name: value for name, value in defaults.items() if f"{name}_FILE" not in environment}
    return {**absent, **environment}


def _load(config: type[C], environment: Mapping[str, str], given: Mapping[str, object]) -> C:
    """A service's configuration; of the given settings it takes those it has."""
    names = {item.name for item in fields(config)}  # type: ignore[arg-type]
    own = {name: value for name, value in given.items() if name in names}
    return load(config, environment, known=(Config, *SERVICES), **own)
