"""Networks served by Triton, asked over gRPC.

What has gone wrong is told apart, since a failure is recorded for ever and a batch is asked again for ever:

    the connection breaks, the server is away or short of memory    asked twice more, then Unavailable
    the server has lost the version, or takes its process for dead  Unavailable; the version is loaded anew
    the network fails on the picture                                that error
    no answer in time                                               asked once more; then see below

The deadline counts from when a request is sent, and at most `concurrency` are under way, so a slow server is asked
less and nothing expires for having waited here. Where a picture got no answer twice, it is at fault only if others,
sent during each of the two tries, were answered promptly; a server that is overloaded or hangs answers nobody promptly
for a while, and is Unavailable.
"""

import random
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray
from tritonclient.grpc import InferInput, InferRequestedOutput

from madseg.adapters.inference.shared_memory import Regions
from madseg.adapters.inference.signature import ENTROPY, IMAGE, LABELS, answer_of, check_picture, check_signature
from madseg.adapters.inference.triton_channel import open_client
from madseg.adapters.inference.triton_control import Control
from madseg.adapters.inference.triton_errors import Dead, Gone, Late, RegionLost, translated
from madseg.adapters.inference.triton_options import Options
from madseg.core.errors import Conflict, MadsegError, NotFound, Unavailable
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Answer, Inference

log = structlog.get_logger("madseg.inference")

PAUSES = (0.0, 0.1, 0.4)
"""Seconds before each try."""

DEADLINE_SHARE = 0.4
"""Of the time a picture has, for each request: two of them and the pauses fit in."""

LIMIT_SHARE = 0.9
"""Of the time a picture has, within which its future is done, whatever happens."""

TRIES = 2
"""How often a picture may go without an answer."""

PROMPT_SHARE = 0.25
"""Of the deadline, within which an answer shows that the server isn't overloaded."""

RESTORE_SECONDS = 1.0
"""Before a version that the server has lost is loaded anew: it may have been taken out on purpose, which the stream
tells meanwhile; and a random time more, so that of many processes one is the first."""

Tensors = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class _Served:
    """A version that is ready."""

    grid: Size
    outputs: tuple[str, ...]


