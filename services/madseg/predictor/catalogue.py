"""All models of a project, served and imported, and what is announced of them.

The one writer of the model repository and of the models topic.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import yaml

from madseg.core.errors import AlreadyExists, InvalidInput, NotFound
from madseg.core.messages import ModelEvent, Role, RoleChanged, VersionPublished, VersionRef, checked_model_name
from madseg.core.preprocess import Size
from madseg.core.taxonomy import Taxonomy
from madseg.ports import Outgoing, Stream
from madseg.predictor.add import Added, add_model, release_model
from madseg.predictor.card import ModelCard, dump_card, parse_card
from madseg.predictor.imported import ImportedModel, ImportedModels
from madseg.predictor.record import ModelRecord, VersionRecord
from madseg.predictor.repository import ModelRepository
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


class Catalogue:
    """Reads and changes the models; every change is announced on the stream. Thread-safe."""

    def __init__(
        self,
        root: Path,
        taxonomy: Taxonomy,
        grid: Size,
        announce: Callable[[Sequence[ModelEvent]], None],
        now: Callable[[], datetime],
    ) -> None:
        self._repository, self._imported = ModelRepository(root), ImportedModels(root)
        self._taxonomy, self._grid, self._announce, self._now = taxonomy, grid, announce, now
        self._lock = threading.Lock()

    def announce_all(self) -> None:
        """Publishes every version and role once more. Consumers and compaction make repetition harmless."""
        self._announce([event for model in self.models() for event in self._events(model)])

    def models(self) -> list[Model]:
        """Targets first, then competitors, then retired ones, by name."""
        served = [self._served(name) for name in self._repository.names()]
        imported = [_imported(item) for item in self._imported.all().values()]
        return sorted(served + imported, key=lambda model: (list(Role).index(model.role), model.name))

    def model(self, name: str) -> Model:
        """One model.

        Raises:
            NotFound: there is none of that name.
        """
        for model in self.models():
            if model.name == name:
                return model
        raise NotFound(f"no model {name!r}: there are {', '.join(item.name for item in self.models()) or 'none'}")

    def path(self, name: str, version: int) -> Path:
        """The served file of a version. Raises NotFound."""
        return self._repository.path(name, version)

    def add(self, source: Path, card_text: str, default_name: str) -> tuple[Model, Added]:
        """Wraps, checks and adds a network as a new model. Raises as `add_model`; nothing was written then."""
        card = self.parse(card_text, default_name)
        with self._lock:
            self._refuse_taken(card.name, Role(card.role))
            added = add_model(source, card, self._repository, self._taxonomy, self._size, self._now())
            return self._announced(card.name), added

    def release(self, source: Path, name: str, card_text: str, default_name: str = "") -> tuple[Model, Added]:
        """Wraps, checks and releases a network as the next version of `name`, or else of the card's model.

        Raises as `release_model`, and InvalidInput where nothing says which model.
        """
        card = self.parse(card_text, name or default_name) if card_text.strip() else None
        name = name or (card.name if card is not None else default_name)
        if not name:
            raise InvalidInput("say which model to release a version of", field="model")
        with self._lock:
            repository, now = self._repository, self._now()
            added = release_model(source, name, repository, self._taxonomy, self._size, now, card=card)
            return self._announced(name), added

    def register_imported(self, name: str, role: Role, covers: Sequence[str]) -> Model:
        """Registers a model whose predictions come from elsewhere; again with the same classes changes nothing.

        Raises:
            AlreadyExists: a served model has the name, or an imported one with other classes; a second target.
            InvalidInput: a class outside the taxonomy.
        """
        checked_model_name(name)
        labels = sorted({self._taxonomy.label(item) for item in covers}) or range(len(self._taxonomy))
        names = tuple(self._taxonomy.names[label] for label in labels)
        wanted = ImportedModel(name, role.value, names, self._taxonomy.id, self._size)
        with self._lock:
            known = self._imported.all().get(name)
            if known is not None and replace(known, role=wanted.role) != wanted:
                raise AlreadyExists(f"imported model {name!r} exists with other classes, taxonomy or grid")
            self._refuse_taken(name, role, imported=True)
            self._imported.put(wanted)
            return self._announced(name)

    def set_role(self, name: str, role: Role) -> Model:
        """Gives a model another role.

        Raises:
            NotFound: there is none of that name.
            AlreadyExists: another model is the target.
        """
        with self._lock:
            model = self.model(name)
            self._refuse_taken(name, role, imported=model.imported, known=True)
            if model.imported:
                self._imported.put(replace(self._imported.all()[name], role=role.value))
            else:
                self._repository.set_role(name, role.value)
            return self._announced(name)

    def parse(self, card_text: str, default_name: str) -> ModelCard:
        """The card in a YAML text.

        Raises:
            InvalidInput: it is no YAML, or no card.
        """
        try:
            return parse_card(yaml.safe_load(card_text), default_name)
        except yaml.YAMLError as error:
            raise InvalidInput(f"the card is no YAML: {error}", field="card") from error

    @property
    def _size(self) -> tuple[int, int]:
        return self._grid.height, self._grid.width

    def _announced(self, name: str) -> Model:
        model = self.model(name)
        self._announce(self._events(model))
        return model

    def _refuse_taken(self, name: str, role: Role, *, imported: bool = False, known: bool = False) -> None:
        for other in self.models():
            if other.name == name and not known and not (imported and other.imported):
                raise AlreadyExists(f"model {name!r} exists already: release a new version, or take another name")
            if other.name != name and role is Role.TARGET and other.role is Role.TARGET:
                raise AlreadyExists(f"{other.name!r} is the target: give it another role before {name!r} becomes it")

    def _served(self, name: str) -> Model:
        record: ModelRecord = self._repository.record(name)
        return Model(
            name=name,
            role=Role(record.role),
            serving=record.serving,
            versions=record.versions,
            covers=record.newest.covers,
            description=record.card.description,
            card=dump_card(record.card),
            imported=False,
        )

    def _events(self, model: Model) -> list[ModelEvent]:
        versions: list[ModelEvent] = [_published(model, version) for version in model.versions]
        if model.imported:
            item = self._imported.all()[model.name]
            versions = [
                VersionPublished(VersionRef(model.name, 1), item.covers, item.taxonomy, Size(*item.grid), False, b"")
            ]
        serving = () if model.role is Role.RETIRED else model.serving
        return [*versions, RoleChanged(model.name, model.role, serving)]


def announcer(stream: Stream, topic: str) -> Callable[[Sequence[ModelEvent]], None]:
    """Publishes model events to a topic."""

    def announce(events: Sequence[ModelEvent]) -> None:
        stream.publish([Outgoing(topic, *encode_model_event(event)) for event in events])

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


def _imported(item: ImportedModel) -> Model:
    description = "predictions imported from elsewhere"
    return Model(item.name, Role(item.role), (1,), (), item.covers, description, "", imported=True)
