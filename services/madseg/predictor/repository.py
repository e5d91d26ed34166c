"""The model repository: served networks in Triton's layout, with what madseg knows of them beside.

    <root>/<name>/model.yaml            role, serving versions, card and one record per version: the truth
    <root>/<name>/config.pbtxt          made from it
    <root>/<name>/labels.txt            the taxonomy's class names in label order
    <root>/<name>/<version>/model.onnx  the served form

A version exists once model.yaml names it. Each file is renamed into place, so that a kill between any two leaves a
repository that reads well; the next writer deletes what nobody names and writes config.pbtxt anew. Readers take no
lock.

A version may be tried before it exists: its folder is there and config.pbtxt serves it, model.yaml doesn't name it yet.
Where the trial fails, or the writer dies, it is taken back. A new model that is being tried has model.yaml.tmp alone.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from madseg.core.errors import AlreadyExists, Conflict, InvalidModel, NotFound
from madseg.core.messages import VersionRef
from madseg.files import PART, locked, publish_folder, replace_file, write_file
from madseg.predictor.card import ROLES, ModelCard, check_name
from madseg.predictor.record import ModelRecord, VersionRecord, dump_record, parse_record
from madseg.predictor.served import ServedForm, read_served
from madseg.predictor.triton_config import Serving, config_pbtxt

TryOut = Callable[[VersionRef, Path], object]
"""Tries a version that lies at a path; raises where it mustn't serve."""

LOCK = ".lock"

MAKING = ".tmp"
"""The suffix of what is being made or tried; nothing reads it, the next writer deletes it."""

STAGING = f".staging{MAKING}"
"""Where a new model is put together; Triton never sees it under its own name before it is whole."""


def untried(_ref: VersionRef, _path: Path) -> None:
    """The trial where no server is at hand."""


