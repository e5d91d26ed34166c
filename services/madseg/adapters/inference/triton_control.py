"""What Triton has loaded: readiness, loading, and what a version says of itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from madseg.adapters.inference.signature import ENTROPY, Tensor
from madseg.adapters.inference.triton_channel import open_client
from madseg.adapters.inference.triton_errors import Gone, is_want_of_memory, tidy, translated
from madseg.adapters.inference.triton_options import Options
from madseg.core.errors import InvalidModel, MadsegError, NotFound, Unavailable
from madseg.core.messages import VersionRef

log = structlog.get_logger("madseg.inference")

CALL_SECONDS = 10.0
"""Deadline of a question."""

LOAD_SECONDS = 900.0
"""Deadline of loading a model: TensorRT takes minutes to build an engine."""

POLLING = "explicit model load / unload is not allowed"
"""What a server says that loads models by itself."""

_TYPES = {"UINT8": "uint8", "FP32": "float32"}


class Control:
    """The repository of one Triton. Thread-safe; every call has a deadline and raises Unavailable beyond it."""

    def __init__(self, options: Options) -> None:
        self._client = open_client(options)
        self._name = f"Triton at {options.address}"

    def close(self) -> None:
        """Hangs up."""
        self._client.close()

    def server(self) -> str:
        """The server's name, version and address."""
        with translated(self._name):
            found = self._client.get_server_metadata(client_timeout=CALL_SECONDS)
        return f"{found.name.capitalize()} {found.version} at {self._name.removeprefix('Triton at ')}"

    def ready(self) -> list[str]:
        """The versions that are ready, as `name/version`, in order."""
        return sorted(f"{item.name}/{item.version}" for item in self._index() if item.state == "READY")

    def is_ready(self, version: VersionRef) -> bool:
        """True where this version can be asked."""
        try:
            with translated(self._name):
                number = str(version.version)
                return bool(self._client.is_model_ready(version.model, number, client_timeout=CALL_SECONDS))
        except Gone:
            return False

    def load(self, version: VersionRef) -> None:
        """Has the model of a version loaded as its config.pbtxt says, where the version isn't ready.

        Raises:
            NotFound: the repository or the configuration doesn't have it.
            InvalidModel: it can't be loaded; the message has the server's reason.
        """
        if self.is_ready(version):
            return
        refused: MadsegError | None = None
        try:
            with translated(self._name):
                self._client.load_model(version.model, client_timeout=LOAD_SECONDS)
        except MadsegError as error:  # perhaps another version of the model is at fault
            refused = error
        if not self.is_ready(version):
            raise self._why_not(version, refused)

    def refresh(self, model: str) -> None:
        """Has a model follow its config.pbtxt: versions it no longer names are freed when they have answered."""
        self.server()  # one that hangs is found out in seconds
        try:
            with self._unless_polling(), translated(f"{self._name} on loading {model}"):
                self._client.load_model(model, client_timeout=LOAD_SECONDS)
        except Unavailable:
            raise
        except MadsegError as error:  # of a version that can't be loaded; the others are as they should be
            log.warning("model_not_whole", model=model, reason=str(error))

    def unload(self, model: str) -> None:
        """Has every version of a model freed."""
        with self._unless_polling(), translated(f"{self._name} on unloading {model}"):
            self._client.unload_model(model, client_timeout=CALL_SECONDS)

    def tensors(self, version: VersionRef) -> tuple[list[Tensor], list[Tensor]]:
        """Inputs and outputs of a version that is ready."""
        with translated(f"{version} on {self._name}"):
            found = self._client.get_model_metadata(version.model, str(version.version), client_timeout=CALL_SECONDS)
        return [_tensor(item) for item in found.inputs], [_tensor(item) for item in found.outputs]

    def _index(self) -> Any:
        with translated(self._name):
            return self._client.get_model_repository_index(client_timeout=CALL_SECONDS).models

    def _why_not(self, version: VersionRef, refused: MadsegError | None) -> MadsegError:
        """The error that says why a version isn't ready after it was to be loaded."""
        listed = {item.version: item for item in self._index() if item.name == version.model}
        found = listed.get(str(version.version))
        reason, state = (tidy(found.reason), found.state) if found else ("", "")
        away = isinstance(refused, Unavailable) and not isinstance(refused, Gone)
        if away or is_want_of_memory(f"{reason} {refused}") or state in ("LOADING", "UNLOADING"):
            return Unavailable(f"{version} is not ready yet on {self._name}: {reason or refused or state.lower()}")
        if not listed:
            return NotFound(f"there is no {version}: {refused or f'{self._name} has no model {version.model!r}'}")
        if reason or refused:
            return InvalidModel(f"{version} can't be loaded by {self._name}: {reason or refused}")
        others = ", ".join(number for number, item in listed.items() if item.state == "READY") or "nothing"
        return NotFound(f"there is no {version}: of {version.model}, {self._name} serves {others}")

    @contextmanager
    def _unless_polling(self) -> Iterator[None]:
        """A server that isn't under explicit control follows its files by itself."""
        try:
            yield
        except Unavailable as error:
            if POLLING not in str(error):
                raise


def _tensor(item: Any) -> Tensor:
    """As the network declares it: the entropy of a batch is (N), where Triton wants a dimension beside N."""
    shape = [None if dim == -1 else int(dim) for dim in item.shape]
    if item.name == ENTROPY and shape[1:] == [1]:
        shape = shape[:1]
    return Tensor(item.name, _TYPES.get(item.datatype, item.datatype), shape)
