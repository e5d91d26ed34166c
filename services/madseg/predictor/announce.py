"""A model as queries show it, and what is announced of it on the stream."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from madseg.core.messages import ModelEvent, Role, RoleChanged, VersionPublished, VersionRef
from madseg.core.preprocess import Size
from madseg.events import MODEL_CHANGED, event
from madseg.ports import Stream
from madseg.predictor.imported import ImportedModel
from madseg.predictor.record import VersionRecord
from madseg.wire import encode_model_event


@dataclass(frozen=True)
class Model:
    """A model as queries show it. `versions` is empty for an imported one, whose only version is 1."""

    name: str
    role: Role
    serving: tuple[int, ...]
    versions: tuple[VersionRecord, ...]
    covers: tuple[str, ...]
    description: str
    card: str
    imported: bool


def events(model: Model, imported: ImportedModel | None) -> list[ModelEvent]:
    """Every version of a model, then its role; `imported` is what is known of one without networks."""
    versions: list[ModelEvent] = [_published(model, version) for version in model.versions]
    if imported is not None:
        ref, grid = VersionRef(model.name, 1), Size(*imported.grid)
        versions = [VersionPublished(ref, imported.covers, imported.taxonomy, grid, False, b"")]
    serving = () if model.role is Role.RETIRED else model.serving
    return [*versions, RoleChanged(model.name, model.role, serving)]


def announcer(stream: Stream, topic: str) -> Callable[[Sequence[ModelEvent]], None]:
    """Publishes model events to a topic."""

    def announce(events: Sequence[ModelEvent]) -> None:
        stream.publish([event(MODEL_CHANGED, topic, *encode_model_event(each)) for each in events])

    return announce


def _published(model: Model, version: VersionRecord) -> VersionPublished:
    return VersionPublished(
        ref=VersionRef(model.name, version.number),
        covers=version.covers,
        taxonomy_id=version.taxonomy,
        grid=Size(*version.grid),
        has_entropy=version.has_entropy,
        sha256=bytes.fromhex(version.sha256),
        parent=None if version.parent is None else VersionRef(model.name, version.parent),
        card=model.card,
    )