class ModelRepository:
    """One folder of models.

    Args:
        root: the folder; made at the first write.
        serving: what config.pbtxt says beyond the networks' own facts.
    """

    def __init__(self, root: Path, serving: Serving | None = None) -> None:
        self.root = root
        self._serving = serving or Serving()

    def names(self) -> tuple[str, ...]:
        """Names of all models, retired ones too, in alphabetical order."""
        return tuple(sorted(path.parent.name for path in self.root.glob("[a-z0-9]*/model.yaml")))

    def record(self, name: str) -> ModelRecord:
        """What `model.yaml` says.

        Raises:
            NotFound: there is no such model; the message lists those there are.
            InvalidModel: the name can't be one.
            Conflict: the file was damaged.
        """
        path = self._folder(name) / "model.yaml"
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise NotFound(f"no model {name!r} in {self.root}: {', '.join(self.names()) or 'it is empty'}") from None
        except UnicodeDecodeError as error:
            raise Conflict(f"{path} is damaged, bring it back from a backup: {error}") from error
        return parse_record(text, str(path))

    def card(self, name: str) -> ModelCard:
        """The completed card of the newest version. Raises as `record` does."""
        return self.record(name).card

    def versions(self, name: str) -> tuple[VersionRecord, ...]:
        """All versions, oldest first. Raises as `record` does."""
        return self.record(name).versions

    def version(self, name: str, number: int) -> VersionRecord:
        """One version.

        Raises:
            NotFound: no such model or version.
        """
        versions = self.versions(name)
        for version in versions:
            if version.number == number:
                return version
        raise NotFound(f"model {name!r} has no version {number}: {', '.join(str(each.number) for each in versions)}")

    def path(self, name: str, number: int) -> Path:
        """The served file of a version. Raises as `version` does."""
        return self._file(name, self.version(name, number).number)

    def recover(self) -> None:
        """Take back or finish what a killed writer left, and bring every config.pbtxt up to date."""
        if self.root.exists():
            with self._writing():
                pass

    def add(
        self, served: bytes, *, created: str, check: Mapping[str, float] | None = None, trial: TryOut = untried
    ) -> int:
        """Take in a new model under its card's name and with its card's role; version 1, served.

        Args:
            served: a file in the served form, as `wrap` makes it.
            created: ISO 8601.
            check: figures of `check.Report`.
            trial: what it must pass.

        Raises:
            AlreadyExists: the name is taken, or the card says target and there is one.
            InvalidModel: `served` is not in the served form.
        """
        form = read_served(served)
        name = check_name(form.card.name)
        record = ModelRecord(form.card, form.card.role, (1,), (_version(1, form, created, None, check or {}),))
        with self._writing():
            if name in self.names():
                raise AlreadyExists(f"model {name!r} exists: release a new version of it, or give the card a new name")
            self._refuse_second_target(name, form.card.role)
            self._stage_model(name, record, form, served)
            with self._taking_back():
                trial(VersionRef(name, 1), self._file(name, 1))
            self._write_record(name, record)
        return 1

    def release(
        self,
        name: str,
        served: bytes,
        *,
        created: str,
        parent: int | None = None,
        check: Mapping[str, float] | None = None,
        trial: TryOut = untried,
        key: str | None = None,
    ) -> int:
        """Add the next version. It serves beside the newest that served before. Returns its number.

        Args:
            parent: the version it was made from; default: the newest so far.
            trial: what it must pass.
            key: the version that was released with it before is the answer, and nothing is written.

        Raises:
            NotFound: no such model or parent.
            AlreadyExists: another network was released with the key, or from another parent.
            InvalidModel: not in the served form, or of another taxonomy, grid or interface than the versions before.
        """
        form = read_served(served)
        with self._writing():
            record = self.record(name)
            known = released_with(record, key, form.source_sha256, parent)
            if known is not None:
                return known.number
            origin = record.newest.number if parent is None else self.version(name, parent).number
            _refuse_other_interface(name, record.newest, form)
            number = record.newest.number + 1
            version = replace(_version(number, form, created, origin, check or {}), key=key)
            card = replace(form.card, name=name, role=record.role)
            serving = (*record.serving[-1:], number)
            with self._taking_back():
                self._publish_version(name, number, served)
                self._write_config(name, record, (number,))
                trial(VersionRef(name, number), self._file(name, number))
            self._write_record(name, ModelRecord(card, record.role, serving, (*record.versions, version)))
        return number

    def serve(self, name: str, *numbers: int, trial: TryOut = untried) -> None:
        """Serve exactly these versions, once each has passed the trial.

        Raises:
            NotFound: no such model or version.
            InvalidModel: none is given.
        """
        if not numbers:
            raise InvalidModel(f"model {name!r} must serve at least one version; retire it instead")
        with self._writing():
            wanted = tuple(sorted({self.version(name, number).number for number in numbers}))
            record = self.record(name)
            with self._taking_back():
                self._write_config(name, record, wanted)
                for number in wanted:
                    trial(VersionRef(name, number), self._file(name, number))
            self._write_record(name, replace(record, serving=wanted))

    def set_role(self, name: str, role: str) -> None:
        """Make the model the target, a competitor, or retired.

        Raises:
            NotFound: no such model.
            InvalidModel: no such role.
            AlreadyExists: another model is the target.
        """
        if role not in ROLES:
            raise InvalidModel(f"role must be {' or '.join(ROLES)}, got {role!r}", field="role")
        with self._writing():
            record = self.record(name)
            self._refuse_second_target(name, role)
            self._write_record(name, replace(record, role=role, card=replace(record.card, role=role)))

    def _folder(self, name: str) -> Path:
        return self.root / check_name(name)

    def _file(self, name: str, number: int) -> Path:
        return self._folder(name) / str(number) / "model.onnx"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold off other writers, and begin from a clean repository."""
        self.root.mkdir(parents=True, exist_ok=True)
        with locked(self.root / LOCK):
            self._recover()
            yield

    @contextmanager
    def _taking_back(self) -> Iterator[None]:
        """Where the block raises, the repository is as it was."""
        try:
            yield
        except BaseException:
            self._recover()
            raise

    def _recover(self) -> None:
        """Delete what a killed writer left unfinished, and finish what only lacked its config.pbtxt."""
        shutil.rmtree(self.root / STAGING, ignore_errors=True)
        for tried in self.root.glob(f"[a-z0-9]*/model.yaml{MAKING}"):
            if not tried.with_suffix("").exists():
                shutil.rmtree(tried.parent)
        for name in self.names():
            folder, record = self._folder(name), self.record(name)
            known = {str(version.number) for version in record.versions}
            for entry in folder.iterdir():
                if entry.is_dir() and entry.name not in known and entry.name.removesuffix(MAKING).isdigit():
                    shutil.rmtree(entry)
                elif entry.is_file() and entry.suffix in {MAKING, PART}:
                    entry.unlink()
            self._write_config(name, record)

    def _stage_model(self, name: str, record: ModelRecord, form: ServedForm, served: bytes) -> None:
        """A whole folder under the model's name, but for its model.yaml."""
        staging = self.root / STAGING
        (staging / "1").mkdir(parents=True)
        write_file(staging / "1" / "model.onnx", served)
        write_file(staging / "labels.txt", "".join(f"{item}\n" for item in form.classes).encode())
        write_file(staging / "config.pbtxt", config_pbtxt(name, record, self._serving).encode())
        write_file(staging / f"model.yaml{MAKING}", b"")
        shutil.rmtree(self._folder(name), ignore_errors=True)  # a folder without model.yaml is nobody's
        publish_folder(staging, self._folder(name))

    def _publish_version(self, name: str, number: int, served: bytes) -> None:
        part = self._folder(name) / f"{number}{MAKING}"
        part.mkdir()
        write_file(part / "model.onnx", served)
        publish_folder(part, part.with_suffix(""))

    def _write_record(self, name: str, record: ModelRecord) -> None:
        replace_file(self._folder(name) / "model.yaml", dump_record(record).encode(), durable=True)
        (self._folder(name) / f"model.yaml{MAKING}").unlink(missing_ok=True)
        self._write_config(name, record)

    def _write_config(self, name: str, record: ModelRecord, trying: Iterable[int] = ()) -> None:
        content = config_pbtxt(name, record, self._serving, trying).encode()
        config = self._folder(name) / "config.pbtxt"
        if not config.exists() or config.read_bytes() != content:
            replace_file(config, content, durable=True)

    def _refuse_second_target(self, name: str, role: str) -> None:
        if role != "target":
            return
        for other in self.names():
            if other != name and self.record(other).role == "target":
                raise AlreadyExists(
                    f"{other!r} is the target already: make it a competitor or retire it, then {name!r} the target"
                )


