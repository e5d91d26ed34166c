"""The model repository: which networks compete, in which version and role."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

from madseg.client.connection import Connection
from madseg.client.decode.common import from_role
from madseg.client.decode.fill import fill
from madseg.client.decode.models import to_model
from madseg.client.errors import InvalidArgument
from madseg.client.values.common import Role
from madseg.client.values.models import Added, Model, ModelCard, Switched
from madseg.v1 import models_pb2
from madseg.v1.models_pb2_grpc import ModelsServiceStub

Q = TypeVar("Q")

CHUNK_BYTES = 1 << 20
"""Largest chunk of a file that the service takes."""

UPLOAD_SECONDS = 1800.0
"""Default deadline for sending, wrapping and checking a network."""

SWITCH_SECONDS = 900.0
"""Default deadline for loading versions: TensorRT takes minutes to build an engine."""


class ModelCalls:
    """The calls of ModelsService."""

    _models: Connection

    def models(self) -> list[Model]:
        """All models: targets first, then competitors, then retired ones, by name."""
        answer = self._models.call(self._models_stub().ListModels, models_pb2.ListModelsRequest())
        return [to_model(item) for item in answer.models]

    def model(self, name: str) -> ModelCard:
        """One model with its versions and its card.

        Raises:
            NotFound: there is no such model.
        """
        answer = self._models.call(self._models_stub().GetModel, fill(models_pb2.GetModelRequest, name=name))
        return ModelCard(to_model(answer.model), answer.card)

    def add_model(self, onnx: str | Path, card: str, *, timeout: float = UPLOAD_SECONDS) -> Added:
        """Adds the network in the file `onnx` as version 1 of a new model; `card` is YAML, see docs/model-card.md.

        Raises:
            AlreadyExists: a model of the card's name exists; `release_version` adds to it.
            InvalidArgument: the network or the card can't be served as it is; the message says why.
        """
        header = fill(models_pb2.ModelUpload, card=card, file_name=Path(onnx).name)
        with _opened(onnx) as file:
            parts = (fill(models_pb2.AddModelRequest, chunk=chunk) for chunk in _chunks(file))
            requests = _after(fill(models_pb2.AddModelRequest, header=header), parts)
            answer = self._models.send(self._models_stub().AddModel, requests, timeout)
        return Added(to_model(answer.model), tuple(answer.findings))

    def release_version(
        self,
        onnx: str | Path,
        card: str,
        *,
        idempotency_key: str = "",
        parent: int = 0,
        timeout: float = UPLOAD_SECONDS,
    ) -> Added:
        """Releases the network in the file `onnx` as the next version of the model that the card names.

        A second call with the same `idempotency_key` answers with the version that the first one released. `parent` is
        the version it was made from; default: the newest.

        Raises:
            NotFound: there is no such model.
            InvalidArgument: the network or the card can't be served as it is; the message says why.
            AlreadyExists: another network was released with the key, or from another parent.
        """
        header = fill(
            models_pb2.ModelUpload, card=card, file_name=Path(onnx).name, idempotency_key=idempotency_key, parent=parent
        )
        with _opened(onnx) as file:
            parts = (fill(models_pb2.ReleaseVersionRequest, chunk=chunk) for chunk in _chunks(file))
            requests = _after(fill(models_pb2.ReleaseVersionRequest, header=header), parts)
            answer = self._models.send(self._models_stub().ReleaseVersion, requests, timeout)
        return Added(to_model(answer.model), tuple(answer.findings), answer.version)

    def register_imported(self, name: str, role: str | Role = Role.COMPETITOR, *, covers: Iterable[str] = ()) -> Model:
        """Registers a model whose predictions come from elsewhere; `covers` are its classes, by default all."""
        request = fill(models_pb2.RegisterImportedModelRequest, name=name, role=from_role(role), covers=covers)
        return to_model(self._models.call(self._models_stub().RegisterImportedModel, request).model)

    def set_role(self, name: str, role: str | Role) -> Model:
        """Gives a model another role. "retired" takes it out of the competition; what it predicted stays.

        Raises:
            NotFound: there is no such model.
        """
        request = fill(models_pb2.SetRoleRequest, name=name, role=from_role(role))
        return to_model(self._models.call(self._models_stub().SetRole, request).model)

    def serve_versions(self, name: str, versions: Iterable[int], *, timeout: float = SWITCH_SECONDS) -> Switched:
        """Has exactly these versions of a model take part, once each was loaded and asked about a picture.

        Raises:
            NotFound: there is no such model or version.
            InvalidArgument: none is given, or one can't be served; the message says why.
            NotReady: the model is retired.
        """
        request = fill(models_pb2.ServeVersionsRequest, name=name, versions=versions)
        answer = self._models.call(self._models_stub().ServeVersions, request, timeout)
        return Switched(to_model(answer.model), tuple(answer.before))

    def rollback_version(self, name: str, *, expected_newest: int = 0, timeout: float = SWITCH_SECONDS) -> Switched:
        """Has the version before the newest that takes part do so alone. A second call goes back by one more, unless
        `expected_newest` says which version is the newest that takes part; 0: whichever is.

        Raises:
            Stale: another one is by now; nothing has changed.
            NotReady: the first version takes part, or the model is retired.
        """
        request = fill(models_pb2.RollbackVersionRequest, name=name, expected_newest=expected_newest)
        answer = self._models.call(self._models_stub().RollbackVersion, request, timeout)
        return Switched(to_model(answer.model), tuple(answer.before))

    def _models_stub(self) -> ModelsServiceStub:
        return self._models.stub(ModelsServiceStub)


def _opened(path: str | Path) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise InvalidArgument(f"{path} can't be read: {error.strerror}") from error


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _after(header: Q, parts: Iterable[Q]) -> Iterator[Q]:
    yield header
    yield from parts
