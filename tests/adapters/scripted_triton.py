"""A Triton that answers as a test tells it to, over real gRPC."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceServicer, add_GRPCInferenceServiceServicer_to_server

from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size

Infer = Callable[[Any, grpc.ServicerContext], None]
"""What happens to a request before it is answered."""


class ScriptedTriton(GRPCInferenceServiceServicer):  # type: ignore[misc]
    """Answers with the red channel. `infer` may refuse, wait or abort first; `ready` are the versions it has.

    After `age` milliseconds it ends a connection, a quarter of a second later also where something is under way on it.
    """

    def __init__(
        self, grid: Size, *ready: VersionRef, key: bytes = b"", certificate: bytes = b"", age: int = 0
    ) -> None:
        self.grid, self.ready, self.loadable = grid, set(ready), set(ready)
        self.infer: Infer = lambda _request, _context: None
        self.refusal = ""
        """What loading is refused with, where that isn't empty."""
        self.calls: Counter[str] = Counter()
        self.changed = threading.Condition()
        self.versions: list[str] = []
        """Which were asked, in order."""
        self.connections: set[str] = set()
        """Over which something was asked."""
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        if age:
            options += [("grpc.max_connection_age_ms", age), ("grpc.max_connection_age_grace_ms", 250)]
        self._server = grpc.server(ThreadPoolExecutor(64), options=options)
        add_GRPCInferenceServiceServicer_to_server(self, self._server)
        self.port = (
            self._server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, certificate)]))
            if key
            else self._server.add_insecure_port("127.0.0.1:0")
        )
        self._server.start()

    @property
    def url(self) -> str:
        """By which madseg reaches it."""
        return f"triton://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Hangs up."""
        self._server.stop(None).wait()

    def wait_for(self, call: str, count: int, seconds: float = 30) -> None:
        """Until a call has been made so many times."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.calls[call] >= count, seconds), dict(self.calls)

    def ServerMetadata(self, request: Any, context: Any) -> Any:
        return pb.ServerMetadataResponse(name="triton", version="2.51.0")

    def ModelReady(self, request: Any, context: Any) -> Any:
        return pb.ModelReadyResponse(ready=VersionRef(request.name, int(request.version)) in self.ready)

    def ModelMetadata(self, request: Any, context: Any) -> Any:
        tensor, plane = pb.ModelMetadataResponse.TensorMetadata, [-1, self.grid.height, self.grid.width]
        return pb.ModelMetadataResponse(
            name=request.name,
            inputs=[tensor(name="image", datatype="UINT8", shape=[*plane, 3])],
            outputs=[tensor(name="labels", datatype="UINT8", shape=plane)],
        )

    def RepositoryIndex(self, request: Any, context: Any) -> Any:
        found = [
            pb.RepositoryIndexResponse.ModelIndex(name=ref.model, version=str(ref.version), state="READY")
            for ref in sorted(self.ready)
        ]
        return pb.RepositoryIndexResponse(models=found)

    def RepositoryModelLoad(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._count("load")
        if self.refusal:
            context.abort(grpc.StatusCode.UNAVAILABLE, self.refusal)
        self.ready |= {ref for ref in self.loadable if ref.model == request.model_name}
        return pb.RepositoryModelLoadResponse()

    def RepositoryModelUnload(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._count("unload")
        self.ready = {ref for ref in self.ready if ref.model != request.model_name}
        return pb.RepositoryModelUnloadResponse()

    def ModelInfer(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._count("infer")
        self.versions.append(f"{request.model_name}/{request.model_version}")
        self.connections.add(context.peer())
        self.infer(request, context)
        if VersionRef(request.model_name, int(request.model_version)) not in self.ready:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Request for unknown model: '{request.model_name}' is not found")
        pixels = request.raw_input_contents[0]
        output = pb.ModelInferResponse.InferOutputTensor(
            name="labels", datatype="UINT8", shape=[1, self.grid.height, self.grid.width]
        )
        return pb.ModelInferResponse(outputs=[output], raw_output_contents=[pixels[::3]])

    def _count(self, call: str) -> int:
        with self.changed:
            self.calls[call] += 1
            self.changed.notify_all()
            return self.calls[call]
