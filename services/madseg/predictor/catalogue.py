"""All models of a project, served and imported, and what is announced of them.

The one writer of the model repository and of the models topic.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import structlog

from madseg.core.errors import AlreadyExists, InvalidInput, MadsegError, NotFound, NotReady, Stale
from madseg.core.messages import ModelEvent, Role, VersionRef, checked_model_name
from madseg.core.preprocess import Size
from madseg.core.taxonomy import Taxonomy
from madseg.predictor.add import Added, Verify, add_model, release_model, verified
from madseg.predictor.announce import Model, events
from madseg.predictor.card import ModelCard, dump_card, parse_card
from madseg.predictor.imported import ImportedModel, ImportedModels
from madseg.predictor.record import ModelRecord
from madseg.predictor.repository import ModelRepository, untried
from madseg.predictor.trial import Trial
from madseg.predictor.triton_config import Serving
from madseg.predictor.yaml_text import parse_yaml

log = structlog.get_logger("madseg.models")


class Catalogue:
    """Reads and changes the models; every change is announced on the stream. Thread-safe.

    What is to serve passes `trial` first, where there is one: the order is the repository with the version beside
    those that serve, trial, model.yaml, announcement, `settle`, and then what serves no more is freed. Where the trial
    fails, everything is as before.
    """

    def __init__(
        self,
        root: Path,
        taxonomy: Taxonomy,
        grid: Size,
        announce: Callable[[Sequence[ModelEvent]], None],
        now: Callable[[], datetime],
        *,
        serving: Serving | None = None,
        verify: Verify = verified,
        trial: Trial | None = None,
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        self._repository, self._imported = ModelRepository(root, serving), ImportedModels(root)
        self._taxonomy, self._grid, self._announce, self._now = taxonomy, grid, announce, now
        self._verify, self._trial, self._settle = verify, trial, settle
        self._unannounced: set[str] = set()
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Takes back what a killed process left undone, and publishes every version and role once more.

        Consumers and compaction make repetition harmless.
        """
        try:
            self._repository.recover()
        except OSError as error:  # a repository that can only be read has nothing undone
            log.warning("repository_not_written", reason=str(error))
        imported = self._imported.all()
        self._announce([event for model in self.models() for event in events(model, imported.get(model.name))])

    def align(self) -> bool:
        """Has stream and server say what the repository says, where one of them was away. False: that was all.

        Raises:
            Unavailable: one of them still is.
        """
        with self._lock:
            for name in sorted(self._unannounced):
                self._announced(name)
        for name in self._repository.names():
            with self._lock:
                self._keep(name)
        return False

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
            with self._tried(card.name) as trial:
                where = (self._repository, self._taxonomy, self._size, self._now())
                added = add_model(source, card, *where, verify=self._verify, trial=trial)
            return self._announced(card.name), added

    def release(
        self,
        source: Path,
        name: str,
        card_text: str,
        default_name: str = "",
        *,
        key: str | None = None,
        parent: int | None = None,
    ) -> tuple[Model, Added]:
        """Wraps, checks and releases a network as the next version of `name`, or else of the card's model.

        With a key that has released it before, that is announced once more, as its announcement may have been what
        failed. Raises as `release_model`, and InvalidInput where nothing says which model.
        """
        card = self.parse(card_text, name or default_name) if card_text.strip() else None
        name = name or (card.name if card is not None else default_name)
        if not name:
            raise InvalidInput("say which model to release a version of", field="model")
        with self._lock:
            where = (self._repository, self._taxonomy, self._size, self._now())
            with self._tried(name) as trial:
                added = release_model(
                    source, name, *where, verify=self._verify, card=card, parent=parent, trial=trial, key=key
                )
            return self._announced(name), added

    def serve(self, name: str, numbers: Sequence[int]) -> tuple[Model, tuple[int, ...]]:
        """Has exactly these versions of a model serve; the model, and the versions that served before.

        Raises:
            NotFound: no such model or version.
            InvalidModel: none is given, or one doesn't pass its trial.
            InvalidInput: its predictions are made elsewhere.
            NotReady: it is retired.
        """
        with self._lock:
            return self._switched(self.model(name), numbers)

    def rollback(self, name: str, expected_newest: int = 0) -> tuple[Model, tuple[int, ...]]:
        """Has the version before the newest that serves serve alone. Returns and raises as `serve` does.

        Raises:
            NotReady: the first version serves.
            Stale: the newest that serves isn't `expected_newest`, where that isn't 0.
        """
        with self._lock:
            model = self.model(name)
            if expected_newest and not model.imported and expected_newest != max(model.serving):
                raise Stale(
                    f"the newest version of {name!r} that takes part is {max(model.serving)}, not {expected_newest}: "
                    "somebody has changed that meanwhile, look at what takes part now"
                )
            before = [version.number for version in model.versions if version.number < max(model.serving)]
            if not model.imported and not before:
                raise NotReady(f"{name!r} serves its first version: there is none to go back to")
            return self._switched(model, before[-1:])

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
                return self._announced(name)
            if model.role is Role.RETIRED and role is not Role.RETIRED:
                with self._tried(name, *model.serving) as trial:  # it was freed
                    self._repository.serve(name, *model.serving, trial=trial or untried)
            self._repository.set_role(name, role.value)
            return self._announced(name)

    def parse(self, card_text: str, default_name: str) -> ModelCard:
        """The card in a YAML text.

        Raises:
            InvalidInput: it is no YAML, or no card.
        """
        return parse_card(parse_yaml(card_text, "the card is no YAML", "card"), default_name)

    @property
    def _size(self) -> tuple[int, int]:
        return self._grid.height, self._grid.width

    def _switched(self, model: Model, numbers: Sequence[int]) -> tuple[Model, tuple[int, ...]]:
        if model.imported:
            raise InvalidInput(f"{model.name!r} is predicted elsewhere and has one version", field="name")
        if model.role is Role.RETIRED:
            raise NotReady(f"{model.name!r} is retired and serves nothing: give it a role first")
        with self._tried(model.name, *numbers) as trial:
            self._repository.serve(model.name, *numbers, trial=trial or untried)
        return self._announced(model.name), model.serving

    @contextmanager
    def _tried(self, name: str, *wanted: int) -> Iterator[Callable[[VersionRef, Path], str] | None]:
        """The trial of a model's versions. Where the block raises, the server is brought back too."""
        beside = sorted({*self._serving(name), *wanted})
        try:
            yield None if self._trial is None else partial(self._trial, beside=beside)
        except BaseException:
            with suppress(MadsegError):  # else `align` does it later
                self._keep(name)
            raise

    def _announced(self, name: str) -> Model:
        model = self.model(name)
        self._unannounced.add(name)
        self._announce(events(model, self._imported.all().get(name)))
        self._unannounced.remove(name)
        self._settle()
        with suppress(MadsegError):  # else `align` does it later
            self._keep(name)
        return model

    def _keep(self, name: str) -> None:
        if self._trial is not None:
            self._trial.keep(name, self._serving(name))

    def _serving(self, name: str) -> tuple[int, ...]:
        """The versions that a server has to have."""
        if name not in self._repository.names():
            return ()
        record = self._repository.record(name)
        return () if record.role == Role.RETIRED else record.serving

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


def _imported(item: ImportedModel) -> Model:
    description = "predictions imported from elsewhere"
    return Model(item.name, Role(item.role), (1,), (), item.covers, description, "", imported=True)