def released_with(
    record: ModelRecord, key: str | None, source_sha256: str, parent: int | None = None
) -> VersionRecord | None:
    """The version that a key released; None without a key, or where it is a new one.

    Raises:
        AlreadyExists: it released another network than the one of this SHA-256, or one made from another parent.
    """
    found = next((version for version in record.versions if key is not None and version.key == key), None)
    if found is not None and found.source_sha256 != source_sha256:
        raise AlreadyExists(
            f"another network was released as version {found.number} with the idempotency key {key!r}: a new network "
            "needs a new key"
        )
    if found is not None and parent not in (None, found.parent):
        raise AlreadyExists(
            f"version {found.number} was released from version {found.parent} with the idempotency key {key!r}, not "
            f"from {parent}: a new release needs a new key"
        )
    return found


def _version(
    number: int, form: ServedForm, created: str, parent: int | None, check: Mapping[str, float]
) -> VersionRecord:
    return VersionRecord(
        number=number,
        created=created,
        sha256=form.sha256,
        source_sha256=form.source_sha256,
        covers=form.covers,
        has_entropy=form.has_entropy,
        batch="dynamic" if form.dynamic else "1",
        grid=form.grid,
        taxonomy=form.taxonomy,
        parent=parent,
        check=dict(check),
    )


def _refuse_other_interface(name: str, newest: VersionRecord, form: ServedForm) -> None:
    """All versions of a model share one config.pbtxt, and contests need one taxonomy and grid."""
    batch = "dynamic" if form.dynamic else "1"
    pairs = {
        "taxonomy": (newest.taxonomy, form.taxonomy),
        "grid": (newest.grid, form.grid),
        "batch": (newest.batch, batch),
        "entropy": (newest.has_entropy, form.has_entropy),
    }
    for what, (old, new) in pairs.items():
        if old != new:
            raise InvalidModel(
                f"model {name!r} has {what} {old}, the new version {new}: add it as a model with a name of its own"
            )
