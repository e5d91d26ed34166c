"""Models, their versions and cards."""

from dataclasses import dataclass

from madseg.client.values.common import Role


@dataclass(frozen=True)
class VersionInfo:
    """One version of a model. `created` is ISO 8601 in UTC, `bytes` the size of the served file."""

    version: int
    created: str
    sha256: str
    covers: tuple[str, ...]
    has_entropy: bool
    bytes: int


@dataclass(frozen=True)
class Model:
    """A model: `serving` versions take part, ascending; an `imported` one is predicted elsewhere."""

    name: str
    role: Role | None
    serving: tuple[int, ...]
    versions: tuple[VersionInfo, ...]
    description: str
    imported: bool


@dataclass(frozen=True)
class ModelCard:
    """A model and its whole card as YAML."""

    model: Model
    card: str


@dataclass(frozen=True)
class Added:
    """A network that was taken: the model as it stands now, what the check found, one sentence each, and its number."""

    model: Model
    findings: tuple[str, ...]
    version: int = 1


@dataclass(frozen=True)
class Switched:
    """A model as it stands now, and the versions that took part `before`, ascending."""

    model: Model
    before: tuple[int, ...]