class TritonInference(Inference):
    """`answer_seconds` is how long a picture may take before its fate is decided."""

    def __init__(self, options: Options, answer_seconds: float = 30.0) -> None:
        self._name = f"Triton at {options.address}"
        self._limit, self._deadline = answer_seconds * LIMIT_SHARE, answer_seconds * DEADLINE_SHARE
        self._control, self._client = Control(options), open_client(options)
        self._regions = Regions(self._client) if options.shared_memory else None
        self._permits = threading.Semaphore(options.concurrency)
        self._pool = ThreadPoolExecutor(options.concurrency, thread_name_prefix="triton")
        self._served: dict[VersionRef, _Served] = {}
        self._prompt: dict[VersionRef, float] = {}
        self._doubtful: set[VersionRef] = set()
        self._loading, self._watching = threading.Lock(), threading.Lock()
        self._restoring: threading.Thread | None = None
        self._closing = threading.Event()

    def load(self, version: VersionRef, grid: Size) -> None:
        with self._loading:
            if self._closing.is_set():
                raise Conflict("inference is closed")
            self._control.load(version)
            inputs, outputs = self._control.tensors(version)
            check_signature(version, grid, inputs, outputs)
            if self._regions is not None:
                self._regions.give_back(self._regions.take(grid))  # whether the server can open it shows now
            asked = tuple(tensor.name for tensor in outputs if tensor.name in (LABELS, ENTROPY))
            self._served[version] = _Served(grid, asked)
            self._doubtful.discard(version)

    def unload(self, version: VersionRef) -> None:
        # Other processes may ask it; the server frees it when the repository's owner says so.
        self._served.pop(version, None)

    def keep(self, model: str, numbers: Sequence[int]) -> None:
        for version in [each for each in list(self._served) if each.model == model and each.version not in numbers]:
            self.unload(version)
        if numbers:
            self._control.refresh(model)
        else:
            self._control.unload(model)

    def submit(self, version: VersionRef, picture: NDArray[np.uint8]) -> Future[Answer]:
        try:
            served = self._served.get(version)
            if self._closing.is_set():
                raise Conflict("inference is closed")
            if served is None:
                raise NotFound(f"{version} is not loaded")
            check_picture(version, served.grid, picture)
            self._permits.acquire()
            try:
                future = self._pool.submit(self._answer, version, served, picture)
            except RuntimeError as error:  # the pool was shut down just now
                self._permits.release()
                raise Conflict(f"inference is closed: {error}") from error
            future.add_done_callback(lambda _: self._permits.release())
            return future
        except MadsegError as error:
            failed: Future[Answer] = Future()
            failed.set_exception(error)
            return failed

    def describe(self) -> str:
        memory = ", over shared memory" if self._regions is not None else ""
        try:
            return f"{self._control.server()}{memory}, ready: {', '.join(self._control.ready()) or 'nothing'}"
        except MadsegError as error:
            return f"{self._name}{memory}, which doesn't answer yet: {error}"

    def close(self) -> None:
        self._closing.set()
        self._pool.shutdown()
        self._control.close()  # ends a load that is under way
        if self._restoring is not None:
            self._restoring.join()
        with self._loading:
            if self._regions is not None:
                self._regions.close()
            self._served.clear()
            self._client.close()

    def _answer(self, version: VersionRef, served: _Served, picture: NDArray[np.uint8]) -> Answer:
        began = time.monotonic()
        alive: list[bool] = []
        """Per try that got no answer: whether others, sent during it, were answered promptly."""
        trouble: Unavailable | None = None
        for pause in PAUSES:
            time.sleep(pause)
            sent = time.monotonic()
            try:
                tensors = self._ask(version, served, picture, min(self._deadline, began + self._limit - sent))
            except Late as error:
                alive.append(self._prompt.get(version, 0.0) > sent)
                if len(alive) == TRIES:
                    raise self._judged(version, all(alive)) from error
                trouble = error
            except Gone as error:
                self._restore(version, dead=isinstance(error, Dead))
                raise
            except Unavailable as error:
                trouble = error
            else:
                if version in self._doubtful:
                    self._restore(version, dead=True)
                    raise Unavailable(f"{version}: {self._name} has lost track of its process")
                if time.monotonic() - sent < PROMPT_SHARE * self._deadline:
                    self._prompt[version] = sent
                return answer_of(version, served.grid, tensors)
        assert trouble is not None
        raise trouble

    def _judged(self, version: VersionRef, alive: bool) -> MadsegError:
        if alive:
            return MadsegError(f"{version} didn't answer within {self._deadline:g} s, twice, and others promptly")
        return Unavailable(f"{version}: {self._name} is overloaded or hangs, nothing came in {self._deadline:g} s")

    def _ask(self, version: VersionRef, served: _Served, picture: NDArray[np.uint8], seconds: float) -> Tensors:
        image = InferInput(IMAGE, [1, *picture.shape], "UINT8")
        outputs = {name: InferRequestedOutput(name) for name in served.outputs}
        if self._regions is None:
            image.set_data_from_numpy(picture[None])
            found = self._infer(version, image, outputs, seconds)
            return {name: found.as_numpy(name) for name in served.outputs}
        until = time.monotonic() + seconds
        region = self._regions.take(served.grid, seconds)
        try:
            region.image[:] = picture
            image.set_shared_memory(region.name, region.image.nbytes)
            outputs[LABELS].set_shared_memory(region.name, region.labels.nbytes, region.image.nbytes)
            found = self._infer(version, image, outputs, until - time.monotonic())
            labels = region.labels[None].copy()
        except RegionLost:
            self._regions.discard(region)
            self._regions.forget_free()
            raise
        except Unavailable:
            self._regions.discard(region)
            raise
        except MadsegError:
            self._regions.give_back(region)
            raise
        self._regions.give_back(region)
        return {name: labels if name == LABELS else found.as_numpy(name) for name in served.outputs}

    def _infer(
        self, version: VersionRef, image: InferInput, outputs: Mapping[str, InferRequestedOutput], seconds: float
    ) -> Any:
        with translated(f"{version} on {self._name}"):
            return self._client.infer(
                version.model,
                [image],
                model_version=str(version.version),
                outputs=list(outputs.values()),
                client_timeout=seconds,
            )

    def _restore(self, version: VersionRef, *, dead: bool) -> None:
        """Has a lost version loaded anew, meanwhile, one at a time.

        What Triton takes for dead may be alive, and then each of its answers goes to the next request.
        """
        if dead:
            self._doubtful.add(version)
        with self._watching:
            if self._closing.is_set() or (self._restoring is not None and self._restoring.is_alive()):
                return
            self._restoring = threading.Thread(target=self._load_anew, args=(version, dead), daemon=True)
            self._restoring.start()

    def _load_anew(self, version: VersionRef, dead: bool) -> None:
        try:
            if dead:
                self._control.unload(version.model)  # at once: no other process is to get an answer either
            if self._closing.wait(RESTORE_SECONDS * (1 + random.random())) or version not in self._served:
                return
            self._control.load(version)
        except MadsegError as error:
            log.warning("version_not_loaded_anew", version=str(version), reason=str(error))
        else:
            self._doubtful.discard(version)
            log.warning("version_loaded_anew", version=str(version))
