"""`madseg up`: every service in one process on the embedded parts, each with its real gRPC server.

One directory of state holds everything: the stream, each service's database, the pictures, and `endpoints.json`, which
tells clients where the servers listen. A lock keeps a second process from the same state.
"""

import fcntl
import json
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TypeVar

import structlog

from madseg.adapters.blobs import open_blobs
from madseg.adapters.databases import open_database
from madseg.adapters.inference import open_inference
from madseg.adapters.streams import open_stream
from madseg.core.errors import Conflict
from madseg.gateway import __main__ as gateway
from madseg.gateway.http_server import HttpServer
from madseg.gateway.neighbours import expiry_at, models_at, selector_at
from madseg.ports import Blobs, Database, Inference, Stream
from madseg.predictor import __main__ as predictor
from madseg.predictor import models as managing
from madseg.rpc import Server
from madseg.runtime import Part, configure_logging, run
from madseg.selector import __main__ as selector
from madseg.settings import describe, load, setting

log = structlog.get_logger("madseg.up")

C = TypeVar("C")

SERVICES = (gateway.Config, managing.Config, predictor.Config, selector.Config)
"""The configurations whose settings `madseg up` takes from the environment too."""

_ENDPOINTS = {
    "madseg.v1.IntakeService": "intake",
    "madseg.v1.ModelsService": "models",
    "madseg.v1.SelectorService": "selector",
}


@dataclass(frozen=True)
class Config:
    """Settings of `madseg up` itself; those of the services hold too."""

    state: str = setting("MADSEG_STATE", "state", "Folder of everything that `madseg up` keeps")


class Holding:
    """A part that holds what others use: starts first, and closes when all of them have stopped."""

    def __init__(self, *held: Stream | Blobs | Database | Inference) -> None:
        self._held = held

    def start(self) -> None:
        """Nothing: what it holds is open already."""

    def stop(self) -> None:
        for item in self._held:
            item.close()


class Lock:
    """Keeps a second process from the same state."""

    def __init__(self, state: Path) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self._file = (state / "lock").open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise Conflict(
                f"{state} is in use by process {holder}: stop that one, or give this one a state of its own"
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def close(self) -> None:
        """Lets the next process in."""
        self._file.close()


class Announced:
    """A part that starts last and says in `endpoints.json` where the others listen; `found` says it to the caller."""

    def __init__(self, state: Path, parts: Sequence[Part]) -> None:
        self._path, self._parts = state / "endpoints.json", parts
        self._path.unlink(missing_ok=True)  # left by one that was killed
        self.found: dict[str, str] = {}

    def start(self) -> None:
        for part in self._parts:
            if isinstance(part, Server):
                self.found |= {_ENDPOINTS[name]: part.reachable for name in part.names}
            elif isinstance(part, HttpServer):
                self.found["http"] = part.url
        written = self._path.with_suffix(".tmp")
        written.write_text(json.dumps(self.found, indent=1) + "\n")
        written.replace(self._path)

    def stop(self) -> None:
        self._path.unlink(missing_ok=True)


def build(state: Path, environment: Mapping[str, str], **given: object) -> list[Part]:
    """The parts of all services over one state directory, in the order to start them.

    `given` are settings by field name (`taxonomy`, `grid`, `repository`, ...) that win over the environment; None
    leaves a setting to it.
    """
    known = (Config, *SERVICES)
    shared = {"MADSEG_STREAM": f"sqlite:///{state}/stream.db", "MADSEG_BLOBS": f"file:{state}/blobs"}
    environment = _filled(environment, **shared)
    taking_in = _load(
        gateway.Config, _filled(environment, MADSEG_DATABASE=f"sqlite:///{state}/gateway.db"), known, given
    )
    selecting = _load(
        selector.Config, _filled(environment, MADSEG_DATABASE=f"sqlite:///{state}/selector.db"), known, given
    )
    predicting = _load(predictor.Config, environment, known, given)
    managed = _load(managing.Config, environment, known, given)

    stream, blobs = open_stream(predicting.stream), open_blobs(predicting.blobs)
    images = open_database(taking_in.database, "gateway", taking_in.prefix)
    rankings = open_database(selecting.database, "selector", selecting.prefix)
    where = predicting.inference or f"onnxruntime:{predicting.repository}"
    inference = open_inference(where, predicting.threads, predicting.answer_seconds)
    versions = predictor.versions(predicting, inference)
    first: list[Part] = [
        *managing.build(managed, stream, inference, versions.wait_for),
        *predictor.build(predicting, stream, blobs, inference, versions),
        *selector.build(selecting, stream, rankings),
    ]

    def address(name: str) -> str:
        return next(part.reachable for part in first if isinstance(part, Server) and name in part.names)

    # Which ports these have is known when they are first asked.
    models = cache(lambda: models_at(address("madseg.v1.ModelsService")))
    ranked = cache(lambda: selector_at(address("madseg.v1.SelectorService")))
    expiry = cache(lambda: expiry_at(address("madseg.v1.SelectorService")))
    parts: list[Part] = [
        Holding(stream, blobs, images, rankings, inference),
        *first,
        *gateway.build(
            taking_in,
            stream,
            images,
            blobs,
            is_imported=lambda ref: models()(ref),
            forget_in_selector=lambda image, why: ranked()(image, why),
            expire_in_selector=lambda images, before: expiry()(images, before),
        ),
    ]
    return [*parts, Announced(state, parts)]


def main(*, state: Path | None = None, quiet: bool = False, **given: object) -> None:
    """Runs every service until SIGINT or SIGTERM.

    Raises:
        Conflict: another process has the state, or a port is taken.
        InvalidInput: a setting that is unknown or can't be.
    """
    begun = time.monotonic()
    settings = load(Config, known=SERVICES)
    folder = (state or Path(settings.state)).absolute()
    configure_logging(json=not sys.stderr.isatty(), level=logging.WARNING if quiet else logging.INFO)
    lock = Lock(folder)
    try:
        parts = build(folder, os.environ, **given)
        announced = parts[-1]
        assert isinstance(announced, Announced)

        def ready() -> None:
            log.info("ready", after_s=round(time.monotonic() - begun, 2), state=str(folder), **announced.found)

        run(parts, ready)
    finally:
        lock.close()


def _filled(environment: Mapping[str, str], **defaults: str) -> dict[str, str]:
    """The environment with defaults for what neither a variable nor its _FILE says."""
    absent = {name: value for name, value in defaults.items() if f"{name}_FILE" not in environment}
    return {**absent, **environment}


def _load(config: type[C], environment: Mapping[str, str], known: tuple[type, ...], given: Mapping[str, object]) -> C:
    """A service's configuration; of the given settings it takes those it has."""
    names = {item.name for item in fields(config)}  # type: ignore[arg-type]
    loaded = load(config, environment, known=known, **{name: value for name, value in given.items() if name in names})
    log.info("configured", service=config.__module__.removesuffix(".__main__").rpartition(".")[2], **describe(loaded))
    return loaded


if __name__ == "__main__":
    main()
