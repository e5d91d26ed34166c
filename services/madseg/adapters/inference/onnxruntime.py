"""Networks run in this process by ONNX Runtime: `<root>/<model>/<version>/model.onnx`.

Each picture is one thread's work. Measured on two cores of x86-64, ms of CPU per picture, the least of ten rounds:

                       deeplab 257  deeplab 513  dicenet 384  espnet 0.5  espnet 2.0
    2 threads x 1 core          21          105          134          70         123   (this)
    1 thread x 2 cores          22          121          171          75         151
    the same, spinning          40          168          277         122         208
    without memory arena        21          137          190          75         128   and 30-55 MB less
    without mem. pattern        21           95          154          70         132   and 15-35 MB less
    optimised EXTENDED          36          173          156          68         150
    optimised BASIC             34          169          155          72         146

So everything else stays at ONNX Runtime's defaults: all optimisations, of which the layout is worth a third where
there are plain convolutions, the arena, and the memory pattern, which makes no difference. A second thread takes
30-40 MB.
"""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from madseg.adapters.inference.signature import (
    ENTROPY,
    IMAGE,
    LABELS,
    Tensor,
    answer_of,
    check_picture,
    check_signature,
)
from madseg.core.errors import Conflict, InvalidInput, InvalidModel, MadsegError, NotFound, Unavailable
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Answer, Inference

# They have no base of their own below Exception.
_ERRORS = (
    ort_errors.EPFail,
    ort_errors.EngineError,
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoModel,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
    ValueError,
)

_QUIET = 4
"""Log severity "fatal": every other trouble comes as an exception, with the version in its message."""

_CUDA = "CUDAExecutionProvider"
_REMOTE = "AzureExecutionProvider"
"""Part of every build; it only runs networks that name a remote endpoint."""

# The arena's default is to double and to keep: with several networks on one GPU it takes what the next one needs.
_OPTIONS = {_CUDA: {"arena_extend_strategy": "kSameAsRequested", "cudnn_conv_use_max_workspace": "0"}}


@dataclass(frozen=True)
class _Served:
    """A version that is ready."""

    session: ort.InferenceSession
    outputs: tuple[str, ...]
    grid: Size


class OnnxRuntimeInference(Inference):
    """`threads` pictures at once, each on one core; 0 takes as many as the process has CPUs."""

    def __init__(self, root: Path, threads: int = 0) -> None:
        if threads < 0:
            raise InvalidInput(f"threads must be 0 (one per CPU) or more, got {threads}")
        self._root = root
        self._threads = threads or len(os.sched_getaffinity(0))
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="inference")
        self._served: dict[VersionRef, _Served] = {}
        self._loading = threading.Lock()
        self._closed = False

    def load(self, version: VersionRef, grid: Size) -> None:
        with self._loading:
            if self._closed:
                raise Conflict("inference is closed")
            served = self._served.get(version)
            session = served.session if served else _session(self._file(version), version)
            outputs = [_tensor(output) for output in session.get_outputs()]
            check_signature(version, grid, [_tensor(item) for item in session.get_inputs()], outputs)
            asked = tuple(tensor.name for tensor in outputs if tensor.name in (LABELS, ENTROPY))
            self._served[version] = _Served(session, asked, grid)

    def unload(self, version: VersionRef) -> None:
        # Pictures already submitted hold the session and are still answered.
        self._served.pop(version, None)

    def keep(self, model: str, numbers: Sequence[int]) -> None:
        for version in [each for each in list(self._served) if each.model == model and each.version not in numbers]:
            self.unload(version)

    def submit(self, version: VersionRef, picture: NDArray[np.uint8]) -> Future[Answer]:
        try:
            served = self._served.get(version)
            if self._closed:
                raise Conflict("inference is closed")
            if served is None:
                raise NotFound(f"{version} is not loaded")
            check_picture(version, served.grid, picture)
            return self._pool.submit(_run, version, served, picture)
        except (MadsegError, RuntimeError) as error:  # the pool's own error where it was shut down just now
            failed: Future[Answer] = Future()
            failed.set_exception(error if isinstance(error, MadsegError) else Conflict(f"inference is closed: {error}"))
            return failed

    def describe(self) -> str:
        return f"ONNX Runtime {ort.__version__} on {self._device()}, {self._threads} thread{'s' * (self._threads > 1)}"

    def close(self) -> None:
        with self._loading:
            self._closed = True
        self._pool.shutdown()
        self._served.clear()

    def _device(self) -> str:
        if _CUDA not in ort.get_available_providers():
            return "CPU (no CUDA provider)"
        # A provider that can't start, for want of a driver, is dropped without an error.
        if any(_CUDA not in served.session.get_providers() for served in list(self._served.values())):
            return "CPU (the CUDA provider did not start)"
        return "CUDA"

    def _file(self, version: VersionRef) -> Path:
        file = self._root / version.model / str(version.version) / "model.onnx"
        if not file.is_file():
            raise NotFound(f"there is no {version}: {file} is missing")
        return file


def _providers() -> list[str | tuple[str, dict[str, str]]]:
    """All that this build has, CUDA first: TensorRT, which it would try before, builds engines for minutes."""
    there = [name for name in ort.get_available_providers() if name != _REMOTE]
    there.sort(key=lambda name: name != _CUDA)
    return [(name, _OPTIONS[name]) if name in _OPTIONS else name for name in there]


def _session(file: Path, version: VersionRef) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = _QUIET
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(file, options, providers=_providers())
    except _ERRORS as error:
        raise InvalidModel(f"{version} can't be loaded by ONNX Runtime {ort.__version__}: {error}") from error


def _tensor(declared: ort.NodeArg) -> Tensor:
    """Types read `tensor(uint8)`, `tensor(float)`."""
    kind = declared.type.removeprefix("tensor(").removesuffix(")")
    return Tensor(declared.name, "float32" if kind == "float" else kind, declared.shape)


def _run(version: VersionRef, served: _Served, picture: NDArray[np.uint8]) -> Answer:
    try:
        values = served.session.run(served.outputs, {IMAGE: np.ascontiguousarray(picture)[None]})
    except _ERRORS as error:
        if "allocate memory" in str(error):
            raise Unavailable(f"{version}: {error}") from error
        raise MadsegError(f"{version} failed: {error}") from error
    except MemoryError as error:
        raise Unavailable(f"{version}: out of memory") from error
    return answer_of(version, served.grid, dict(zip(served.outputs, values, strict=True)))
