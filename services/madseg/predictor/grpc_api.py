"""ModelsService: decode, one call, encode."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from madseg.core.errors import Conflict, InvalidInput
from madseg.predictor.add import Added
from madseg.predictor.announce import Model
from madseg.predictor.catalogue import Catalogue
from madseg.requests import plain_text
from madseg.rpc import PIECE_SECONDS, paced
from madseg.v1 import models_pb2 as pb
from madseg.v1.models_pb2_grpc import ModelsServiceServicer
from madseg.wire import role, role_proto

MAX_NETWORK_BYTES = 2 << 30
"""Largest network: ONNX itself ends at 2 GiB."""

A = TypeVar("A")

MAX_KEY = 200
"""Characters of an idempotency key."""


class ModelsApi(ModelsServiceServicer):
    """What the catalogue does, over gRPC. The next piece of an upload may take `patience` seconds.

    Uploads are received on the server's loop: one that stops takes no thread from other calls.
    """

    def __init__(self, catalogue: Catalogue, patience: float = PIECE_SECONDS) -> None:
        self._catalogue, self._patience = catalogue, patience

    def ListModels(self, request: pb.ListModelsRequest, context: Any) -> pb.ListModelsResponse:
        return pb.ListModelsResponse(models=[self._proto(model) for model in self._catalogue.models()])

    def GetModel(self, request: pb.GetModelRequest, context: Any) -> pb.GetModelResponse:
        model = self._catalogue.model(request.name)
        return pb.GetModelResponse(model=self._proto(model), card=model.card)

    async def AddModel(self, request_iterator: AsyncIterator[pb.AddModelRequest], context: Any) -> pb.AddModelResponse:
        async with _received(request_iterator, self._patience) as (header, path):
            return await _to_its_end(lambda: self._added(header, path))

    async def ReleaseVersion(
        self, request_iterator: AsyncIterator[pb.ReleaseVersionRequest], context: Any
    ) -> pb.ReleaseVersionResponse:
        async with _received(request_iterator, self._patience) as (header, path):
            return await _to_its_end(lambda: self._released(header, path))

    def RegisterImportedModel(
        self, request: pb.RegisterImportedModelRequest, context: Any
    ) -> pb.RegisterImportedModelResponse:
        model = self._catalogue.register_imported(request.name, role(request.role), request.covers)
        return pb.RegisterImportedModelResponse(model=self._proto(model))

    def SetRole(self, request: pb.SetRoleRequest, context: Any) -> pb.SetRoleResponse:
        model = self._catalogue.set_role(request.name, role(request.role))
        return pb.SetRoleResponse(model=self._proto(model))

    def ServeVersions(self, request: pb.ServeVersionsRequest, context: Any) -> pb.ServeVersionsResponse:
        model, before = self._catalogue.serve(request.name, request.versions)
        return pb.ServeVersionsResponse(model=self._proto(model), before=before)

    def RollbackVersion(self, request: pb.RollbackVersionRequest, context: Any) -> pb.RollbackVersionResponse:
        model, before = self._catalogue.rollback(request.name, request.expected_newest)
        return pb.RollbackVersionResponse(model=self._proto(model), before=before)

    def _added(self, header: pb.ModelUpload, path: Path) -> pb.AddModelResponse:
        model, added = self._catalogue.add(path, header.card, Path(header.file_name).stem)
        return pb.AddModelResponse(model=self._proto(model), findings=findings(added))

    def _released(self, header: pb.ModelUpload, path: Path) -> pb.ReleaseVersionResponse:
        key = plain_text(header.idempotency_key, "idempotency_key", MAX_KEY) or None
        stem, parent = Path(header.file_name).stem, header.parent or None
        model, added = self._catalogue.release(path, header.model, header.card, stem, key=key, parent=parent)
        told = [*findings(added), _place(model, added.version)]
        return pb.ReleaseVersionResponse(model=self._proto(model), findings=told, version=added.version)

    def _proto(self, model: Model) -> pb.Model:
        versions = [
            pb.ModelVersionInfo(
                version=version.number,
                created=version.created,
                sha256=version.sha256,
                covers=version.covers,
                has_entropy=version.has_entropy,
                bytes=_size(self._catalogue.path(model.name, version.number)),
            )
            for version in model.versions
        ]
        return pb.Model(
            name=model.name,
            role=role_proto(model.role),
            serving=model.serving,
            versions=versions or [pb.ModelVersionInfo(version=1, covers=model.covers)],
            description=model.description,
            imported=model.imported,
        )


def _size(path: Path) -> int:
    """Bytes of a file. Raises Conflict where a version's file is gone, which is the repository's fault."""
    try:
        return path.stat().st_size
    except FileNotFoundError as error:
        raise Conflict(f"{path} is missing, bring it back from a backup") from error


def _place(model: Model, version: int) -> str:
    """Whether a version serves, and beside which."""
    beside = " and ".join(str(number) for number in model.serving if number != version)
    if version in model.serving:
        return f"version {version} serves now, beside version {beside}" if beside else f"version {version} serves now"
    return f"version {version} was released before and doesn't serve now"


def findings(added: Added) -> list[str]:
    """What the check and the trial found, one sentence each."""
    report = added.report
    equal = f"{report.agreement:.4%} of the labels equal those of the unwrapped network"
    lines = [f"{equal} on the worst of {report.images} pictures"]
    if report.entropy_error is not None:
        lines.append(f"the mean entropy differs by at most {report.entropy_error:.1e} nats")
    lines.append(f"{report.served_ms:.1f} ms a picture served, {report.bare_ms:.1f} ms the network alone")
    return [*lines, *added.tried, *report.warnings]


async def _to_its_end(act: Callable[[], A]) -> A:
    """What a function gives that a thread carries out. It ends also where whoever called is gone, as it changes
    models; what it reads has to stay as long."""
    working = asyncio.ensure_future(asyncio.to_thread(act))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait({working})
        working.exception()  # nobody is there to hear it
        raise


@asynccontextmanager
async def _received(
    parts: AsyncIterator[pb.AddModelRequest | pb.ReleaseVersionRequest], patience: float
) -> AsyncIterator[tuple[pb.ModelUpload, Path]]:
    """The header and the uploaded file, in a folder that goes afterwards.

    Raises:
        InvalidInput: no header first, no chunk, more than 2 GiB.
        TooSlow: the next part takes longer than `patience` seconds.
    """
    coming = paced(parts, patience)
    first = await anext(coming, None)
    if first is None or first.WhichOneof("part") != "header":
        raise InvalidInput("the first message must be the header", field="header")
    with tempfile.TemporaryDirectory(prefix="madseg-upload-") as folder:
        path, size = Path(folder) / "network.onnx", 0
        with path.open("wb") as file:
            async for part in coming:
                size += await asyncio.to_thread(file.write, part.chunk)
                if size > MAX_NETWORK_BYTES:
                    raise InvalidInput("a network has at most 2 GiB", field="chunk")
        if not size:
            raise InvalidInput("no chunk of the network came after the header", field="chunk")
        yield first.header, path
