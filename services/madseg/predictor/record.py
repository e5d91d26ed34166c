"""`model.yaml`: what the repository knows of a model. This file is the truth; config.pbtxt is made from it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache

import yaml

from madseg.core.errors import Conflict, InvalidModel
from madseg.predictor.card import ROLES, ModelCard, parse_card, plain_card
from madseg.predictor.fields import Fields
from madseg.predictor.yaml_text import parse_yaml


@dataclass(frozen=True)
class VersionRecord:
    """One version, never changed once written.

    `created` is ISO 8601; `sha256` of the served file, `source_sha256` of the network it was made from; `covers`
    class names of the taxonomy in label order; `batch` is "dynamic" or "1"; `grid` (height, width) in pixels;
    `taxonomy` its id; `parent` the version it was fine-tuned from, None for the first; `check` the figures of
    `check.Report`; `key` the idempotency key of its release, None where it came without.
    """

    number: int
    created: str
    sha256: str
    source_sha256: str
    covers: tuple[str, ...]
    has_entropy: bool
    batch: str
    grid: tuple[int, int]
    taxonomy: str
    parent: int | None = None
    check: Mapping[str, float] = field(default_factory=dict)
    key: str | None = None


@dataclass(frozen=True)
class ModelRecord:
    """A model: the completed card of its newest version, its role, and which versions are served."""

    card: ModelCard
    role: str
    serving: tuple[int, ...]
    versions: tuple[VersionRecord, ...]

    @property
    def newest(self) -> VersionRecord:
        """The version with the highest number."""
        return self.versions[-1]


def dump_record(record: ModelRecord) -> str:
    """The record as YAML."""
    content = {
        "role": record.role,
        "serving": list(record.serving),
        "card": plain_card(replace(record.card, role=record.role)),
        "versions": [_plain_version(version) for version in record.versions],
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)


@lru_cache(maxsize=256)  # YAML is slow, and every list of models reads all records
def parse_record(text: str, where: str) -> ModelRecord:
    """The record in the text of a `model.yaml`; `where` is its path, for messages.

    Raises:
        Conflict: it is not what `dump_record` writes. The file is at fault, not whoever asks for it.
    """
    try:
        return _parsed(text)
    except InvalidModel as error:
        raise Conflict(f"{where} is damaged, bring it back from a backup: {error}") from error


def _parsed(text: str) -> ModelRecord:
    top = Fields(parse_yaml(text, "it is no YAML"), "model", ("role", "serving", "card", "versions"))
    entries = top.raw("versions")
    if not isinstance(entries, list) or not entries:
        raise top.refuse("versions", "a list of one or more versions")
    versions = tuple(_parse_version(entry, f"versions[{place}]") for place, entry in enumerate(entries))
    serving = top.integers("serving")
    if not serving or not set(serving) <= {version.number for version in versions}:
        raise top.refuse("serving", "one or more numbers of its versions")
    if "role" not in top:
        raise top.refuse("role", " or ".join(ROLES))
    return ModelRecord(parse_card(top.raw("card")), top.choice("role", ROLES), serving, versions)


def _plain_version(version: VersionRecord) -> dict[str, object]:
    content = {**asdict(version), "covers": list(version.covers), "grid": list(version.grid)}
    return {key: value for key, value in content.items() if value is not None}


def _parse_version(entry: object, where: str) -> VersionRecord:
    known = Fields(entry, where, tuple(item.name for item in fields(VersionRecord)))
    grid = known.size("grid")
    if grid is None:
        raise known.refuse("grid", "[height, width]")
    figures = known.raw("check") or {}
    if not isinstance(figures, Mapping) or any(type(figure) not in (int, float) for figure in figures.values()):
        raise known.refuse("check", "a mapping of figures")
    return VersionRecord(
        number=known.integer("number"),
        created=known.text("created"),
        sha256=known.text("sha256"),
        source_sha256=known.text("source_sha256"),
        covers=known.names("covers"),
        has_entropy=known.flag("has_entropy"),
        batch=known.choice("batch", ("dynamic", "1")),
        grid=grid,
        taxonomy=known.text("taxonomy"),
        parent=known.integer("parent") if "parent" in known else None,
        check={str(name): float(value) for name, value in figures.items()},
        key=known.text("key") if "key" in known else None,
    )
